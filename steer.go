package tandem

import (
	"context"
	"sync"
)

// A Handle stops single calls of a running [Map] or [Results], to which [Steer]
// binds it. The zero value is ready. It may be used from any goroutine.
type Handle struct {
	mu      sync.Mutex
	steered steered // nil: no Map runs
}

// steered is a running Map.
type steered interface{ stop(index int) bool }

// Steer binds h to a [Map] while that is ranged over. One Handle is for one Map
// at a time: it belongs to the one that began last. It panics if h is nil.
func Steer(h *Handle) MapOption {
	if h == nil {
		panic("tandem: Steer(nil): want a Handle")
	}
	return mapOption(func(m *mapOptions) {
		m.handle, m.call.steered, m.call.careful = h, true, true
	})
}

// Stop asks the call of input index, counted from 0, to stop and returns at once.
//
// A call that has not started never runs and fails with an error that matches
// [ErrCanceled] and [context.Canceled]. A running one has its context canceled
// and ends as its task decides. Where it runs in a process that can be ended, that
// is ended when the call goes on, as after a timeout; the call then fails with
// [ErrWorkerLost], fate [MayHaveRun], and an error that matches
// [context.Canceled]. Other calls that this worker has started are lost with it, as
// after a timeout; those that it has not started run elsewhere. A stopped call is
// not tried again.
//
// Stop returns false, and does nothing, when the call has ended, its input has not
// been taken, or no Map runs; also when the executor cannot stop single calls
// ([Stopper]).
func (h *Handle) Stop(index int) bool {
	h.mu.Lock()
	m := h.steered
	h.mu.Unlock()
	return m != nil && m.stop(index)
}

// attach binds h to m and returns what ends that.
func (h *Handle) attach(m steered) (detach func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.steered = m
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.steered == m {
			h.steered = nil
		}
	}
}

// A Stopper is an [Executor] that can stop one call of several that were accepted
// together. [Handle.Stop] needs it.
type Stopper interface {
	Executor

	// Stop asks the call to stop, as [Handle.Stop] says, and returns at once.
	// Before that the call is marked, so that [Call.Canceled] tells why: an
	// executor looks there before it starts a call, and after it has made the
	// call known to Stop. It does nothing to a call that has ended, and may be
	// called any number of times.
	Stop(c Call)
}

// stop is the Map's part of [Handle.Stop].
func (m *mapper[In, Out]) stop(index int) bool {
	executor, able := m.executor.(Stopper)
	if !able {
		return false
	}
	c, found := m.find(index)
	if !found {
		return false
	}
	c.mark()
	executor.Stop(c)
	return true
}

// find returns the call of an input that was taken and has not ended. The lock
// keeps an open chunk from being sent, and the storage of one that was from being
// used again.
func (m *mapper[In, Out]) find(index int) (Call, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.open.Load(); c != nil {
		n := c.filled.Load()
		if i := index - c.batch.first; n&sealedBit == 0 && i >= 0 && i < int(n) {
			return Call{&c.batch, int32(i)}, true
		}
	}
	for c := range m.live {
		if i := index - c.batch.first; i >= 0 && i < c.batch.Len() {
			return Call{&c.batch, int32(i)}, !c.finished(int32(i))
		}
	}
	return Call{}, false
}

// mark notes that the call is to stop.
func (c Call) mark() {
	b := c.batch
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.marks == nil {
		b.marks = make(map[int32]struct{})
	}
	b.marks[c.index] = struct{}{}
	b.marked.Store(true)
}

func (c Call) isMarked() bool {
	b := c.batch
	if !b.marked.Load() {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	_, marked := b.marks[c.index]
	return marked
}

// stopped is Canceled for the hot path.
func (c Call) stopped() bool { return c.batch.stopped() || c.isMarked() }

// Canceled returns why the call is to stop, or nil: because its batch is, or
// because of [Handle.Stop], which is [context.Canceled].
func (c Call) Canceled() error {
	if cause := c.batch.Canceled(); cause != nil {
		return cause
	}
	if c.isMarked() {
		return context.Canceled
	}
	return nil
}

// Canceled reports whether any of the calls is to stop.
func (r Calls) Canceled() bool {
	if r.Batch.Canceled() != nil {
		return true
	}
	for i := range r.Len() {
		if !r.Batch.marked.Load() {
			return false
		}
		if r.At(i).isMarked() {
			return true
		}
	}
	return false
}

// enter makes run, the context of the call's attempt on a goroutine, known to
// endRun, and returns what ends that. run serves no other call: what was meant
// for this one could come late.
func (c Call) enter(run *callContext) (leave func()) {
	b := c.batch
	run.use()
	b.mu.Lock()
	if b.runs == nil {
		b.runs = make(map[int32]*callContext)
	}
	b.runs[c.index] = run
	b.mu.Unlock()
	if c.isMarked() {
		run.end(context.Canceled)
	}
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.runs, c.index)
	}
}

// endRun cancels the context of the call, if it runs on a goroutine.
func (c Call) endRun() {
	c.batch.mu.Lock()
	run := c.batch.runs[c.index]
	c.batch.mu.Unlock()
	if run != nil {
		run.end(context.Canceled)
	}
}
