package process

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/osproc"
)

// ExitError says how a worker process ended. It is the cause of the errors of
// the calls that were lost with it.
type ExitError struct {
	PID    int
	Code   int            // exit status; -1 when a signal ended it, -2 when nobody can tell
	Signal syscall.Signal // 0 when none did
	Reason string         // why the engine ended it; empty when it did not
	Tail   string         // the last lines it wrote to standard error, or else output

	// Limit was the worker's memory limit in bytes, 0 for none. Resident is the
	// largest resident size that it can have had; the system counts the
	// memory of this program before the worker's own began.
	Limit, Resident int64
}

func (e *ExitError) Error() string {
	var b strings.Builder
	if e.Reason != "" {
		b.WriteString(e.Reason + ": ")
	}
	b.WriteString(osproc.Exit{Code: e.Code, Signal: e.Signal}.String())
	if e.Limit > 0 && e.Reason == "" && e.Code != 0 {
		fmt.Fprintf(&b, " (memory limit %d bytes, largest resident size %d)", e.Limit, e.Resident)
	}
	if e.Tail != "" {
		b.WriteString("; its last lines: " + e.Tail)
	}
	return b.String()
}

// drainGrace bounds how long the end of a stream is awaited after its process
// has ended, where a grandchild may hold the socket open.
const drainGrace = time.Second

// finish cleans up after the process has ended, in the order in which nothing
// is lost: kill what is left of its group and reap it; stop sending; read what
// it had sent. Then its goroutines have ended.
func (w *worker) finish() *ExitError {
	exit := w.process.Reap()
	w.stdout.Close()
	w.stderr.Close()
	close(w.gone)
	w.socket.SetWriteDeadline(time.Now())
	w.endStream()
	w.goes.Wait()
	w.salvage()
	w.socket.Close()
	return &ExitError{
		PID: w.process.PID(), Code: exit.Code, Signal: exit.Signal, Reason: w.unknownEnd(exit, w.reason()), Tail: w.tail(),
		Limit: w.slot.executor.config.Memory, Resident: exit.MaxRSS,
	}
}

// unknownEnd returns reason, or why nobody knows how a forked worker ended.
func (w *worker) unknownEnd(exit osproc.Exit, reason string) string {
	switch {
	case reason != "" || w.template == nil || exit.Code != osproc.CodeUnknown:
		return reason
	case w.template.ended():
		return errTemplateEnded.Error()
	}
	return "its template does not say how it ended"
}

// endStream makes the receiver see the end of the stream behind what the
// process had sent, also when another process holds the socket.
func (w *worker) endStream() {
	if runtime.GOOS == "linux" {
		w.socket.CloseRead() // what has arrived stays readable
		return
	}
	w.socket.SetReadDeadline(time.Now().Add(drainGrace))
}

// salvage handles the frames that the worker had finished and not sent. It finds
// out whether the box can be trusted: it continues the stream, and what it
// holds makes sense.
//
// A stream that stopped to make sense is continued from where it did, if the
// box still has what came there: then the nonsense did not come from the worker's
// own frames, and none of them is lost.
func (w *worker) salvage() {
	position := w.reader.Received()
	broken := w.protocolError()
	if broken {
		position -= uint64(w.reader.Buffered())
	}
	w.trusted = w.box.Check(position) == nil
	if rest := w.box.Salvage(position); broken {
		w.reader.Restart(bytes.NewReader(rest))
	} else {
		w.reader.Feed(rest)
	}
	for {
		h, body, err := w.reader.Next()
		if err == nil {
			err = w.handle(h, body)
		}
		if err == nil {
			continue
		}
		if !isEnd(err) {
			w.noteBroken(err)
			w.trusted = false
		}
		return
	}
}

// protocolError reports whether the stream stopped to make sense, rather than
// to be.
func (w *worker) protocolError() bool {
	select {
	case err := <-w.broken:
		w.noteBroken(err)
	default:
	}
	w.slot.mu.Lock()
	defer w.slot.mu.Unlock()
	return w.brokenBy != nil && !isEnd(w.brokenBy)
}

func (w *worker) noteBroken(err error) {
	w.slot.mu.Lock()
	defer w.slot.mu.Unlock()
	if w.brokenBy == nil {
		w.brokenBy = err
	}
}

// reason returns why the engine ended the worker, if it did.
func (w *worker) reason() string {
	w.slot.mu.Lock()
	defer w.slot.mu.Unlock()
	switch {
	case w.overLimit > 0:
		return fmt.Sprintf("resident size %d bytes, limit %d (sampled every %v)", w.overLimit, w.slot.executor.config.Memory, memoryEvery)
	case w.stalled > 0:
		return fmt.Sprintf("it ran nothing and did not start a call for %v", w.stalled)
	case w.unwilling:
		return fmt.Sprintf("it did not end within %v of being told to", w.slot.executor.config.KillGrace)
	case w.closedEarly:
		return "it closed its socket"
	case w.brokenBy != nil && !isEnd(w.brokenBy):
		return "it broke the protocol: " + w.brokenBy.Error()
	case w.slot.executor.life.Err() != nil:
		return "executor was closed"
	}
	return ""
}

// settle ends or gives back every call that the worker held when it ended, and
// returns how many it ended. By the black box, those that a thread was running
// may have run; the others had not started. A box that makes no sense proves
// nothing.
func (w *worker) settle(exit *ExitError) (lost int) {
	defer w.box.Close()
	left := w.takeAll()
	w.slot.cautious = false
	if len(left) == 0 {
		return 0
	}
	begun := w.begun(left)
	var back []held
	for _, h := range left {
		if h.overdue && exit.Reason == "" {
			exit.Reason = "another call exceeded its timeout"
		}
		if h.stopped && exit.Reason == "" && begun(h.id) {
			exit.Reason = "another call was stopped"
		}
	}
	for _, h := range left {
		if begun(h.id) {
			w.slot.executor.ended(h.call, w.seenLost(&h, exit).Fail(h.call, w.lost(h, exit)))
			lost++
		} else {
			back = append(back, h)
		}
	}
	if lost == 0 && w.slot.executor.life.Err() == nil {
		w.slot.cautious = true
		lost, back = w.accuse(back, exit)
	}
	w.slot.executor.giveBackAll(back)
	return lost
}

// accuse fails the only call of a worker that ended as it received it, when that
// has happened too often. It returns how many calls it ended, and the others.
func (w *worker) accuse(back []held, exit *ExitError) (int, []held) {
	ex := w.slot.executor
	if len(back) != 1 || !ex.suspects.note(back[0].call) {
		return 0, back
	}
	c := back[0].call
	cause := fmt.Errorf("it was sent to %d workers that ended before they started it: %w", suspectAfter, exit)
	ex.ended(c, c.Fail(tandem.NewCallError(tandem.ErrWorkerLost, tandem.NotStarted, c, w.String(), cause)))
	return 1, nil
}

// begun returns which of the calls that are left may have begun: by a box that
// can be trusted, those that a thread was running.
//
// By one that cannot, because outcomes were lost, more may have begun and ended.
// Calls begin in the order of their ids, though, so when each thread was running
// one, those after the last of these had not.
func (w *worker) begun(left []held) func(id uint64) bool {
	known := make(map[uint64]bool)
	for _, h := range left {
		known[h.id] = true
	}
	running, last := make(map[uint64]bool), uint64(0)
	for t := range w.threads {
		if id, _ := w.box.Running(t); known[id] {
			running[id] = true
			last = max(last, id)
		}
	}
	switch {
	case w.trusted:
		return func(id uint64) bool { return running[id] }
	case len(running) == w.threads:
		return func(id uint64) bool { return id <= last }
	}
	return func(uint64) bool { return true }
}

// takeAll removes every held call, in the order in which they were sent.
func (w *worker) takeAll() (left []held) {
	w.slot.mu.Lock()
	defer w.slot.mu.Unlock()
	w.eachLocked(func(h *held) {
		left = append(left, *h)
		*h = held{}
	})
	w.late = nil
	w.held, w.timed, w.stops = 0, 0, 0
	return left
}

// lost returns the error of a call that was running when its worker ended.
func (w *worker) lost(h held, exit *ExitError) error {
	kind, cause := tandem.ErrWorkerLost, error(exit)
	switch {
	case h.overdue:
		own := *exit
		own.Reason = ""
		kind, cause = tandem.ErrTimeout, fmt.Errorf("limit %v; its worker was ended: %w", h.timeout, &own)
	case w.overLimit > 0 || w.ranOutOfMemory(exit):
		kind = tandem.ErrMemoryLimit
	case w.slot.executor.life.Err() != nil:
		kind = tandem.ErrClosed
		w.slot.executor.cut.Add(1)
	case h.stopped:
		own := *exit
		own.Reason = ""
		cause = stoppedBy(h.call, &own)
	}
	return tandem.NewCallError(kind, tandem.MayHaveRun, h.call, w.String(), cause)
}

// ranOutOfMemory reports whether a worker under a limit died as the Go runtime
// does when it gets no more memory, or another as libraries of C++ and Rust make
// it, or as the Python worker does.
func (w *worker) ranOutOfMemory(exit *ExitError) bool {
	config := w.slot.executor.config
	died := exit.Code == 2
	if config.Runtime != nil {
		died = exit.Signal == syscall.SIGABRT || exit.Code == 1
	}
	return config.Memory > 0 && died && w.exhausted.Load()
}

// outOfMemory are the words of the Go runtime, and of those of C, C++ and Rust,
// when they get no more memory.
var outOfMemory = [][]byte{
	[]byte("out of memory"), []byte("cannot allocate memory"), []byte("pthread_create failed"),
	[]byte("std::bad_alloc"), []byte("memory allocation of "), []byte("tandem worker: no memory is left"),
}

// crashBegins is how the runtimes of Go and Python begin to say that they end the
// process, and how many of the lines that follow are kept. After those of Go
// come stacks, longer than the tail that is kept; after that of Python the
// frames of the thread that crashed, the innermost first.
var crashBegins = []struct {
	words []byte
	lines int
}{
	{[]byte("panic: "), 0}, {[]byte("fatal error: "), 0}, {[]byte("runtime: out of memory"), 0},
	{[]byte("Fatal Python error: "), 8},
}

// noteCrash looks for the words of a crash in a line of standard error. It
// belongs to the goroutine that reads that.
func (w *worker) noteCrash(line []byte) {
	for _, words := range outOfMemory {
		if bytes.Contains(line, words) {
			w.exhausted.Store(true)
		}
	}
	text := line[:min(len(line), mostCrash)]
	for _, begin := range crashBegins {
		if bytes.HasPrefix(line, begin.words) {
			w.crashLines = begin.lines
			w.slot.mu.Lock()
			w.crash = string(text)
			w.slot.mu.Unlock()
			return
		}
	}
	if w.crashLines > 0 {
		w.crashLines--
		w.slot.mu.Lock()
		w.crash += "\n" + string(text)
		w.slot.mu.Unlock()
	}
}

// mostCrash is how much of each line of a crash is kept.
const mostCrash = 1 << 10

// tail returns the worker's last words.
func (w *worker) tail() string {
	tail := w.stderr.Tail()
	if tail == "" {
		tail = w.stdout.Tail()
	}
	w.slot.mu.Lock()
	defer w.slot.mu.Unlock()
	if w.crash != "" && !strings.Contains(tail, w.crash) {
		return w.crash + "\n…\n" + tail
	}
	return tail
}
