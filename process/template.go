package process

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotandem/tandem/internal/osproc"
	"github.com/gotandem/tandem/internal/wire"
)

// reapWithin bounds how long a template may take to reap a worker that has
// ended. Longer delays what follows the worker when the template is stopped;
// shorter loses exit statuses on a busy machine.
const reapWithin = 2 * time.Second

// template is a living process that workers are forked from. It answers
// requests in any order; each answer says which it is for.
type template struct {
	// immutable after start
	executor *Executor
	process  *osproc.Process
	socket   *net.UnixConn
	reader   *wire.Reader // read by receive
	stdout   *osproc.Output
	stderr   *osproc.Output
	hello    wire.Hello
	pid      atomic.Int64 // 0 before the process was started

	receiver sync.WaitGroup
	gone     chan struct{} // closed by receive: there will be no more answers

	writing sync.Mutex // held during a write to the socket; taken under no other lock

	mu      sync.Mutex
	waiting map[request]chan []byte // guarded by mu; each has room for its answer
	lastID  uint64                  // guarded by mu: of fork
	orphans []int                   // guarded by mu: workers that could not be adopted; they end with their sockets
}

// request names what an answer is for: a fork by its number, a reap by the
// process.
type request struct {
	answer wire.Type
	id     uint64
}

// errTemplateEnded says that a template can be asked nothing any more.
var errTemplateEnded = errors.New("its template had ended")

// startTemplate starts a template and awaits its hello, until the deadline at the
// latest. On an error nothing is left behind.
func (ex *Executor) startTemplate(deadline time.Time) (*template, error) {
	t := &template{executor: ex, gone: make(chan struct{}), waiting: make(map[request]chan []byte)}
	nonce := newNonce()
	if err := t.spawn(nonce); err != nil {
		return nil, err
	}
	kill := func() { t.process.KillGroup() }
	stopLife, stopStopping := context.AfterFunc(ex.life, kill), context.AfterFunc(ex.stopping, kill)
	r := ex.config.Runtime
	g := greeting{r.Preamble, ex.setup(), nonce}
	g.setup.Preload, g.setup.Options = r.Preload, r.Template.Options
	hello, err := ex.handshake(t.socket, t.reader, g, deadline)
	stopLife()
	stopStopping()
	if err != nil {
		return nil, t.discard(err)
	}
	t.hello = hello
	t.receiver.Go(t.receive)
	return t, nil
}

// spawn starts the process. It has no black box: the null device is in its place.
func (t *template) spawn(nonce string) (err error) {
	ex := t.executor
	command, err := ex.command(nonce)
	if err != nil {
		return finalError{err}
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		return err
	}
	defer null.Close()
	socket, child, err := osproc.Socketpair()
	if err != nil {
		return err
	}
	defer child.Close()
	t.socket, t.reader = socket, wire.NewReader(socket, maxAnswer)
	var stdout, stderr *os.File
	if t.stdout, stdout, err = osproc.NewOutput(t.emit(false)); err == nil {
		defer stdout.Close()
		if t.stderr, stderr, err = osproc.NewOutput(t.emit(true)); err == nil {
			defer stderr.Close()
			command.Stdout, command.Stderr = stdout, stderr
			command.Files = []*os.File{child, null}
			t.process, err = ex.spawner.Start(ex.life, command)
		}
	}
	if err != nil {
		t.closeStreams()
		return finalIfMissing(err)
	}
	t.pid.Store(int64(t.process.PID()))
	return nil
}

// maxAnswer is the largest frame that a template may send: hello, or a failure
// with a traceback.
const maxAnswer = 1 << 20

// closeStreams closes what was opened of the socket and the outputs.
func (t *template) closeStreams() {
	for _, output := range []*osproc.Output{t.stdout, t.stderr} {
		if output != nil {
			output.Close()
		}
	}
	t.socket.Close()
}

// emit returns what passes on the lines of one stream.
func (t *template) emit(stderr bool) func([]byte) {
	return func(text []byte) {
		pid := int(t.pid.Load())
		t.executor.emit(Line{Worker: pid, Stderr: stderr, Text: text}, fmt.Sprintf("template pid %d", pid))
	}
}

// discard ends a template that did not come up and adds its last words to err.
func (t *template) discard(err error) error {
	exit := t.end(true)
	if isFinal(err) {
		return err
	}
	tail := t.stderr.Tail()
	if tail == "" {
		tail = t.stdout.Tail()
	}
	return fmt.Errorf("template: %w: %w", err, &ExitError{PID: t.process.PID(), Code: exit.Code, Signal: exit.Signal, Tail: tail})
}

// end ends the process, with a moment to do so by itself unless killed, and
// releases everything. Workers that still live are killed by the system. It may
// be called once.
func (t *template) end(killed bool) osproc.Exit {
	t.socket.CloseWrite()
	if !killed {
		select {
		case <-t.process.Exited():
		case <-time.After(t.executor.config.KillGrace):
		case <-t.executor.life.Done():
		}
	}
	t.process.KillGroup()
	exit := t.process.Reap()
	t.socket.SetReadDeadline(time.Now()) // a process that left the group may hold the other end
	t.receiver.Wait()
	t.closeStreams()
	return exit
}

// receive passes answers on. It ends with the stream. A stream that made no sense
// is the end of the template.
func (t *template) receive() {
	defer close(t.gone)
	for {
		h, body, err := t.reader.Next()
		if err != nil {
			t.process.KillGroup()
			return
		}
		r := request{h.Type, h.ID}
		t.mu.Lock()
		answer := t.waiting[r]
		delete(t.waiting, r)
		t.mu.Unlock()
		if answer != nil {
			answer <- append([]byte(nil), body...)
		}
	}
}

// ask sends a frame and returns the answer. It blocks until that comes, the
// template ends, which is errTemplateEnded, or the deadline passes, which is an
// [os.ErrDeadlineExceeded].
func (t *template) ask(header wire.Header, body []byte, files []*os.File, deadline time.Time, cancel <-chan struct{}) ([]byte, error) {
	r := request{header.Type + 1, header.ID} // each answer has the type after its request
	answer := make(chan []byte, 1)
	t.mu.Lock()
	t.waiting[r] = answer
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		delete(t.waiting, r)
		t.mu.Unlock()
	}()
	frame, start := wire.BeginFrame(nil)
	if err := t.send(wire.EndFrame(append(frame, body...), start, header), files, deadline); err != nil {
		if errors.Is(err, errTemplateEnded) {
			t.process.KillGroup() // so that ended says so from now on
			<-t.process.Exited()
		}
		return nil, err
	}
	timer := time.NewTimer(time.Until(deadline))
	defer timer.Stop()
	select {
	case body := <-answer:
		return body, nil
	case <-t.gone:
		select {
		case body := <-answer: // it came before the end
			return body, nil
		default:
			return nil, errTemplateEnded
		}
	case <-cancel:
		return nil, context.Canceled
	case <-timer.C:
		return nil, os.ErrDeadlineExceeded
	}
}

func (t *template) send(frame []byte, files []*os.File, deadline time.Time) error {
	t.writing.Lock()
	defer t.writing.Unlock()
	t.socket.SetWriteDeadline(deadline)
	var err error
	if len(files) > 0 {
		err = osproc.SendFiles(t.socket, frame, files...)
	} else {
		_, err = t.socket.Write(frame)
	}
	if err != nil && (isEnd(err) && !errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed)) {
		return errTemplateEnded
	}
	return err // the system may refuse to pass descriptors: that costs one start
}

// fork makes a worker that has files as its socket, black box, standard output
// and standard error. A template that does not answer before the deadline is
// ended, with its workers: it could not replace them.
func (t *template) fork(nonce string, files []*os.File, deadline time.Time) (*osproc.Process, error) {
	t.mu.Lock()
	t.lastID++
	header := wire.Header{Type: wire.TypeFork, ID: t.lastID}
	t.mu.Unlock()
	body, err := t.ask(header, wire.Fork{Nonce: nonce}.Append(nil), files, deadline, t.executor.stopping.Done())
	if errors.Is(err, os.ErrDeadlineExceeded) {
		t.process.KillGroup()
		return nil, lateError{t.executor.config.HandshakeTimeout, ": its template does not answer"}
	}
	if err != nil {
		return nil, err
	}
	forked, err := wire.ParseForked(body)
	if err != nil {
		return nil, err
	}
	if forked.Kind != "" {
		return nil, fmt.Errorf("fork: %s", forked.Message)
	}
	t.reapOrphans()
	p, err := osproc.Adopt(t.process, forked.PID, func() osproc.Exit { return t.reap(forked.PID) })
	if err != nil {
		t.mu.Lock()
		t.orphans = append(t.orphans, forked.PID)
		t.mu.Unlock()
		return nil, fmt.Errorf("fork: %w", err)
	}
	return p, nil
}

// reap has a worker reaped that has ended. It is unknown how when the template
// has ended or does not answer in time; then the number is no worker's any more,
// or stays taken until the template has ended.
func (t *template) reap(pid int) osproc.Exit {
	unknown := osproc.Exit{Code: osproc.CodeUnknown}
	body, err := t.ask(wire.Header{Type: wire.TypeReap, ID: uint64(pid)}, nil, nil, time.Now().Add(reapWithin), nil)
	if err != nil {
		return unknown
	}
	r, err := wire.ParseReaped(body)
	if err != nil || r.Kind != "" {
		return unknown
	}
	return osproc.ExitOf(r.Status, time.Duration(r.User), time.Duration(r.System), r.MaxRSS)
}

// reapOrphans has workers reaped that could not be adopted. Those that have not
// ended yet are tried again by the next fork.
func (t *template) reapOrphans() {
	t.mu.Lock()
	orphans := t.orphans
	t.orphans = nil
	t.mu.Unlock()
	for _, pid := range orphans {
		if exit := t.reap(pid); exit.Code == osproc.CodeUnknown && !t.ended() {
			t.mu.Lock()
			t.orphans = append(t.orphans, pid)
			t.mu.Unlock()
		}
	}
}

// ended reports whether the template can be asked nothing any more.
func (t *template) ended() bool {
	select {
	case <-t.gone:
		return true
	case <-t.process.Exited():
		return true
	default:
		return false
	}
}
