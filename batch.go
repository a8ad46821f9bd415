package tandem

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"
)

// Batch is one or more calls of one task that an executor accepts together.
// Below it nothing is generic.
//
// Its calls move through three stations, and whoever holds a call must finish
// it or pass it on:
//
//	submitter --Execute--> queue --Claim--> slot --Succeed, Deliver, Fail--> finished
//	                         ^                |
//	                         +----- Return ---+   (not started after all, or another attempt)
//
// B1: a call is claimed by one owner at a time; the queue's cursor decides.
// B2: a call is finished exactly once, by its owner.
// B3: a call that was never claimed has not started.
type Batch struct {
	// Immutable after the batch was made.
	name     string // of the task; empty for a closure
	body     body
	ctx      context.Context // of the Submit or Map that made the batch
	opts     *callOptions
	executor Executor
	first    int  // index of call 0 in its Map
	refuse   bool // a full executor refuses instead of making the submitter wait
	mapped   bool // part of a Map: labels carry the index
	size     int32

	span     span        // owned by the queue
	counters *counters   // of the queue that accepted the batch
	stop     atomic.Bool // canceled is set
	marked   atomic.Bool // marks is not empty

	mu       sync.Mutex
	finished bool               // the call of a batch of one
	run      *callContext       // of the running call of a batch of one
	canceled error              // why the batch is to stop
	attempts map[int32]attempts // for calls tried more than once
	unwatch  func() bool        // stops watching ctx

	marks map[int32]struct{}     // calls that are to stop by themselves
	runs  map[int32]*callContext // of steered calls that run in this process
}

// attempts are the finished attempts of a call that is to be tried again.
type attempts struct {
	n     int
	begun bool // one of them may have begun
}

// body is the typed part of a batch. i counts its calls.
type body interface {
	types() (in, out reflect.Type)
	input(i int32) any
	appendInput(dst []byte, codec Codec, i int32) ([]byte, error)
	decode(codec Codec, src []byte, i int32) error // keeps the value
	setValue(v any, i int32) error                 // keeps the value
	publish(i int32, err error)                    // makes the outcome visible; once

	// For goroutines only. There a call that overstays is given up while its
	// task runs on, so the value is kept by whoever claims the outcome first.
	runnable() bool // the function exists in this process
	context(r *runner) *callContext
	serve(r *runner) error                     // runs the calls that r begins, until one fails; publishes the others
	invoke(ctx context.Context, i int32) error // runs the function, claims, keeps the value; errGivenUp. Panics pass
	claim(i int32) bool
	unclaim(i int32)  // for another attempt
	halt(cause error) // ends the Map that the batch is part of
}

// Task returns the name of the batch's task, empty for a closure.
func (b *Batch) Task() string { return b.name }

// Types returns the task's input and output types.
func (b *Batch) Types() (in, out reflect.Type) { return b.body.types() }

// Len returns the number of calls.
func (b *Batch) Len() int { return int(b.size) }

// Waits reports whether a full executor makes the submitter wait.
func (b *Batch) Waits() bool { return !b.refuse }

// Timeout returns how long an attempt that starts now may run, or 0 for no limit.
// With [TimeoutBy] it asks, so an executor calls it once for each attempt, or for
// several that it starts together.
func (b *Batch) Timeout() time.Duration {
	if by := b.opts.timeoutBy; by != nil {
		return max(0, by())
	}
	return b.opts.timeout
}

// Portable returns nil if the calls can leave this process, and otherwise
// [ErrNotPortable] as a [*CallError].
func (b *Batch) Portable() error {
	if b.name == "" {
		return b.refusal(ErrNotPortable, nil)
	}
	return nil
}

// Watch makes the end of the submitter's context cancel the batch. Executors
// that do not look at that context themselves call it when they accept a batch.
func (b *Batch) Watch() {
	if b.ctx.Done() == nil || b.mapped {
		return // a Map cancels its own batches
	}
	stop := context.AfterFunc(b.ctx, func() { b.executor.Cancel(b) })
	b.mu.Lock()
	finished := b.finished
	if !finished {
		b.unwatch = stop
	}
	b.mu.Unlock()
	if finished {
		stop()
	}
}

// MarkCanceled notes that the batch is to stop and cancels the context of a
// call that runs in this process. Executors call it first in Cancel.
func (b *Batch) MarkCanceled() {
	cause := context.Canceled
	if b.ctx.Err() != nil {
		cause = context.Cause(b.ctx)
	}
	b.cancelWith(cause)
}

func (b *Batch) cancelWith(cause error) {
	b.mu.Lock()
	if b.canceled == nil {
		b.canceled = cause
		b.stop.Store(true)
	}
	run := b.run
	b.mu.Unlock()
	if run != nil {
		run.end(cause)
	}
}

// Canceled returns why the batch is to stop, or nil.
func (b *Batch) Canceled() error {
	if b.ctx.Err() != nil {
		return context.Cause(b.ctx)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.canceled
}

// stopped is Canceled for the hot path. The context of a Map ends before those of
// its running calls, so that none is started in the place of one that ends.
func (b *Batch) stopped() bool {
	return b.stop.Load() || b.ctx.Err() != nil
}

// runContext makes run the context of the running call of a batch of one.
func (b *Batch) runContext(run *callContext, r *runner) *callContext {
	run.parent, run.runner = b.ctx, r
	b.mu.Lock()
	b.run = run
	canceled := b.canceled
	b.mu.Unlock()
	if canceled != nil {
		run.end(canceled)
	}
	return run
}

// All returns the calls of the batch.
func (b *Batch) All() Calls { return Calls{b, 0, b.size} }

func (b *Batch) refusal(kind error, cause error) *CallError {
	e := newCallError(kind, NotStarted, cause)
	e.Task, e.Label = b.name, b.opts.label
	return e
}

// again counts a failed attempt of call i and reports whether to make another.
// own tells that err is the task's own, although it may be a [CallError] that
// the task got from a call of its own.
func (b *Batch) again(i int32, err error, own bool) bool {
	if !b.repeats(i, err, own) {
		return false
	}
	e, engine := err.(*CallError)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.attempts == nil {
		b.attempts = make(map[int32]attempts)
	}
	tried := b.attempts[i]
	tried.n++
	tried.begun = tried.begun || own || !engine || e.Fate != NotStarted
	b.attempts[i] = tried
	return true
}

// repeats reports whether call i gets another attempt after one that fails with
// err.
func (b *Batch) repeats(i int32, err error, own bool) bool {
	if b.opts.retries == 0 || (Call{b, i}).stopped() || !own && !b.repeatable(err) {
		return false
	}
	b.mu.Lock()
	left := b.attempts[i].n < b.opts.retries
	b.mu.Unlock()
	return left && (b.opts.retryIf == nil || b.opts.retryIf(Call{b, i}, err))
}

// repeatable reports whether an attempt that the engine let fail with err may be
// repeated. What is no [CallError] is the task's own.
func (b *Batch) repeatable(err error) bool {
	e, engine := err.(*CallError)
	switch {
	case !engine:
		return true
	case e.Code == codeOf(ErrClosed) || e.Code == codeOf(ErrCanceled) || e.Code == codeOf(ErrUnknownTask) ||
		e.Code == codeOf(ErrBadInput) || e.Code == codeOf(ErrNotPortable):
		return false // would fail again
	case e.Fate == NotStarted:
		return true
	}
	return b.opts.idempotent
}

// Call is one request to run a task with one input. It is a small value that
// stands for its place in a [Batch].
type Call struct {
	batch *Batch
	index int32
}

// Batch returns the batch that the call belongs to.
func (c Call) Batch() *Batch { return c.batch }

// Task returns the name of the call's task.
func (c Call) Task() string { return c.batch.name }

// Label returns what names the call in messages: the label it was given, or the
// task's name; calls of a Map add their index.
func (c Call) Label() string {
	b := c.batch
	name := b.opts.label
	if name == "" {
		name = b.name
	}
	if name == "" {
		name = "call"
	}
	if b.mapped {
		return fmt.Sprintf("%s[%d]", name, b.first+int(c.index))
	}
	return name
}

// Index returns the index of the call's input in its [Map], counted from 0, or -1
// for a call of [Submit].
func (c Call) Index() int {
	if !c.batch.mapped {
		return noCall
	}
	return c.batch.first + int(c.index)
}

// Attempt returns which attempt of the call is being made, counted from 1.
func (c Call) Attempt() int {
	c.batch.mu.Lock()
	defer c.batch.mu.Unlock()
	return c.batch.attempts[c.index].n + 1
}

// Input returns the call's input. It is for executors that share memory with
// the caller.
func (c Call) Input() any { return c.batch.body.input(c.index) }

// AppendInput appends the encoded input to dst.
func (c Call) AppendInput(dst []byte, codec Codec) ([]byte, error) {
	return c.batch.body.appendInput(dst, codec, c.index)
}

// Deliver ends the call's attempt with an encoded value. A value that does not
// fit the task's type fails the call with [ErrBadResult].
func (c Call) Deliver(codec Codec, value []byte) Ending { return c.deliver(codec, value, nil) }

func (c Call) deliver(codec Codec, value []byte, seen *Observation) Ending {
	if err := c.batch.body.decode(codec, value, c.index); err != nil {
		return c.settle(NewCallError(ErrBadResult, Finished, c, "", err), false, seen)
	}
	return c.settle(nil, false, seen)
}

// Succeed ends the call's attempt with a value, which must be of the task's
// output type; another one fails the call with [ErrBadResult].
func (c Call) Succeed(value any) Ending { return c.succeed(value, nil) }

func (c Call) succeed(value any, seen *Observation) Ending {
	if err := c.batch.body.setValue(value, c.index); err != nil {
		return c.settle(NewCallError(ErrBadResult, Finished, c, "", err), false, seen)
	}
	return c.settle(nil, false, seen)
}

// Fail ends the call's attempt with an error. When the result is [Again], the
// call is not finished: the caller still owns it and must run it once more or
// return it to its queue. When err says [NotStarted] and an earlier attempt of
// the call may have begun, the outcome says [MayHaveRun].
func (c Call) Fail(err error) Ending {
	return c.settle(err, false, nil)
}

// FailCanceled finishes a call that did not start because it or its batch is to
// stop: with [ErrCanceled], or [ErrClosed] if that is why. When an earlier attempt
// may have begun, the fate is [MayHaveRun].
func (c Call) FailCanceled() {
	kind, cause := ErrCanceled, c.Canceled()
	if cause == ErrClosed {
		kind, cause = ErrClosed, nil
	}
	c.publish(c.fated(NewCallError(kind, NotStarted, c, "", cause)))
}

// fated returns err with a fate that holds for all attempts of the call.
func (c Call) fated(err error) error {
	e, engine := err.(*CallError)
	if !engine || e.Fate != NotStarted {
		return err
	}
	c.batch.mu.Lock()
	begun := c.batch.attempts[c.index].begun
	c.batch.mu.Unlock()
	if begun {
		changed := *e
		changed.Fate = MayHaveRun
		return &changed
	}
	return err
}

// errGivenUp says that somebody else has claimed the outcome of the call.
var errGivenUp = errors.New("tandem: outcome was given up")

// Ending says what became of a call when an attempt ended.
type Ending uint8

const (
	Succeeded Ending = iota // finished, with a value
	Failed                  // finished, with an error
	Again                   // not finished: another attempt is due
)

// settle ends an attempt, which seen, if it is not nil, shows before anyone can see
// the outcome. own tells that err is the task's own, whatever its type.
func (c Call) settle(err error, own bool, seen *Observation) Ending {
	number := seen.number(c) // before again counts it
	again := err != nil && c.batch.again(c.index, err, own)
	if seen != nil {
		seen.show(c, number, err, again)
	}
	if again {
		c.batch.counters.retried.Add(1)
		return Again
	}
	if err == nil {
		c.publish(nil)
		return Succeeded
	}
	if !own {
		err = c.fated(err)
	}
	c.publish(err)
	return Failed
}

// publish finishes the call. Counting comes first, so that whoever sees the
// outcome finds it counted. A Map counts its own calls, many at a time.
func (c Call) publish(err error) {
	if !c.batch.mapped {
		c.batch.counters.count(err)
		c.batch.finish()
	}
	c.batch.body.publish(c.index, err)
}

// finish notes that a batch of one has finished and stops watching its context.
func (b *Batch) finish() {
	b.mu.Lock()
	stop := b.unwatch
	b.unwatch = nil
	b.finished = true
	b.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// Calls is a run of consecutive calls of one batch. The zero value is empty.
type Calls struct {
	Batch  *Batch
	lo, hi int32
}

// Len returns the number of calls.
func (r Calls) Len() int { return int(r.hi - r.lo) }

// At returns call i, counted from 0.
func (r Calls) At(i int) Call { return Call{r.Batch, r.lo + int32(i)} }

// From returns the run without its first n calls.
func (r Calls) From(n int) Calls { return Calls{r.Batch, r.lo + int32(n), r.hi} }

// Extend returns the run with c at its end, if c follows it.
func (r Calls) Extend(c Call) (Calls, bool) {
	if r.Batch != c.batch || r.hi != c.index {
		return r, false
	}
	return Calls{r.Batch, r.lo, r.hi + 1}, true
}

// Only returns the run that holds just c.
func (c Call) Only() Calls { return Calls{c.batch, c.index, c.index + 1} }

func codeOf(kind error) Code { return kind.(*sentinel).code }
