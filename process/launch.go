package process

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/gotandem/tandem/internal/osproc"
	"github.com/gotandem/tandem/internal/shm"
	"github.com/gotandem/tandem/internal/wire"
)

// Descriptors of a worker. docs/wire.md fixes them.
const (
	socketFD = 3
	boxFD    = 4
)

// boxSize is how many bytes of results a worker can have finished and not sent.
// Larger ones go straight to the socket.
const boxSize = 256 << 10

// finalError is a failure to start that another try would only repeat.
type finalError struct{ error }

func (e finalError) Unwrap() error { return e.error }

func isFinal(err error) bool {
	_, final := errors.AsType[finalError](err)
	return final
}

// lateError says that a worker did not say hello in time.
type lateError struct {
	limit time.Duration
	why   string // what follows in the text
}

func (e lateError) Error() string {
	return fmt.Sprintf("not ready after %v, the HandshakeTimeout%s", e.limit, e.why)
}

// launch starts a worker for s and shakes hands. On an error nothing is left
// behind: no process, descriptor, mapping or goroutine.
func (ex *Executor) launch(s *slot) (*worker, error) {
	nonce := newNonce()
	w, err := ex.spawn(s, nonce)
	if err == nil {
		kill := func() { w.process.KillGroup() }
		stopLife, stopStopping := context.AfterFunc(ex.life, kill), context.AfterFunc(ex.stopping, kill)
		w.hello, err = ex.handshake(w.socket, w.reader, w.greeting(nonce), w.readyBy)
		stopLife()
		stopStopping()
		if err == nil {
			w.learn(ex.config)
			return w, nil
		}
		err = w.discard(err)
	}
	if _, late := errors.AsType[lateError](err); late && !ex.wasReady() {
		err = finalError{err} // it does not serve, rather than be slow for once
	}
	return nil, err
}

func newNonce() string {
	var random [16]byte
	rand.Read(random[:])
	return hex.EncodeToString(random[:])
}

// spawn starts or forks the process with its socket, black box and pipes.
func (ex *Executor) spawn(s *slot, nonce string) (w *worker, err error) {
	w = &worker{
		slot:     s,
		threads:  ex.config.Threads,
		gone:     make(chan struct{}),
		broken:   make(chan error, 1),
		look:     make(chan struct{}, 1),
		nextID:   1,
		base:     1,
		credit:   ex.config.Threads,
		numbers:  make(map[taskKey]uint16),
		cautious: s.cautious,
		expireAt: jittered(ex.config.MaxCalls),
		readyBy:  time.Now().Add(ex.config.HandshakeTimeout),
	}
	var opened []func()
	defer func() {
		if err != nil {
			for _, undo := range slices.Backward(opened) { // outputs end before the box that their lines look at
				undo()
			}
		}
	}()
	undo := func(f func()) { opened = append(opened, f) }

	socket, child, err := osproc.Socketpair()
	if err != nil {
		return nil, fmt.Errorf("socketpair: %w", err)
	}
	defer child.Close()
	w.socket = socket
	undo(func() { socket.Close() })
	if w.writer, err = osproc.NewWriter(socket, w.turnBlocked); err != nil {
		return nil, err
	}
	box, err := ex.createBox()
	if err != nil {
		return nil, fmt.Errorf("black box: %w", err)
	}
	w.box = box
	undo(func() { box.Close() }) // w is nil by then
	var stdout, stderr *os.File
	if w.stdout, stdout, err = osproc.NewOutput(w.emit(false)); err != nil {
		return nil, fmt.Errorf("pipe: %w", err)
	}
	defer stdout.Close()
	undo(w.stdout.Close)
	if w.stderr, stderr, err = osproc.NewOutput(w.emit(true)); err != nil {
		return nil, fmt.Errorf("pipe: %w", err)
	}
	defer stderr.Close()
	undo(w.stderr.Close)

	if w.process, err = ex.begin(w, nonce, []*os.File{child, w.box.File(), stdout, stderr}); err != nil {
		return nil, err
	}
	w.pid.Store(int64(w.process.PID()))
	w.box.CloseFile()
	w.reader = wire.NewReader(socket, w.readLimit())
	return w, nil
}

// begin forks the process from the template, or starts it where there is none.
// The files are its socket, black box, standard output and standard error.
func (ex *Executor) begin(w *worker, nonce string, files []*os.File) (*osproc.Process, error) {
	forked, err := ex.nursery.fork(w, nonce, files)
	if forked != nil || err != nil {
		return forked, err
	}
	w.readyBy = time.Now().Add(ex.config.HandshakeTimeout) // a template that was of no use has taken its time
	command, err := ex.command(nonce)
	if err != nil {
		return nil, finalError{err}
	}
	command.Files, command.Stdout, command.Stderr = files[:2], files[2], files[3]
	started, err := ex.spawner.Start(ex.life, command)
	return started, finalIfMissing(err)
}

// finalIfMissing makes the error of a start final when the file is the reason.
func finalIfMissing(err error) error {
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		return finalError{err}
	}
	return err
}

// createBox makes a black box, with arenas for workers that may use them: those
// of this program do not.
func (ex *Executor) createBox() (*shm.Box, error) {
	if ex.config.Runtime == nil {
		return shm.Create(ex.config.Threads, boxSize)
	}
	return shm.CreateWithArenas(ex.config.Threads, boxSize, ex.config.MaxFrame)
}

// readLimit returns the largest frame that is read: one with a value, or one of
// the worker's own, such as hello, where values are to be small.
func (w *worker) readLimit() uint32 {
	return uint32(max(w.slot.executor.config.MaxFrame, 1<<20))
}

// command returns what to start. The environment is this program's, with what
// the configuration adds.
func (ex *Executor) command(nonce string) (osproc.Command, error) {
	gate := wire.Gate{Version: wire.Version, Socket: socketFD, BlackBox: boxFD, Nonce: nonce}
	c := osproc.Command{Dir: ex.config.Dir, Env: os.Environ()}
	if r := ex.config.Runtime; r != nil {
		c.Path, c.Args = r.Path, r.Args
		c.Env = append(c.Env, r.Env...)
	} else {
		self, err := osproc.Self()
		if err != nil {
			return c, err
		}
		c.Path, c.Name = self, os.Args[0]
		if !hasVariable(c.Env, "GOMAXPROCS") {
			c.Env = append(c.Env, fmt.Sprintf("GOMAXPROCS=%d", max(1, runtime.GOMAXPROCS(0)/ex.config.Workers)))
		}
	}
	c.Env = append(c.Env, ex.config.Env...)
	c.Env = lastOfEach(append(c.Env, wire.EnvName+"="+gate.String()))
	return c, nil
}

// lastOfEach returns env with only the last entry of each name: a Go program takes
// the first of several, others the last.
func lastOfEach(env []string) []string {
	last := make(map[string]int, len(env))
	for i, entry := range env {
		name, _, _ := strings.Cut(entry, "=")
		last[name] = i
	}
	kept := make([]string, 0, len(env))
	for i, entry := range env {
		if name, _, _ := strings.Cut(entry, "="); last[name] == i {
			kept = append(kept, entry)
		}
	}
	return kept
}

func hasVariable(env []string, name string) bool {
	for _, entry := range env {
		if strings.HasPrefix(entry, name+"=") {
			return true
		}
	}
	return false
}

// setup returns what every worker is told.
func (ex *Executor) setup() wire.Setup {
	config := ex.config
	return wire.Setup{Threads: config.Threads, Memory: uint64(config.Memory), MaxFrame: uint32(config.MaxFrame), Measure: ex.observed()}
}

// greeting is what the parent says first, and the word that hello must return.
type greeting struct {
	preamble []byte
	setup    wire.Setup
	nonce    string
}

// greeting returns what the worker is told. One that was forked has loaded what is
// to be loaded, and reads frames already.
func (w *worker) greeting(nonce string) greeting {
	g := greeting{setup: w.slot.executor.setup(), nonce: nonce}
	r := w.slot.executor.config.Runtime
	switch {
	case w.template != nil:
		g.setup.Options = r.Template.Worker
	case r != nil:
		g.preamble, g.setup.Preload, g.setup.Options = r.Preamble, r.Preload, r.Options
	}
	return g
}

// handshake greets a worker or template and awaits its hello.
func (ex *Executor) handshake(socket *net.UnixConn, reader *wire.Reader, g greeting, deadline time.Time) (wire.Hello, error) {
	socket.SetDeadline(deadline)
	defer socket.SetDeadline(time.Time{})
	g.setup.ReadyBy = uint64(shm.MonotonicNow()) + uint64(max(0, time.Until(deadline)))
	h, body, err := exchange(socket, reader, g)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return wire.Hello{}, lateError{ex.config.HandshakeTimeout, ex.prelude()}
	case isFinal(err):
		return wire.Hello{}, err
	case err != nil:
		return wire.Hello{}, fmt.Errorf("not ready%s: %w", ex.prelude(), err)
	case h.Type == wire.TypeFatal:
		return wire.Hello{}, finalError{fatal(body)}
	case h.Type != wire.TypeHello:
		return wire.Hello{}, fmt.Errorf("first frame is %v: want hello", h.Type)
	}
	hello, err := wire.ParseHello(body)
	if err == nil && hello.Nonce != g.nonce {
		err = errors.New("hello is not from this worker: the word it returns is another one")
	}
	return hello, err
}

// exchange sends g and returns the first frame that comes. The body is valid until
// the next frame is read.
func exchange(socket *net.UnixConn, reader *wire.Reader, g greeting) (wire.Header, []byte, error) {
	frame, start := wire.BeginFrame(slices.Clip(g.preamble))
	frame, err := g.setup.Append(frame)
	if err != nil {
		return wire.Header{}, nil, finalError{err}
	}
	if _, err := socket.Write(wire.EndFrame(frame, start, wire.Header{Type: wire.TypeSetup})); err != nil && !isEnd(err) {
		return wire.Header{}, nil, fmt.Errorf("setup: %w", err)
	} // one that has ended may have said why
	return reader.Next()
}

// prelude says in an error what workers do before they are ready.
func (ex *Executor) prelude() string {
	if r := ex.config.Runtime; r != nil && r.Prelude != "" {
		return " (before that it " + r.Prelude + ")"
	}
	return ""
}

// learn keeps what hello tells.
func (w *worker) learn(config Config) {
	w.slot.executor.details.Store(&w.hello.Details)
	w.encoder = w.slot.executor.codec
	if config.Runtime != nil {
		w.placer = newPlacer(w.encoder, config.MaxFrame)
		w.encoder = w.placer
		if w.hello.Arenas {
			w.placer.arena = w.box.Inbound()
		}
	}
	if config.Memory > 0 {
		w.memory = w.hello.Memory
		if _, err := osproc.ResidentSize(w.process.PID()); w.memory == "" && err == nil {
			w.memory = "sampling"
		}
	}
	if config.Runtime == nil {
		w.offers = make(map[string]wire.TaskInfo)
		for _, t := range w.hello.Tasks {
			w.offers[t.Name] = t
		}
	}
}

// fatal is the error of a worker that says it cannot serve.
func fatal(body []byte) error {
	f, err := wire.ParseFailure(body)
	if err != nil {
		return err
	}
	return remoteError(f)
}

// discard ends a worker that did not come up and adds its last words to err.
func (w *worker) discard(err error) error {
	w.process.KillGroup()
	exit := w.process.Reap()
	w.stdout.Close()
	w.stderr.Close()
	w.socket.Close()
	tail := w.tail() // looks into the box
	w.box.Close()
	if isFinal(err) {
		return err
	}
	lost := &ExitError{PID: w.process.PID(), Code: exit.Code, Signal: exit.Signal, Reason: w.unknownEnd(exit, ""), Tail: tail}
	if w.slot.executor.config.Runtime == nil {
		err = fmt.Errorf("%w (does its main call worker.Main first?)", err)
	}
	return fmt.Errorf("%w: %w", err, lost)
}

// emit returns what passes on the lines of one stream.
func (w *worker) emit(stderr bool) func([]byte) {
	last := &w.lastOut
	if stderr {
		last = &w.lastErr
	}
	return func(text []byte) {
		id, label := w.current()
		last.note(id, text)
		if stderr {
			w.noteCrash(id, text)
		}
		w.slot.executor.emit(Line{Worker: int(w.pid.Load()), Label: label, Stderr: stderr, Text: text}, w.String())
	}
}

// emit passes a line on. name stands for a label where there is none.
func (ex *Executor) emit(line Line, name string) {
	if ex.config.Output != nil {
		ex.config.Output(line)
		return
	}
	if line.Label != "" {
		name = line.Label
	}
	fmt.Fprintf(os.Stderr, "[%s] %s\n", name, line.Text)
}
