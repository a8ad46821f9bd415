package tandem

import (
	"context"
	"fmt"
	"reflect"
	"sync/atomic"
)

// Future is the outcome of a submitted call, now or later.
type Future[Out any] struct {
	latch latch
	batch *Batch
	value Out // guarded by latch: written before it opens
	err   error
}

// Wait blocks until the call has finished or ctx ends, and returns the outcome.
// When ctx ends first, the error is a [*CallError] matching [ErrWaitEnded] and
// the context's cause; the call goes on. A task that waits with the context it
// was given lends its slot meanwhile.
func (f *Future[Out]) Wait(ctx context.Context) (Out, error) {
	if !f.latch.opened() && !f.await(ctx) {
		var none Out
		return none, &CallError{
			Code: codeOf(ErrWaitEnded), Fate: MayHaveRun,
			Task: f.batch.name, Label: f.batch.opts.label, Err: context.Cause(ctx),
		}
	}
	return f.value, f.err
}

// await blocks until the call has finished, and reports whether it has.
func (f *Future[Out]) await(ctx context.Context) bool {
	lender := lenderOf(ctx)
	if lender == nil {
		lender = lenderOf(f.batch.ctx) // waiting without the task's own context
	}
	lender.lend()
	defer lender.reclaim()
	return f.latch.wait(ctx)
}

// Done returns a channel that is closed when the call has finished.
func (f *Future[Out]) Done() <-chan struct{} { return f.latch.channel() }

// Result returns the outcome without waiting; finished tells whether there is one.
func (f *Future[Out]) Result() (value Out, err error, finished bool) { //nolint:revive // the error belongs to the value
	if !f.latch.opened() {
		return value, nil, false
	}
	return f.value, f.err, true
}

// Cancel asks the call to stop and returns at once.
//
// A call that has not started never runs and finishes with an error that
// matches [ErrCanceled] and [context.Canceled]. A running call has its context
// canceled; it may ignore that, and its outcome is whatever it then returns.
// After the call has finished, Cancel does nothing. It may be called any number
// of times, from any goroutine.
func (f *Future[Out]) Cancel() { f.batch.executor.Cancel(f.batch) }

// single is a batch of one: all that a submitted call needs, in one allocation.
type single[In, Out any] struct {
	future  Future[Out]
	batch   Batch
	run     callContext
	fn      func(context.Context, In) (Out, error)
	in      In
	claimed atomic.Bool // see body
}

func newSingle[In, Out any](ctx context.Context, ex Executor, task Task[In, Out], in In, opts []CallOption) *single[In, Out] {
	s := &single[In, Out]{fn: task.fn, in: in}
	b := &s.batch // set in place: a literal would be made aside and copied
	b.name, b.body, b.ctx, b.opts, b.size, b.executor = task.name, s, ctx, newCallOptions(opts), 1, ex
	s.future.batch = b
	s.future.latch.close()
	return s
}

func (s *single[In, Out]) invoke(ctx context.Context, i int32) error {
	out, err := s.fn(ctx, s.in)
	if !s.claim(i) {
		return errGivenUp
	}
	s.future.value = out
	return err
}

// serve has nothing to do: a runner begins the calls of a share, and s has one call.
func (s *single[In, Out]) serve(*runner) error { return nil }

func (s *single[In, Out]) claim(int32) bool { return s.claimed.CompareAndSwap(false, true) }
func (s *single[In, Out]) unclaim(int32)    { s.claimed.Store(false) }
func (s *single[In, Out]) halt(error)       {}

func (s *single[In, Out]) runnable() bool                { return s.fn != nil }
func (s *single[In, Out]) types() (in, out reflect.Type) { return Task[In, Out]{}.Types() }
func (s *single[In, Out]) input(int32) any               { return s.in }

func (s *single[In, Out]) appendInput(dst []byte, codec Codec, _ int32) ([]byte, error) {
	return codec.Append(dst, &s.in)
}

func (s *single[In, Out]) decode(codec Codec, src []byte, _ int32) error {
	return codec.Decode(src, &s.future.value)
}

func (s *single[In, Out]) setValue(v any, _ int32) error {
	return assign(&s.future.value, v)
}

func (s *single[In, Out]) publish(_ int32, err error) {
	if err != nil {
		var none Out
		s.future.value, s.future.err = none, err
	}
	s.future.latch.open()
}

// context returns the context of the next attempt: for the first, the one that
// is part of s; a later one may find that still in use by what the first left.
func (s *single[In, Out]) context(r *runner) *callContext {
	if s.run.parent == nil {
		return s.batch.runContext(&s.run, r)
	}
	return s.batch.runContext(new(callContext), r)
}

func assign[T any](p *T, v any) error {
	value, ok := v.(T)
	if !ok && v != nil {
		return fmt.Errorf("value is %T: want %v", v, reflect.TypeFor[T]())
	}
	*p = value
	return nil
}
