package tandem

import (
	"context"
	"sync"
	"sync/atomic"
)

// maxShare is how many calls a runner claims at most in one step. More saves
// work on memory shared between cores; fewer leave less to be stolen.
const maxShare = 32

// runner is a goroutine of a [Local] that owns one slot. It runs calls until
// there are none, and then retires.
type runner struct {
	local *Local
	place int                   // in local.runners
	loop  func()                // the method value run: starting allocates nothing
	share share                 // calls claimed and not started; others steal from it
	batch atomic.Pointer[Batch] // whose call runs; nil between calls
	index int32                 // which call runs; owned by the goroutine
	lent  atomic.Int32          // how many waits have lent the slot
}

// run is the goroutine. It ends when the runner retires, or with a task that
// calls runtime.Goexit: then another goroutine takes over the slot.
func (r *runner) run() {
	retired := false
	defer func() {
		if !retired && r.batch.Load() != nil {
			r.survive()
		}
	}()
	for {
		var calls Calls
		if r.local.wanted.Load() == 0 {
			calls = r.local.queue.Claim(maxShare, r.local.threads)
		}
		if calls.Len() == 0 {
			if calls, retired = r.local.retire(r); retired {
				return
			}
		}
		r.runCalls(calls)
	}
}

// survive reports a Goexit as the outcome of the call that made it. A panic of
// the engine itself is not recovered.
func (r *runner) survive() {
	c := Call{r.batch.Load(), r.index}
	if c.batch.run != nil {
		c.batch.run.release()
	}
	if !c.batch.body.claim(c.index) {
		r.local.abandoned.Add(-1)
	} else if c.settle(&PanicError{Goexit: true}) == Again {
		c.batch.body.unclaim(c.index)
		r.local.queue.Return(c.Only())
	}
	r.batch.Store(nil)
	go r.resume()
}

// resume goes on with what a goroutine left behind that ended with its task.
func (r *runner) resume() {
	if rest := r.share.rest(); rest.Len() > 0 {
		r.local.queue.Return(rest)
	}
	r.run()
}

// runCalls runs calls one after the other, except those that are stolen.
func (r *runner) runCalls(calls Calls) {
	b := calls.Batch
	r.batch.Store(b)
	if calls.Len() == 1 {
		r.runCall(calls.At(0), b.body.context(r))
	} else {
		r.share.put(calls)
		var run *callContext
		for c, ok := r.share.take(); ok; c, ok = r.share.take() {
			if run == nil || b.opts.timeout > 0 {
				run = b.body.context(r)
			}
			r.runCall(c, run)
		}
		if run != nil {
			run.release()
		}
	}
	r.batch.Store(nil)
}

// runCall runs one call until it is finished.
func (r *runner) runCall(c Call, run *callContext) {
	if c.batch.stopped() {
		c.FailCanceled()
		return
	}
	r.index = c.index
	for {
		err := r.attempt(c, run)
		if err == errGivenUp {
			r.local.abandoned.Add(-1)
			return
		}
		if c.settle(err) != Again {
			return
		}
		c.batch.body.unclaim(c.index)
		run = c.batch.body.context(r)
	}
}

// attempt runs the task once.
func (r *runner) attempt(c Call, run *callContext) error {
	if c.batch.opts.timeout > 0 {
		return r.attemptWithin(c, run)
	}
	err := c.batch.body.invoke(run, c.index)
	if c.batch.size == 1 {
		run.release()
	}
	return err
}

// attemptWithin runs the task once, with a deadline. A task that overstays it
// is given up: its call finishes, its slot stays in use until it returns. One
// that has attempts left is waited for instead, because they need the slot.
func (r *runner) attemptWithin(c Call, run *callContext) error {
	run.limit(c.batch.opts.timeout)
	limited := run.made()
	gaveUp := make(chan struct{})
	stop := context.AfterFunc(limited, func() {
		defer close(gaveUp)
		if context.Cause(limited) == ErrTimeout && !c.batch.retriable(c.index) && c.batch.body.claim(c.index) {
			r.local.abandoned.Add(1)
			c.settle(NewCallError(ErrTimeout, MayHaveRun, c, "", nil))
		}
	})
	defer func() { // also when the task calls Goexit
		if !stop() {
			<-gaveUp
		}
		run.release()
	}()
	err := c.batch.body.invoke(run, c.index)
	if err != nil && err != errGivenUp && context.Cause(limited) == ErrTimeout {
		err = NewCallError(ErrTimeout, MayHaveRun, c, "", nil)
	}
	return err
}

// lend gives the slot back while the running task waits. A nil runner, which
// stands for a context that belongs to no task, has nothing to lend.
func (r *runner) lend() {
	if r != nil && r.lent.Add(1) == 1 {
		r.local.lendSlot()
	}
}

// reclaim takes a slot again; it blocks until there is one.
func (r *runner) reclaim() {
	if r != nil && r.lent.Add(-1) == 0 {
		r.local.reclaimSlot()
	}
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
