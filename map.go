package tandem

import (
	"context"
	"iter"
)

// Map runs task on each input and yields the outcomes: in the order of the
// inputs, or as they finish with [Unordered]. It may be ranged over several
// times; each time runs the inputs anew.
//
// Inputs are taken while outcomes are yielded, never more than [Window] ahead,
// so a slow loop slows the input down. The input iterator runs on a goroutine of
// its own. Maps compose: the outcomes of one can be the inputs of another.
//
// An outcome's error is that of its call; the others go on. Leaving the loop
// early cancels the calls that were taken and waits until they have ended; so
// does the end of ctx, after which a last error tells that inputs may be
// missing. A task or an input iterator that ignores cancellation delays that.
// An input iterator that panics ends the input; the outcomes before it are
// yielded, then a [*PanicError].
func Map[In, Out any](ctx context.Context, ex Executor, task Task[In, Out], inputs iter.Seq[In], opts ...MapOption) iter.Seq2[Out, error] {
	return func(yield func(Out, error) bool) {
		m := newMapper(ctx, ex, task, newMapOptions(opts))
		err := m.run(inputs, func(c *chunk[In, Out], i int32) bool { return yield(c.outcome(i)) })
		if err != nil {
			var none Out
			yield(none, err)
		}
	}
}

// Result is the outcome of one call of [Results], with what it belongs to.
type Result[In, Out any] struct {
	Index int // of the input, from 0; -1 for an error of the input as a whole
	Input In
	Value Out
	Err   error
}

// Results is [Map] that also yields each outcome's input and index.
func Results[In, Out any](ctx context.Context, ex Executor, task Task[In, Out], inputs iter.Seq[In], opts ...MapOption) iter.Seq[Result[In, Out]] {
	return func(yield func(Result[In, Out]) bool) {
		m := newMapper(ctx, ex, task, newMapOptions(opts))
		err := m.run(inputs, func(c *chunk[In, Out], i int32) bool {
			value, err := c.outcome(i)
			return yield(Result[In, Out]{c.batch.first + int(i), c.inputs[i], value, err})
		})
		if err != nil {
			yield(Result[In, Out]{Index: noCall, Err: err})
		}
	}
}
