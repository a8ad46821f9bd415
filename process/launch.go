package process

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"runtime"
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
type lateError struct{ limit time.Duration }

func (e lateError) Error() string { return fmt.Sprintf("not ready after %v", e.limit) }

// launch starts a worker for s and shakes hands. On an error nothing is left
// behind: no process, descriptor, mapping or goroutine.
func (ex *Executor) launch(s *slot) (*worker, error) {
	nonce := newNonce()
	w, err := ex.spawn(s, nonce)
	if err != nil {
		return nil, err
	}
	kill := func() { w.process.KillGroup() }
	stopLife, stopStopping := context.AfterFunc(ex.life, kill), context.AfterFunc(ex.stopping, kill)
	err = w.handshake(nonce)
	stopLife()
	stopStopping()
	if err != nil {
		_, late := errors.AsType[lateError](err)
		err = w.discard(err)
		if late && !ex.wasReady() {
			err = finalError{err} // it does not serve, rather than be slow for once
		}
		return nil, err
	}
	return w, nil
}

func newNonce() string {
	var random [16]byte
	rand.Read(random[:])
	return hex.EncodeToString(random[:])
}

// spawn starts the process with its socket, black box and pipes.
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
	}
	command, err := ex.command(nonce)
	if err != nil {
		return nil, finalError{err}
	}
	var opened []func()
	defer func() {
		if err != nil {
			for _, undo := range opened {
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
	box, err := shm.Create(w.threads, boxSize)
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

	command.Stdout, command.Stderr = stdout, stderr
	command.Files = []*os.File{child, w.box.File()}
	if w.process, err = ex.spawner.Start(ex.life, command); err != nil {
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
			err = finalError{err}
		}
		return nil, err
	}
	w.pid.Store(int64(w.process.PID()))
	w.box.CloseFile()
	w.reader = wire.NewReader(socket, w.readLimit())
	return w, nil
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

// handshake sends setup and awaits hello.
func (w *worker) handshake(nonce string) error {
	config := w.slot.executor.config
	w.socket.SetDeadline(time.Now().Add(config.HandshakeTimeout))
	defer w.socket.SetDeadline(time.Time{})
	if err := w.sendSetup(config); err != nil {
		return fmt.Errorf("setup: %w", err)
	}
	h, body, err := w.reader.Next()
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return lateError{config.HandshakeTimeout}
	case err != nil:
		return fmt.Errorf("not ready: %w", err)
	case h.Type == wire.TypeFatal:
		return finalError{fatal(body)}
	case h.Type != wire.TypeHello:
		return fmt.Errorf("first frame is %v: want hello", h.Type)
	}
	if w.hello, err = wire.ParseHello(body); err != nil {
		return err
	}
	if w.hello.Nonce != nonce {
		return errors.New("hello is not from this worker: the word it returns is another one")
	}
	w.learn(config)
	return nil
}

func (w *worker) sendSetup(config Config) error {
	setup := wire.Setup{Threads: config.Threads, Memory: uint64(config.Memory), MaxFrame: uint32(config.MaxFrame)}
	if r := config.Runtime; r != nil {
		setup.Preload, setup.Options = r.Preload, r.Options
	}
	frame, start := wire.BeginFrame(nil)
	frame, err := setup.Append(frame)
	if err != nil {
		return finalError{err}
	}
	_, err = w.socket.Write(wire.EndFrame(frame, start, wire.Header{Type: wire.TypeSetup}))
	return err
}

// learn keeps what hello tells.
func (w *worker) learn(config Config) {
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
	w.box.Close()
	if isFinal(err) {
		return err
	}
	lost := &ExitError{PID: w.process.PID(), Code: exit.Code, Signal: exit.Signal, Tail: w.tail()}
	if w.slot.executor.config.Runtime == nil {
		err = fmt.Errorf("%w (does its main call worker.Main first?)", err)
	}
	return fmt.Errorf("%w: %w", err, lost)
}

// emit returns what passes on the lines of one stream.
func (w *worker) emit(stderr bool) func([]byte) {
	output := w.slot.executor.config.Output
	return func(text []byte) {
		if stderr {
			w.noteCrash(text)
		}
		if output != nil {
			output(Line{Worker: int(w.pid.Load()), Label: w.label(), Stderr: stderr, Text: text})
			return
		}
		name := w.label()
		if name == "" {
			name = w.String()
		}
		fmt.Fprintf(os.Stderr, "[%s] %s\n", name, text)
	}
}
