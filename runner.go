package tandem

import (
	"context"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// maxShare is how many calls a runner claims at most in one step. More saves
// work on memory shared between cores; fewer leave less to be stolen, and fewer
// calls that go before one of a higher priority.
const maxShare = 128

// runner is a goroutine of a [Local] that owns one slot. It runs calls until
// there are none, and then retires.
type runner struct {
	local *Local
	place int                   // in local.runners
	loop  func()                // the method value run: starting allocates nothing
	share share                 // calls claimed and not started; others steal from it
	batch atomic.Pointer[Batch] // whose call runs; nil between calls

	// Owned by the goroutine.
	next   Calls        // to begin with
	looks  uint64       // local.looks when the calls at hand were claimed
	index  int32        // which call runs
	inTask bool         // its function does
	call   *callContext // of that call; between calls of a share, for the next

	_ cacheLine // apart from the next runner
}

// run is the goroutine. It ends when the runner retires, or with a task that
// calls runtime.Goexit: then another goroutine takes over the slot.
func (r *runner) run() {
	retired := false
	defer func() {
		if !retired && r.inTask {
			r.survive()
		}
	}()
	calls := r.next
	r.next = Calls{}
	for {
		if calls.Len() > 0 {
			r.runCalls(calls)
		}
		calls = Calls{}
		if r.local.wanted.Load() == 0 {
			r.looks = r.local.looks.Load()
			calls = r.local.queue.Claim(maxShare, r.local.threads)
		}
		if calls.Len() == 0 {
			if calls, retired = r.local.retire(r); retired {
				return
			}
		}
	}
}

// survive reports a Goexit as the outcome of the call that made it.
func (r *runner) survive() {
	r.inTask = false
	c := Call{r.batch.Load(), r.index}
	r.call.release()
	if !c.batch.body.claim(c.index) {
		r.local.abandoned.Add(-1)
	} else if c.settle(&PanicError{Goexit: true}, true, nil) == Again {
		c.batch.body.unclaim(c.index)
		r.local.takeBack(c.Only())
	}
	r.batch.Store(nil)
	r.next, r.looks = r.share.rest(), 0 // any look may have missed them
	go r.loop()
}

// runCalls runs calls one after the other, except those that are stolen, and
// gives the rest back when a waiting task wants the slot.
func (r *runner) runCalls(calls Calls) {
	b := calls.Batch
	r.batch.Store(b)
	if r.local.killed.Load() {
		b.cancelWith(ErrClosed) // giveUp may have come before the batch was here
	}
	r.call = b.body.context(r)
	if calls.Len() == 1 {
		r.runCall(calls.At(0))
	} else {
		r.runShare(calls)
	}
	r.call.release()
	r.batch.Store(nil)
}

// runShare is runCalls for several calls.
func (r *runner) runShare(calls Calls) {
	b := calls.Batch
	r.share.put(calls)
	if r.local.looks.Load() != r.looks && r.local.free.Load() > 0 {
		r.local.start(calls.Len()) // who looked while the calls were on their way has not seen them (L2)
	}
	for err := r.serve(b); err != nil; err = r.serve(b) {
		r.conclude(Call{b, r.index}, err, true)
	}
	if rest := r.share.rest(); rest.Len() > 0 {
		r.local.takeBack(rest)
	}
	r.share.put(Calls{}) // an idle runner keeps no batch
}

// serve runs calls of the share until there are no more, a waiting task wants
// the slot, or a task fails. Then it returns the error of call r.index, whose
// attempt is yet to be concluded. The calls have one recover together, because
// one for each would cost more than short calls do.
func (r *runner) serve(b *Batch) (err error) {
	defer r.recovered(&err)
	return b.body.serve(r)
}

// begin takes the next call of the share, which becomes r.index, and makes
// r.call its context. It reports false when there is none for the body to run.
//
// A context that a call has not used serves the next one too. What a task leaves
// behind with it unused ends with a later call, at the latest with the share.
func (r *runner) begin(b *Batch) bool {
	for r.local.wanted.Load() == 0 {
		c, ok := r.share.take()
		if !ok {
			break
		}
		if r.call.used() {
			r.call.release()
			r.call = b.body.context(r)
		}
		r.index = c.index
		if !b.opts.careful && !b.stopped() {
			return true
		}
		r.runCall(c)
	}
	return false
}

// runCall runs one call until it is finished.
func (r *runner) runCall(c Call) {
	if c.stopped() {
		if c.batch.body.claim(c.index) {
			c.FailCanceled()
		} else {
			r.local.abandoned.Add(-1) // by giveUp
		}
		return
	}
	err, own := r.attempt(c)
	r.conclude(c, err, own)
}

// conclude ends an attempt of a call, and makes others until it is finished.
func (r *runner) conclude(c Call, err error, own bool) {
	for r.again(c, err, own) {
		r.call.release()
		r.call = c.batch.body.context(r)
		err, own = r.attempt(c)
	}
}

// again ends an attempt and reports whether another one is due.
func (r *runner) again(c Call, err error, own bool) bool {
	if err == errGivenUp {
		r.local.abandoned.Add(-1)
		return false
	}
	if c.settle(err, own, nil) != Again {
		return false
	}
	c.batch.body.unclaim(c.index)
	if !c.stopped() {
		return true
	}
	if c.batch.body.claim(c.index) { // stopped since settle looked
		c.publish(err)
	} else {
		r.local.abandoned.Add(-1)
	}
	return false
}

// attempt runs the task once. It reports whether the error is the task's own.
func (r *runner) attempt(c Call) (err error, own bool) { //nolint:revive // own belongs to err
	if c.batch.opts.steered {
		defer c.enter(r.call)() // also when the task calls Goexit
	}
	if limit := c.batch.Timeout(); limit > 0 {
		return r.attemptWithin(c, limit)
	}
	return r.protect(c), true
}

// protect is invoke that returns a panic of the task as its error.
func (r *runner) protect(c Call) (err error) {
	defer r.recovered(&err)
	r.index = c.index
	return r.invoke()
}

// invoke runs the task of call r.index.
func (r *runner) invoke() error {
	r.inTask = true
	err := r.batch.Load().body.invoke(r.call, r.index)
	r.returned()
	return err
}

// returned notes that the task has returned. A context that it used ends before the
// outcome is seen.
func (r *runner) returned() {
	r.inTask = false
	if r.call.used() {
		r.call.release()
	}
}

// recovered, when deferred, makes a panic of the task the error of its call. A
// panic of the engine, and a Goexit, go on.
func (r *runner) recovered(err *error) {
	if !r.inTask {
		return
	}
	v := recover()
	if v == nil {
		return
	}
	*err = &PanicError{Value: v, Stack: debug.Stack()}
	r.returned()
	if !r.batch.Load().body.claim(r.index) {
		*err = errGivenUp
	}
}

// attemptWithin runs the task once, with a deadline. A task that overstays it
// is given up: its call finishes, its slot stays in use until it returns. One
// that will be tried again is waited for instead, because that needs the slot.
func (r *runner) attemptWithin(c Call, limit time.Duration) (err error, own bool) { //nolint:revive // own belongs to err
	b, run := c.batch, r.call
	overrun := NewCallError(ErrTimeout, MayHaveRun, c, "", nil)
	limited := run.limit(limit, overrun)
	gaveUp := make(chan struct{})
	stop := context.AfterFunc(limited, func() {
		defer close(gaveUp)
		if context.Cause(limited) == overrun && !b.repeats(c.index, overrun, false) && b.body.claim(c.index) {
			r.local.abandoned.Add(1)
			c.settle(overrun, false, nil)
		}
	})
	defer func() { // also when the task calls Goexit
		if !stop() {
			<-gaveUp
		}
		run.release()
	}()
	err = r.protect(c)
	if err != nil && err != errGivenUp && context.Cause(limited) == overrun {
		return overrun, false
	}
	return err, true
}

// share holds calls of one batch that a runner has claimed and not started. The
// runner takes from the front, thieves take the back half.
type share struct {
	bounds atomic.Uint64 // front << 32 | back; empty when front == back

	mu    sync.Mutex // held to fill the share and to steal, so that a thief's batch and bounds belong together
	batch *Batch
}

func bounds(front, back int32) uint64 { return uint64(uint32(front))<<32 | uint64(uint32(back)) }

func split(b uint64) (front, back int32) { return int32(b >> 32), int32(uint32(b)) }

// put fills the share, which must be empty.
func (s *share) put(c Calls) {
	s.mu.Lock()
	s.batch = c.Batch
	s.bounds.Store(bounds(c.lo, c.hi))
	s.mu.Unlock()
}

// take removes the first call. Only the runner itself takes.
func (s *share) take() (Call, bool) {
	for {
		old := s.bounds.Load()
		front, back := split(old)
		if front == back {
			return Call{}, false
		}
		if s.bounds.CompareAndSwap(old, bounds(front+1, back)) {
			return Call{s.batch, front}, true
		}
	}
}

// half removes the back half, at least one call if there is any.
func (s *share) half() Calls {
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		old := s.bounds.Load()
		front, back := split(old)
		keep := front + (back-front)/2
		if s.bounds.CompareAndSwap(old, bounds(front, keep)) {
			return Calls{s.batch, keep, back}
		}
	}
}

// rest removes everything.
func (s *share) rest() Calls {
	s.mu.Lock()
	defer s.mu.Unlock()
	front, back := split(s.bounds.Swap(0))
	return Calls{s.batch, front, back}
}

// left returns how many calls are in the share.
func (s *share) left() int {
	front, back := split(s.bounds.Load())
	return int(back - front)
}
