//go:build unix && !aix && !solaris

package python

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem/internal/osproc"
	"github.com/gotandem/tandem/internal/shm"
	"github.com/gotandem/tandem/internal/wire"
)

// parent plays the engine's side of one worker, frame by frame.
type parent struct {
	t       testing.TB
	process *osproc.Process
	socket  *net.UnixConn
	reader  *wire.Reader
	box     *shm.Box
	outputs [2]*osproc.Output

	mu    sync.Mutex
	lines []string // guarded by mu

	nextID uint64
	tasks  map[string]uint16
	hello  wire.Hello

	answered int // calls whose answers countAnswers did not want yet
}

// setting says how a worker is started. Only interpreter is needed.
type setting struct {
	interpreter string
	dir         string
	env         []string
	setup       wire.Setup // zero fields get defaults
	boxSize     int
	arena       int64  // bytes of each arena
	raw         []byte // sent instead of the setup frame
	template    bool   // it is to be a template
}

// begin starts a worker and sends setup, but does not read the answer.
func begin(t testing.TB, s setting) *parent {
	t.Helper()
	p := &parent{t: t, nextID: 1, tasks: make(map[string]uint16)}
	p.fillIn(&s)
	p.spawn(s)
	if s.raw != nil {
		p.write(s.raw)
		return p
	}
	frame, start := wire.BeginFrame(nil)
	frame, err := s.setup.Append(frame)
	if err != nil {
		t.Fatal(err)
	}
	p.write(wire.EndFrame(frame, start, wire.Header{Type: wire.TypeSetup}))
	return p
}

func (p *parent) fillIn(s *setting) {
	if s.setup.Threads == 0 {
		s.setup.Threads = 1
	}
	if s.setup.MaxFrame == 0 {
		s.setup.MaxFrame = wire.DefaultMaxBody
	}
	if s.boxSize == 0 {
		s.boxSize = 256 << 10
	}
	s.setup.Options = Config{}.options(1)
	if s.template {
		s.setup.Options["role"] = "template"
	}
}

func (p *parent) spawn(s setting) {
	p.t.Helper()
	must := func(err error) {
		if err != nil {
			p.t.Helper()
			p.t.Fatal(err)
		}
	}
	spawner, err := osproc.NewSpawner(osproc.Nice{})
	must(err)
	p.t.Cleanup(func() {
		if err := spawner.Close(); err != nil {
			p.t.Error(err)
		}
	})
	socket, child, err := osproc.Socketpair()
	must(err)
	defer child.Close()
	p.socket = socket
	p.box, err = shm.CreateWithArenas(s.setup.Threads, s.boxSize, s.arena)
	must(err)
	p.t.Cleanup(func() { p.box.Close() })
	var pipes [2]*os.File
	for i := range pipes {
		p.outputs[i], pipes[i], err = osproc.NewOutput(p.keepLine)
		must(err)
		defer pipes[i].Close()
	}
	if forkWorkers {
		template := beginTemplate(p.t, setting{interpreter: s.interpreter, dir: s.dir, env: s.env, setup: wire.Setup{Memory: s.setup.Memory}})
		template.awaitTemplate()
		p.process = template.fork(child, p.box.File(), pipes[0], pipes[1])
		p.connect(socket)
		return
	}
	_, err = socket.Write([]byte(bootstrap)) // the preamble
	must(err)
	gate := wire.Gate{Version: wire.Version, Socket: 3, BlackBox: 4, Nonce: "9f3c"}
	p.process, err = spawner.Start(p.t.Context(), osproc.Command{
		Path: s.interpreter, Args: interpreterArgs(), Dir: s.dir,
		Env:    append(append(os.Environ(), s.env...), wire.EnvName+"="+gate.String()),
		Stdout: pipes[0], Stderr: pipes[1],
		Files: []*os.File{child, p.box.File()},
	})
	must(err)
	p.connect(socket)
}

// connect is what follows the start of the process.
func (p *parent) connect(socket *net.UnixConn) {
	p.box.CloseFile()
	p.reader = wire.NewReader(socket, 0)
	if err := socket.SetDeadline(time.Now().Add(patience)); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(p.end)
}

func (p *parent) end() {
	p.socket.Close()
	_ = p.process.KillGroup()
	p.process.Reap()
	for _, output := range p.outputs {
		output.Close()
	}
	if p.t.Failed() {
		p.t.Logf("the worker wrote:\n%s", strings.Join(p.output(), "\n"))
	}
}

// start starts a worker that must say hello.
func start(t testing.TB, s setting) *parent {
	t.Helper()
	p := begin(t, s)
	h, body := p.next()
	if h.Type != wire.TypeHello {
		t.Fatalf("first frame is %v %s, want hello", h.Type, body)
	}
	hello, err := wire.ParseHello(body)
	if err != nil {
		t.Fatal(err)
	}
	if hello.Nonce != "9f3c" || hello.PID != p.process.PID() {
		t.Fatalf("hello is %+v, the pid %d", hello, p.process.PID())
	}
	p.hello = hello
	return p
}

func (p *parent) keepLine(line []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.lines = append(p.lines, string(line))
}

// output returns the lines that arrived so far.
func (p *parent) output() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.lines)
}

// allOutput waits for the end of the worker and returns all it wrote.
func (p *parent) allOutput() string {
	p.t.Helper()
	for _, output := range p.outputs {
		output.Wait()
	}
	return strings.Join(p.output(), "\n")
}

func (p *parent) write(frame []byte) {
	p.t.Helper()
	if _, err := p.socket.Write(frame); err != nil {
		p.t.Fatalf("write: %v", err)
	}
}

func (p *parent) next() (wire.Header, []byte) {
	p.t.Helper()
	h, body, err := p.reader.Next()
	if err != nil {
		p.process.KillGroup()
		p.t.Fatalf("read: %v; the worker wrote:\n%s", err, p.allOutput())
	}
	return h, bytes.Clone(body)
}

// task returns the number of a task and defines it if need be.
func (p *parent) task(name string) uint16 {
	p.t.Helper()
	number, ok := p.tasks[name]
	if !ok {
		number = uint16(len(p.tasks) + 1)
		p.tasks[name] = number
		frame, at := wire.BeginFrame(nil)
		frame = wire.TaskInfo{Name: name}.Append(frame)
		p.write(wire.EndFrame(frame, at, wire.Header{Type: wire.TypeDefine, Task: number}))
	}
	return number
}

// send sends one frame of calls and returns the first id.
func (p *parent) send(name string, flags wire.Flags, inputs ...string) uint64 {
	p.t.Helper()
	header := wire.Header{
		Type: wire.TypeCall, Flags: flags, ID: p.nextID, Count: uint32(len(inputs)),
		Task: p.task(name), Attempt: 1, Codec: wire.CodecJSON,
	}
	p.nextID += uint64(len(inputs))
	frame, at := wire.BeginFrame(nil)
	if flags&wire.FlagTimeout != 0 {
		frame = wire.AppendTimeout(frame, time.Hour)
	}
	if flags&wire.FlagArray != 0 {
		frame = append(frame, "["+strings.Join(inputs, ", ")+"]"...)
	} else {
		for _, input := range inputs {
			frame = wire.AppendPayload(frame, []byte(input))
		}
	}
	p.write(wire.EndFrame(frame, at, header))
	return header.ID
}

func (p *parent) control(kind wire.Type, id uint64, count int) {
	p.t.Helper()
	p.write(wire.AppendHeader(nil, wire.Header{Type: kind, ID: id, Count: uint32(count)}))
}

// answer is what one call ended with.
type answer struct {
	id       uint64
	value    string        // with kind ""
	failure  *wire.Failure // with any other kind
	kind     string
	returned bool
}

// answers returns the answers of the next frame.
func (p *parent) answers() []answer {
	p.t.Helper()
	h, body := p.next()
	return parseAnswers(p.t, h, body)
}

func parseAnswers(t testing.TB, h wire.Header, body []byte) []answer {
	t.Helper()
	switch h.Type {
	case wire.TypeResult, wire.TypeRun:
		values, err := wire.ParsePayloads(h, body)
		if err != nil {
			t.Fatal(err)
		}
		var all []answer
		for id := h.ID; values.Left() > 0; id++ {
			value, _ := values.Next()
			all = append(all, answer{id: id, value: string(value)})
		}
		return all
	case wire.TypeFailure:
		f, err := wire.ParseFailure(body)
		if err != nil {
			t.Fatal(err)
		}
		return []answer{{id: h.ID, failure: &f, kind: string(f.Kind)}}
	case wire.TypeReturned:
		all := []answer{}
		for i := range h.Count {
			all = append(all, answer{id: h.ID + uint64(i), returned: true})
		}
		return all
	}
	t.Fatalf("frame is %v %s, want an answer", h.Type, body)
	return nil
}

// collect returns the next n answers, by id, each once.
func (p *parent) collect(n int) map[uint64]answer {
	p.t.Helper()
	all := make(map[uint64]answer)
	for len(all) < n {
		for _, a := range p.answers() {
			if _, twice := all[a.id]; twice {
				p.t.Fatalf("call %d was answered twice", a.id)
			}
			all[a.id] = a
		}
	}
	return all
}

// call runs one call and returns its answer.
func (p *parent) call(name, input string) answer {
	p.t.Helper()
	id := p.send(name, 0, input)
	all := p.answers()
	if len(all) != 1 || all[0].id != id {
		p.t.Fatalf("answers are %+v, want one to call %d", all, id)
	}
	return all[0]
}

func (p *parent) wantValue(name, input, want string) {
	p.t.Helper()
	if a := p.call(name, input); a.kind != "" || a.value != want {
		p.t.Errorf("%s(%s) = %s %+v, want %s", name, input, a.value, a.failure, want)
	}
}

func (p *parent) wantFailure(name, input string, kind wire.Kind, texts ...string) wire.Failure {
	p.t.Helper()
	a := p.call(name, input)
	if a.kind != string(kind) {
		p.t.Errorf("%s(%s) = %q %s %+v, want a failure of kind %s", name, input, a.kind, a.value, a.failure, kind)
		return wire.Failure{}
	}
	for _, text := range texts {
		if !strings.Contains(a.failure.Message, text) {
			p.t.Errorf("%s(%s): message is %q, want one with %q", name, input, a.failure.Message, text)
		}
	}
	return *a.failure
}

// wantExit waits for the end of the worker.
func (p *parent) wantExit(code int) string {
	p.t.Helper()
	select {
	case <-p.process.Exited():
	case <-time.After(patience):
		p.t.Fatal("the worker does not end")
	}
	exit := p.process.Reap()
	output := p.allOutput()
	if exit.Code != code {
		p.t.Errorf("the worker ended with %v, want status %d; it wrote:\n%s", exit, code, output)
	}
	return output
}

// rest reads the stream to its end after the worker has died, with what the
// black box adds, and returns all answers.
func (p *parent) rest() map[uint64]answer {
	p.t.Helper()
	p.process.Reap()
	all := make(map[uint64]answer)
	fed := false
	for {
		h, body, err := p.reader.Next()
		switch {
		case err == nil:
			for _, a := range parseAnswers(p.t, h, body) {
				all[a.id] = a
			}
		case !fed && (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)):
			fed = true
			if err := p.box.Check(p.reader.Received()); err != nil {
				p.t.Fatal(err)
			}
			p.reader.Feed(p.box.Salvage(p.reader.Received()))
		case fed && errors.Is(err, io.EOF):
			return all
		default:
			p.t.Fatalf("the stream ended with %v", err)
		}
	}
}
