package tandem

import (
	"context"
	"errors"
	"fmt"
	"iter"
)

// WaitAll waits for all futures and returns their values in the order given.
// The error joins those of the calls, each with its index, in the same order.
// When ctx ends first, the calls that have not finished count as failed with
// [ErrWaitEnded]; they go on.
func WaitAll[Out any](ctx context.Context, futures ...*Future[Out]) ([]Out, error) {
	values := make([]Out, len(futures))
	var errs []error
	for i, f := range futures {
		value, err := f.Wait(ctx)
		if err != nil {
			errs = append(errs, fmt.Errorf("call %d: %w", i, err))
			continue
		}
		values[i] = value
	}
	return values, errors.Join(errs...)
}

// WaitFirst waits until one of the futures has finished and returns its index.
// The other calls go on. When ctx ends first, or there are no futures, the
// index is -1 and the error is the context's cause, or says so.
func WaitFirst[Out any](ctx context.Context, futures ...*Future[Out]) (int, error) {
	if len(futures) == 0 {
		return -1, errors.New("tandem: WaitFirst without futures")
	}
	for i := range completed(ctx, futures) {
		return i, nil
	}
	return -1, context.Cause(ctx)
}

// WaitFirstError waits until one of the futures has failed and returns its
// index and error, or -1 and nil once all have succeeded. The other calls go
// on. When ctx ends first, the index is -1 and the error is the context's cause.
func WaitFirstError[Out any](ctx context.Context, futures ...*Future[Out]) (int, error) {
	left := len(futures)
	for i := range completed(ctx, futures) {
		if err := futures[i].err; err != nil {
			return i, err
		}
		left--
	}
	if left > 0 {
		return -1, context.Cause(ctx)
	}
	return -1, nil
}

// AsCompleted yields the futures as they finish, each once. It ends early, with
// the calls going on, when ctx does or the loop is left.
func AsCompleted[Out any](ctx context.Context, futures ...*Future[Out]) iter.Seq[*Future[Out]] {
	return func(yield func(*Future[Out]) bool) {
		for i := range completed(ctx, futures) {
			if !yield(futures[i]) {
				return
			}
		}
	}
}

// completed yields the indexes of futures as they finish, until ctx ends.
func completed[Out any](ctx context.Context, futures []*Future[Out]) iter.Seq[int] {
	return func(yield func(int) bool) {
		finished := make(chan int, len(futures)) // room for all: hooks never block
		hooks := make([]hook, len(futures))
		for i, f := range futures {
			hooks[i].run = func() { finished <- i }
			f.latch.then(&hooks[i])
		}
		defer func() {
			for i, f := range futures {
				f.latch.forget(&hooks[i])
			}
		}()
		for range futures {
			i, ok := receive(ctx, finished)
			if !ok || !yield(i) {
				return
			}
		}
	}
}

// receive takes one index, lending the slot of the task that ctx belongs to.
func receive(ctx context.Context, from <-chan int) (int, bool) {
	select {
	case i := <-from:
		return i, true
	default:
	}
	lender := lenderOf(ctx)
	lender.lend()
	defer lender.reclaim()
	select {
	case i := <-from:
		return i, true
	case <-ctx.Done():
		return 0, false
	}
}
