package worker

import (
	"context"
	"fmt"
	"sync"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/fault"
	"github.com/gotandem/tandem/internal/shm"
	"github.com/gotandem/tandem/internal/wire"
)

// thread is a goroutine that runs calls, one after the other.
type thread struct {
	server *server
	number int
	dirty  bool   // something was appended since the last flush
	frame  []byte // reused
	full   bool   // so much was appended that it is worth sending
	began  begun  // the running call, when calls are measured

	mu      sync.Mutex
	current uint64 // id of the running call; 0 between calls
	ctx     context.Context
	stop    context.CancelCauseFunc
}

func newThread(s *server, number int) *thread {
	return &thread{server: s, number: number}
}

// run runs calls until the inbox is closed and empty. A task that calls Goexit
// ends the goroutine; another one goes on in its place.
func (t *thread) run() {
	finished := false
	defer func() {
		if !finished && t.runs() != 0 {
			t.server.ends.Go(t.resume)
		}
	}()
	for {
		c, ok := t.server.inbox.take(t)
		if !ok {
			finished = true
			return
		}
		t.serve(c)
		t.end()
	}
}

// resume reports the Goexit that ended the goroutine before this one.
func (t *thread) resume() {
	t.fail(t.runs(), wire.Failure{Kind: wire.KindGoexit, Message: (&tandem.PanicError{Goexit: true}).Error()})
	t.end()
	t.run()
}

// begin notes that c runs. It is called with the lock of the inbox held. From
// its return on cancel finds the call, so the context to be canceled must be
// there: a call does not begin with one that was canceled for an earlier call.
func (t *thread) begin(c call) {
	var now int64
	if c.timeout > 0 || t.server.measure {
		now = shm.MonotonicNow()
	}
	if t.server.measure {
		t.began = begun{now, t.server.cpuTime()}
	}
	t.server.box.Start(t.number, c.id, now)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.current = c.id
	if t.ctx == nil || t.ctx.Err() != nil {
		t.ctx, t.stop = context.WithCancelCause(context.Background())
	}
}

// end notes that the call has ended. Its outcome is in the outbox.
func (t *thread) end() {
	t.server.box.Clear(t.number)
	t.mu.Lock()
	t.current = 0
	t.mu.Unlock()
	t.dirty = true
	if t.full {
		t.idle()
	}
}

// idle sends what was appended: there is time now.
func (t *thread) idle() {
	t.dirty, t.full = false, false
	t.server.outbox.flush() // an error means that the parent is gone, which the reader notices
}

func (t *thread) runs() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.current
}

// serve runs c and appends its outcome.
func (t *thread) serve(c call) {
	if c.task == nil {
		t.fail(c.id, wire.Failure{Kind: wire.KindUnknownTask, Message: "the worker has no task of this name"})
		return
	}
	ctx, release := t.context(c)
	defer release()
	frame, start := wire.BeginFrame(t.frame[:0])
	frame = t.appendRoom(frame)
	frame, mark := wire.BeginPayload(frame)
	fault.At(fault.Run)
	frame, err := c.task.Serve(ctx, t.server.codec, c.input, frame)
	fault.At(fault.Encode)
	if err != nil {
		f := describe(err)
		if f.Kind != wire.KindPanic && c.timeout > 0 && context.Cause(ctx) == tandem.ErrTimeout {
			f.Kind, f.Type = wire.KindCanceled, deadlineType
		}
		t.fail(c.id, f)
		return
	}
	if size := len(frame) - start - wire.HeaderSize; uint64(size) > uint64(t.server.maxFrame) {
		t.fail(c.id, wire.Failure{Kind: wire.KindTooLarge, Message: fmt.Sprintf("result has %d bytes, the frame limit is %d", size, t.server.maxFrame)})
		return
	}
	frame = wire.EndPayload(frame, mark)
	t.frame = t.endFrame(frame, start, wire.Header{Type: wire.TypeResult, ID: c.id, Count: 1, Codec: c.task.codec})
	t.full = t.server.outbox.append(t.frame)
	if cap(t.frame) > keepFrame {
		t.frame = nil
	}
}

// deadlineType, with kind canceled, tells the parent that the call's own timeout
// was over when its task returned an error.
const deadlineType = "context.deadlineExceededError"

// keepFrame is the largest buffer kept for the next result.
const keepFrame = 1 << 20

func (t *thread) fail(id uint64, f wire.Failure) {
	frame, start := wire.BeginFrame(nil)
	frame = trimmed(f).Append(t.appendRoom(frame))
	t.server.outbox.append(t.endFrame(frame, start, wire.Header{Type: wire.TypeFailure, ID: id, Count: 1}))
}

// context returns the context of a call. Calls without a timeout share one until
// it is canceled: to make one for each would cost more than a short call.
func (t *thread) context(c call) (ctx context.Context, release func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c.timeout == 0 {
		return t.ctx, func() {}
	}
	return context.WithTimeoutCause(t.ctx, c.timeout, tandem.ErrTimeout)
}

// cancel cancels the context of the call with the given id, if it runs here.
func (t *thread) cancel(id uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == id {
		t.stop(context.Canceled)
	}
}
