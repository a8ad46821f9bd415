package process

import (
	"github.com/gotandem/tandem"
)

// Who is told of waiting calls: a token in a slot's wake channel. D1: while a
// call waits, no slot with a free thread is left without a token. So whoever
// got one and cannot take all calls passes it on, and whoever stops taking
// calls does.

// wake tells slots that n calls wait: those with a free thread first, and when
// there are fewer, those that take calls in advance or have no worker.
func (ex *Executor) wake(n int) {
	for _, s := range ex.slots {
		if n <= 0 {
			return
		}
		if free := s.free(); free > 0 {
			n -= free
			signal(s.wake)
		}
	}
	if n > 0 {
		for _, s := range ex.slots {
			signal(s.wake)
		}
	}
}

// wakeFree tells every slot with a free thread, or without a worker, to look for
// calls: in the queue, or to be recalled.
func (ex *Executor) wakeFree() {
	for _, s := range ex.slots {
		if s.free() > 0 || s.vacant.Load() {
			signal(s.wake)
		}
	}
}

// passOn tells the other slots that could run calls of those that s leaves
// waiting: in the queue, or in its worker, where they were sent in advance.
func (ex *Executor) passOn(s *slot) {
	for _, other := range ex.slots {
		if other == s || other.free() <= 0 && !other.vacant.Load() {
			continue
		}
		if s.free() >= 0 && ex.queue.Waiting() == 0 {
			return
		}
		signal(other.wake)
	}
}

// freestOther returns which of the other slots has the most free threads, and how
// many; none when none has any.
func (ex *Executor) freestOther(s *slot) (freest *slot, free int) {
	for _, other := range ex.slots {
		if n := other.free(); other != s && n > free {
			freest, free = other, n
		}
	}
	return freest, free
}

// demand reports whether calls wait that another worker could run.
func (ex *Executor) demand() bool {
	for _, s := range ex.slots {
		if s.free() < 0 {
			return true
		}
	}
	return ex.queue.Waiting() > 0
}

// recall asks the slot with the most calls that have not started to give back
// half of them, for a slot that has run dry.
func (ex *Executor) recall() {
	var fullest *slot
	most := 0
	for _, s := range ex.slots {
		if n := -s.free(); n > most && s.recallable() {
			fullest, most = s, n
		}
	}
	if fullest != nil {
		fullest.recall((most + 1) / 2)
	}
}

// ended settles an attempt: the call is finished, or goes back to the queue.
func (ex *Executor) ended(c tandem.Call, how tandem.Ending) {
	if how == tandem.Again {
		ex.giveBack(c.Only())
		return
	}
	ex.suspects.forget(c)
	ex.finished(1)
}

// giveBack returns calls to the front of the queue for another slot, or ends
// them when none may run them any more. Whoever ends waiting calls makes that
// known first and looks at the queue then; here it is the other way round, so
// that one of the two sees the calls.
func (ex *Executor) giveBack(calls tandem.Calls) {
	b := calls.Batch
	if b.Canceled() != nil {
		for i := range calls.Len() {
			ex.failCanceled(calls.At(i))
		}
		return
	}
	if calls.Canceled() {
		ex.failStopped(calls)
		return
	}
	ex.queue.Return(calls)
	if calls.Canceled() {
		ex.stopWaiting(calls)
	}
	switch {
	case b.Canceled() != nil:
		ex.queue.Withdraw(b, ex.failCanceled)
	case ex.life.Err() != nil:
		ex.closeWaiting()
	case ex.failedToStart() != nil:
		ex.failWaiting()
	}
	ex.wake(calls.Len())
}

// giveBackAll gives back calls that were sent in this order.
func (ex *Executor) giveBackAll(all []held) {
	var runs []tandem.Calls
	for _, h := range all {
		if n := len(runs); n > 0 {
			if longer, ok := runs[n-1].Extend(h.call); ok {
				runs[n-1] = longer
				continue
			}
		}
		runs = append(runs, h.call.Only())
	}
	for i := len(runs) - 1; i >= 0; i-- { // each goes to the front
		ex.giveBack(runs[i])
	}
}

func (ex *Executor) failCanceled(c tandem.Call) {
	c.FailCanceled()
	ex.suspects.forget(c)
	ex.finished(1)
}

// failWaiting fails every waiting call, because no slot is left to run it.
func (ex *Executor) failWaiting() {
	err := ex.failedToStart()
	ex.queue.WithdrawAll(func(c tandem.Call) {
		for c.Fail(tandem.NewCallError(tandem.ErrWorkerStart, tandem.NotStarted, c, "", err)) == tandem.Again {
		}
		ex.finished(1)
	})
}

// closeWaiting fails every waiting call, because the executor is being closed.
func (ex *Executor) closeWaiting() {
	ex.queue.WithdrawAll(func(c tandem.Call) {
		ex.cut.Add(1)
		c.Fail(tandem.NewCallError(tandem.ErrClosed, tandem.NotStarted, c, "", nil))
		ex.finished(1)
	})
}

// finished notes that n calls have ended.
func (ex *Executor) finished(n int64) {
	if ex.unfinished.Add(-n) == 0 && ex.draining.Load() {
		ex.drainOnce.Do(func() { close(ex.drained) })
	}
}

// signal leaves a token in ch for whoever looks next.
func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
