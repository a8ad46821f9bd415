package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/gotandem/tandem"
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

// begin notes that c runs. It is called with the lock of the inbox held.
func (t *thread) begin(c call) {
	var now int64
	if c.timeout > 0 {
		now = shm.MonotonicNow()
	}
	t.server.box.Start(t.number, c.id, now)
	t.mu.Lock()
	t.current = c.id
	t.mu.Unlock()
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
	frame, mark := wire.BeginPayload(frame)
	frame, err := c.task.Serve(ctx, t.server.codec, c.input, frame)
	if err != nil {
		t.fail(c.id, describe(err))
		return
	}
	if size := len(frame) - start - wire.HeaderSize; uint64(size) > uint64(t.server.maxFrame) {
		t.fail(c.id, wire.Failure{Kind: wire.KindTooLarge, Message: fmt.Sprintf("result has %d bytes, the frame limit is %d", size, t.server.maxFrame)})
		return
	}
	frame = wire.EndPayload(frame, mark)
	t.frame = wire.EndFrame(frame, start, wire.Header{Type: wire.TypeResult, ID: c.id, Count: 1, Codec: c.task.codec})
	t.full = t.server.outbox.append(t.frame)
	if cap(t.frame) > keepFrame {
		t.frame = nil
	}
}

// keepFrame is the largest buffer kept for the next result.
const keepFrame = 1 << 20

func (t *thread) fail(id uint64, f wire.Failure) {
	frame, start := wire.BeginFrame(nil)
	frame = f.Append(frame)
	t.server.outbox.append(wire.EndFrame(frame, start, wire.Header{Type: wire.TypeFailure, ID: id, Count: 1}))
}

// context returns the context of a call. Calls without a timeout share one until
// it is canceled: to make one for each would cost more than a short call.
func (t *thread) context(c call) (ctx context.Context, release func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ctx == nil || t.ctx.Err() != nil {
		t.ctx, t.stop = context.WithCancelCause(context.Background())
	}
	if c.timeout == 0 {
		return t.ctx, func() {}
	}
	return context.WithTimeoutCause(t.ctx, c.timeout, tandem.ErrTimeout)
}

// cancel cancels the context of the call with the given id, if it runs here.
func (t *thread) cancel(id uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == id && t.stop != nil {
		t.stop(context.Canceled)
	}
}

// describe turns an outcome's error into what crosses the border.
func describe(err error) wire.Failure {
	f := wire.Failure{Kind: wire.KindError, Type: fmt.Sprintf("%T", err), Message: text(err), Chain: chain(err)}
	var p *tandem.PanicError
	var engine *tandem.CallError
	switch {
	case errors.As(err, &p) && err == error(p):
		f = wire.Failure{Kind: wire.KindPanic, Message: strings.TrimPrefix(p.Error(), "task panicked: "), Type: fmt.Sprintf("%T", p.Value), Traceback: string(p.Stack)}
	case errors.As(err, &engine) && err == error(engine) && kindOf(engine) != wire.KindError:
		f = wire.Failure{Kind: kindOf(engine), Message: text(engine.Err)}
	case errors.Is(err, context.Canceled):
		f.Kind = wire.KindCanceled
	}
	return f
}

func kindOf(e *tandem.CallError) wire.Kind {
	switch {
	case errors.Is(e, tandem.ErrBadInput):
		return wire.KindBadInput
	case errors.Is(e, tandem.ErrBadResult):
		return wire.KindBadResult
	case errors.Is(e, tandem.ErrUnknownTask):
		return wire.KindUnknownTask
	}
	return wire.KindError
}

// chain lists what err wraps, outermost first. Joined errors are walked in order.
func chain(err error) (causes []wire.Cause) {
	const most = 32 // a chain that refers to itself must end
	next := []error{err}
	for len(next) > 0 && len(causes) < most {
		e := next[0]
		next = next[1:]
		var below []error
		switch e := e.(type) {
		case interface{ Unwrap() error }:
			below = []error{e.Unwrap()}
		case interface{ Unwrap() []error }:
			below = e.Unwrap()
		}
		for _, b := range below {
			if b != nil {
				causes = append(causes, wire.Cause{Type: fmt.Sprintf("%T", b), Message: text(b)})
				next = append(next, b)
			}
		}
	}
	return causes
}

// text returns an error's text; the error's own method may panic.
func text(err error) (s string) {
	defer func() {
		if recover() != nil {
			s = fmt.Sprintf("%T whose text cannot be made", err)
		}
	}()
	if err == nil {
		return ""
	}
	return err.Error()
}
