package process

import (
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
	Code   int            // exit status; -1 when a signal ended it
	Signal syscall.Signal // 0 when none did
	Reason string         // why the engine ended it; empty when it did not
	Tail   string         // the last lines it wrote to standard error, or else output
}

func (e *ExitError) Error() string {
	var b strings.Builder
	if e.Reason != "" {
		b.WriteString(e.Reason + ": ")
	}
	b.WriteString(osproc.Exit{Code: e.Code, Signal: e.Signal}.String())
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
	return &ExitError{PID: w.process.PID(), Code: exit.Code, Signal: exit.Signal, Reason: w.reason(), Tail: w.tail()}
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

// salvage handles the frames that the worker had finished and not sent.
func (w *worker) salvage() {
	w.reader.Feed(w.box.Salvage(w.reader.Received()))
	for {
		h, body, err := w.reader.Next()
		if err == nil {
			err = w.handle(h, body)
		}
		if err != nil {
			if !isEnd(err) {
				w.noteBroken(err)
			}
			return
		}
	}
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
	case w.brokenBy != nil && isEnd(w.brokenBy):
		return "it closed its socket"
	case w.brokenBy != nil:
		return "it broke the protocol: " + w.brokenBy.Error()
	case w.slot.executor.life.Err() != nil:
		return "executor was closed"
	}
	return ""
}

// settle ends or gives back every call that the worker held when it ended. By
// the black box, those that a thread was running may have run; the others had
// not started. A box that makes no sense proves nothing.
func (w *worker) settle(exit *ExitError) {
	defer w.box.Close()
	left := w.takeAll()
	if len(left) == 0 {
		return
	}
	running := w.running()
	trusted := w.box.Check(w.reader.Received()) == nil
	timeout := false
	for _, h := range left {
		timeout = timeout || h.overdue
	}
	if timeout && exit.Reason == "" {
		exit.Reason = "ended because a call exceeded its timeout"
	}
	var back []tandem.Calls
	for _, h := range left {
		if trusted && !running[h.id] {
			if n := len(back); n > 0 {
				if longer, ok := back[n-1].Extend(h.call); ok {
					back[n-1] = longer
					continue
				}
			}
			back = append(back, h.call.Only())
			continue
		}
		w.slot.executor.ended(h.call, h.call.Fail(w.lost(h, exit)))
	}
	for i := len(back) - 1; i >= 0; i-- { // each goes to the front
		w.slot.executor.giveBack(back[i])
	}
}

// running returns the ids of the calls that were running.
func (w *worker) running() map[uint64]bool {
	ids := make(map[uint64]bool)
	for t := range w.threads {
		if id, _ := w.box.Running(t); id != 0 {
			ids[id] = true
		}
	}
	return ids
}

// takeAll removes every held call, in the order in which they were sent.
func (w *worker) takeAll() (left []held) {
	w.slot.mu.Lock()
	defer w.slot.mu.Unlock()
	for id := w.base; id <= w.top; id++ {
		if h := &w.ring[id%mostHeld]; h.id == id {
			left = append(left, *h)
			*h = held{}
		}
	}
	w.held, w.timed = 0, 0
	return left
}

// lost returns the error of a call that was running when its worker ended.
func (w *worker) lost(h held, exit *ExitError) error {
	kind, cause := tandem.ErrWorkerLost, error(exit)
	switch {
	case h.overdue:
		kind, cause = tandem.ErrTimeout, fmt.Errorf("limit %v; its worker was ended: %w", h.timeout, exit)
	case w.overLimit > 0 || w.ranOutOfMemory(exit):
		kind = tandem.ErrMemoryLimit
	case w.slot.executor.life.Err() != nil:
		kind = tandem.ErrClosed
	}
	return tandem.NewCallError(kind, tandem.MayHaveRun, h.call, w.String(), cause)
}

// ranOutOfMemory reports whether a worker under a limit died as the Go runtime
// does when it gets no more memory: with status 2 and one of these words.
func (w *worker) ranOutOfMemory(exit *ExitError) bool {
	if w.slot.executor.config.Memory == 0 || exit.Code != 2 {
		return false
	}
	for _, words := range []string{"out of memory", "cannot allocate memory", "pthread_create failed"} {
		if strings.Contains(exit.Tail, words) {
			return true
		}
	}
	return false
}
