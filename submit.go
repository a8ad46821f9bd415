package tandem

import "context"

// Submit gives in to task on ex and returns the call's future. It blocks while
// ex is full, until ctx ends. The end of ctx also cancels the call, as
// [Future.Cancel] does. When Submit returns an error, which is a [*CallError],
// the call was not accepted and has not run.
//
// The task owns in from then on where memory is shared; elsewhere in is copied
// before the call is sent, at any time until the call has started.
func Submit[In, Out any](ctx context.Context, ex Executor, task Task[In, Out], in In, opts ...CallOption) (*Future[Out], error) {
	s := newSingle(ctx, ex, task, in, opts)
	if err := ex.Execute(ctx, &s.batch); err != nil {
		return nil, err
	}
	return &s.future, nil
}

// TrySubmit is [Submit] that never blocks: a full executor refuses with [ErrFull].
func TrySubmit[In, Out any](ctx context.Context, ex Executor, task Task[In, Out], in In, opts ...CallOption) (*Future[Out], error) {
	s := newSingle(ctx, ex, task, in, opts)
	s.batch.refuse = true
	if err := ex.Execute(ctx, &s.batch); err != nil {
		return nil, err
	}
	return &s.future, nil
}

// Run submits a call and waits for its outcome. When ctx ends first, the call
// is canceled, and Run returns an error that says whether it may have run.
func Run[In, Out any](ctx context.Context, ex Executor, task Task[In, Out], in In, opts ...CallOption) (Out, error) {
	future, err := Submit(ctx, ex, task, in, opts...)
	if err != nil {
		var none Out
		return none, err
	}
	value, err := future.Wait(ctx)
	if err != nil && ctx.Err() != nil {
		future.Cancel() // finishes a call that still waits, so that its fate is known
		if value, err, finished := future.Result(); finished {
			return value, err
		}
	}
	return value, err
}
