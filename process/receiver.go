package process

import (
	"fmt"
	"strings"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/wire"
)

// receive is the receiver: it reads frames until the stream ends or makes no
// sense, and tells the supervisor.
func (w *worker) receive() {
	for {
		if !w.reader.Ready() {
			w.catchUp()
		}
		h, body, err := w.reader.Next()
		if err == nil {
			err = w.handle(h, body)
		}
		if err != nil {
			w.breakOff(err)
			return
		}
	}
}

// breakOff tells the supervisor why the stream is of no use any more. The first
// reason counts.
func (w *worker) breakOff(err error) {
	select {
	case w.broken <- err:
	default:
	}
}

// handle deals with one frame.
func (w *worker) handle(h wire.Header, body []byte) error {
	h, body, err := w.cutMeasure(h, body)
	if err != nil {
		return err
	}
	switch h.Type {
	case wire.TypeResult, wire.TypeRun:
		return w.results(h, body)
	case wire.TypeFailure:
		return w.failure(h, body)
	case wire.TypeReturned:
		return w.returned(h)
	case wire.TypeKeep:
		return w.keep(h)
	case wire.TypeRelease:
		return w.released(h)
	}
	return nil // a newer worker may say more
}

// results delivers the values of a frame, or of lines of a run. The calls are
// taken together, and delivered one by one.
func (w *worker) results(h wire.Header, body []byte) error {
	if h.OOB != 0 {
		return w.resultParts(h, body)
	}
	values, err := wire.ParsePayloads(h, body)
	if err != nil {
		return err
	}
	ex := w.slot.executor
	w.ended, err = w.takeAnswered(w.ended[:0], h.ID, values.Left())
	finished := int64(0)
	var batch *tandem.Batch // of the latest call, with the codec of its results
	var codec wire.Codec
	for i := range w.ended {
		value, _ := values.Next()
		held := &w.ended[i]
		if held.placed != nil {
			w.freeInput(held.placed)
		}
		if b := held.call.Batch(); b != batch {
			batch, codec = b, ex.types.result(b)
		}
		switch {
		case held.overdue:
			w.timedOut(*held)
		case h.Codec != codec:
			w.wrongCodec(*held, h.Codec)
		case w.seen(held).Deliver(held.call, ex.codec, value) == tandem.Again:
			ex.giveBack(held.call.Only())
		default:
			ex.suspects.forget(held.call)
			finished++
		}
	}
	if len(w.ended) > 0 {
		ex.finished(finished)
	}
	clear(w.ended) // the calls are not kept alive
	return err
}

func (w *worker) failure(h wire.Header, body []byte) error {
	f, err := wire.ParseFailure(body)
	if err != nil {
		return err
	}
	held, ok := w.take(h.ID, answered)
	if !ok {
		return fmt.Errorf("failure of call %d, which the worker does not have", h.ID)
	}
	if held.overdue || isDeadline(f) && held.timeout > 0 {
		w.timedOut(held)
	} else {
		w.fail(&held, w.outcome(held.call, f))
	}
	return nil
}

// isDeadline reports whether the worker says that the call's own timeout was over
// when its task returned an error. A task's own error never has both.
func isDeadline(f wire.Failure) bool {
	return f.Kind == wire.KindCanceled && f.Type == "context.deadlineExceededError"
}

// timedOut fails a call that ended after its timeout, but before its worker had
// to be ended for it.
func (w *worker) timedOut(h held) {
	err := tandem.NewCallError(tandem.ErrTimeout, tandem.MayHaveRun, h.call, w.String(), fmt.Errorf("limit %v", h.timeout))
	w.fail(&h, err)
}

// fail ends the attempt of a call that the worker has answered with an error.
func (w *worker) fail(h *held, err error) {
	w.slot.executor.ended(h.call, w.seen(h).Fail(h.call, err))
}

// returned takes back calls that the worker did not start.
func (w *worker) returned(h wire.Header) error {
	s := w.slot
	s.mu.Lock()
	w.recalling = false
	if h.Count == 0 {
		w.drainedTop = w.recallTop
	}
	s.mu.Unlock()
	if h.Count == 0 {
		s.executor.wakeFree() // to ask another worker
		return nil
	}
	var back []held
	defer func() { s.executor.giveBackAll(back) }()
	for id := h.ID; id-h.ID < uint64(h.Count); id++ {
		held, ok := w.take(id, notStarted)
		if !ok {
			return fmt.Errorf("call %d was returned, which the worker does not have", id)
		}
		back = append(back, held)
	}
	return nil
}

// outcome turns a failure into the error of a call.
func (w *worker) outcome(c tandem.Call, f wire.Failure) error {
	engine := func(kind error, fate tandem.Fate) error {
		return tandem.NewCallError(kind, fate, c, w.String(), remoteText(f))
	}
	switch f.Kind {
	case wire.KindUnknownTask:
		return engine(tandem.ErrUnknownTask, tandem.NotStarted)
	case wire.KindBadInput:
		return engine(tandem.ErrBadInput, tandem.NotStarted)
	case wire.KindBadResult:
		return engine(tandem.ErrBadResult, tandem.Finished)
	case wire.KindTooLarge:
		return engine(tandem.ErrTooLarge, tandem.Finished)
	case wire.KindMemory:
		return tandem.NewCallError(tandem.ErrMemoryLimit, tandem.MayHaveRun, c, w.String(), remoteError(f)) // with its traceback
	}
	return remoteError(f)
}

// remoteError is the task's own error, from another process.
func remoteError(f wire.Failure) error {
	switch f.Kind {
	case wire.KindPanic:
		return &tandem.PanicError{Value: f.Message, Stack: []byte(f.Traceback)}
	case wire.KindGoexit:
		return &tandem.PanicError{Goexit: true}
	}
	e := &tandem.RemoteError{
		Type: f.Type, Message: f.Message, Traceback: f.Traceback,
		Canceled: f.Kind == wire.KindCanceled,
	}
	for _, c := range f.Chain {
		e.Chain = append(e.Chain, tandem.Cause{Type: c.Type, Message: c.Message})
	}
	return e
}

// remoteText is the cause of an engine failure that the worker reported.
func remoteText(f wire.Failure) error {
	text := f.Message
	if f.Type != "" && !strings.HasPrefix(text, f.Type) {
		text = f.Type + ": " + text
	}
	return fmt.Errorf("%s", text)
}

// pace is how fast a worker answers.
type pace struct {
	since time.Time // when the last burst ended
	count uint64    // answers until then
}

const (
	// ahead is how much work a worker should have been sent. More lets more
	// calls wait behind a slow one until they are recalled, and starts calls
	// out of order for longer; less lets the worker wait for the parent.
	ahead = 2 * time.Millisecond

	// refillBelow is the part of the credit below which the filler is woken.
	refillBelow = 2
)

// catchUp is called when everything that arrived was handled. It sets how many
// calls the worker may hold by how fast it answers, and wakes the filler when
// it runs low.
func (w *worker) catchUp() {
	s := w.slot
	s.mu.Lock()
	answered := w.answered - w.pace.count
	if answered > 0 {
		now := time.Now()
		each := now.Sub(w.pace.since) / time.Duration(answered)
		w.pace = pace{now, w.answered}
		w.credit = nextCredit(w.credit, w.threads, each)
	}
	low := w.held <= w.credit/refillBelow || w.held < w.threads
	s.mu.Unlock()
	if low {
		signal(s.wake)
	}
}

// nextCredit returns how many calls a worker with the given threads may hold,
// after it had credit and answered one call every each. Long calls are not sent
// in advance, because what is sent cannot be overtaken: a call that waits in one
// worker would start after later ones in another. The credit at most doubles,
// because a burst can mislead.
func nextCredit(credit, threads int, each time.Duration) int {
	most := 2 * credit
	want := mostHeld
	if each > 0 {
		want = int(min(ahead/each, mostHeld))
	}
	return max(threads, min(want, most, mostHeld))
}
