package tandem

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// callContext is the context of a running call. It costs nothing until the task
// asks for Done: only then is a cancelable context made below the submitter's.
// It ends with the call, or, when the call has not used it, with a later call of
// the same share: a goroutine that a task leaves behind with an unused context
// acts for that call until then. Afterwards it has a canceled context and lends
// nothing.
//
// It is small: what few tasks need is in its state.
type callContext struct {
	parent context.Context // immutable
	runner *runner         // immutable
	state  atomic.Pointer[callState]
}

// callState is made when a context is first used. A call that ends before has
// the state endedUnused.
//
// It also holds the slot of the call, which the task lends while it waits:
//
//	     lend             reclaim, by the last wait
//	held ----> slotLent -----------------------------> slotClaimed --granted--> held
//
// When a wait begins while the slot is claimed, it is lent again once granted.
// The end of the call claims a lent slot: it belongs to the runner.
type callState struct {
	mu      sync.Mutex
	inner   context.Context // made on demand, canceled when the call ends
	cancel  func(cause error)
	granted chan struct{} // while slotClaimed: closed when the slot is granted
	waits   int32         // goroutines of the task that wait
	slot    slotState
	ended   bool
}

// slotState is where the slot of a running call is.
type slotState uint8

const (
	slotHeld slotState = iota
	slotLent
	slotClaimed
)

// callKey finds the callContext of a context that was derived from one.
type callKey struct{}

// endedUnused is the state of calls that ended with an unused context.
var endedUnused = func() *callState {
	inner, cancel := context.WithCancelCause(context.Background())
	cancel(nil)
	return &callState{inner: inner, cancel: cancel, ended: true}
}()

// used reports whether the task, or whoever canceled it, has used the context.
func (c *callContext) used() bool { return c.state.Load() != nil }

// use returns the state, making it if need be.
func (c *callContext) use() *callState {
	if s := c.state.Load(); s != nil {
		return s
	}
	c.state.CompareAndSwap(nil, new(callState))
	return c.state.Load()
}

// made returns the cancelable context, making it if need be.
func (c *callContext) made() context.Context {
	s := c.use()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inner == nil {
		s.inner, s.cancel = context.WithCancelCause(c.parent)
		if s.ended {
			s.cancel(nil)
		}
	}
	return s.inner
}

// limit gives the context a deadline with a cause. It is called before the task
// starts.
func (c *callContext) limit(d time.Duration, cause error) context.Context {
	limited, stop := context.WithTimeoutCause(c.made(), d, cause)
	s := c.use()
	s.mu.Lock()
	defer s.mu.Unlock()
	cancel := s.cancel
	s.inner, s.cancel = limited, func(cause error) {
		cancel(cause)
		stop()
	}
	return limited
}

// end cancels the context, with context.Canceled if cause is nil.
func (c *callContext) end(cause error) {
	c.made()
	s := c.use()
	s.mu.Lock()
	cancel := s.cancel
	s.mu.Unlock()
	cancel(cause)
}

// release ends the context with its call and takes back a slot that goroutines
// of the task have left lent. It may be called again.
func (c *callContext) release() {
	if !c.used() && c.state.CompareAndSwap(nil, endedUnused) {
		return
	}
	s := c.state.Load()
	if s == endedUnused {
		return
	}
	s.mu.Lock()
	first := !s.ended
	s.ended = true
	made, slot, granted := s.inner != nil, s.slot, s.granted
	s.mu.Unlock()
	if !first {
		return
	}
	if made {
		c.end(nil)
	}
	switch slot {
	case slotLent:
		granted = make(chan struct{})
		c.runner.local.claimSlot(granted)
		<-granted
	case slotClaimed:
		<-granted
	}
}

// lend gives the slot back while a goroutine of the task waits. A nil context,
// which belongs to no task, has nothing to lend.
func (c *callContext) lend() {
	if c == nil {
		return
	}
	s := c.use()
	s.mu.Lock()
	s.waits++
	lends := s.slot == slotHeld && !s.ended
	if lends {
		s.slot = slotLent
	}
	s.mu.Unlock()
	if lends {
		c.runner.local.lendSlot()
	}
}

// reclaim ends a wait. When it was the last, it takes the slot again, and blocks
// until there is one.
func (c *callContext) reclaim() {
	if c == nil {
		return
	}
	s := c.use()
	s.mu.Lock()
	s.waits--
	granted := s.granted
	claims := s.waits == 0 && s.slot == slotLent && !s.ended
	if claims {
		granted = make(chan struct{})
		s.slot, s.granted = slotClaimed, granted
	}
	idle := s.ended || s.slot != slotClaimed
	s.mu.Unlock()
	if idle {
		return
	}
	if claims {
		c.runner.local.claimSlot(granted)
	}
	<-granted
	if claims {
		c.settle(s)
	}
}

// settle notes that a claimed slot was granted, and lends it again to a wait
// that has begun meanwhile.
func (c *callContext) settle(s *callState) {
	s.mu.Lock()
	lends := s.waits > 0 && !s.ended
	s.slot, s.granted = slotHeld, nil
	if lends {
		s.slot = slotLent
	}
	s.mu.Unlock()
	if lends {
		c.runner.local.lendSlot()
	}
}

func (c *callContext) Deadline() (time.Time, bool) {
	if inner := c.existing(); inner != nil {
		return inner.Deadline()
	}
	return c.parent.Deadline()
}

func (c *callContext) Done() <-chan struct{} { return c.made().Done() }

func (c *callContext) Err() error {
	if inner := c.existing(); inner != nil {
		return inner.Err()
	}
	return c.parent.Err()
}

// Value finds the call itself, and otherwise asks the inner context, so that
// contexts derived from this one attach to that directly.
func (c *callContext) Value(key any) any {
	if key == (callKey{}) {
		return c
	}
	if inner := c.existing(); inner != nil && c.state.Load() != endedUnused {
		return inner.Value(key)
	}
	return c.parent.Value(key)
}

// existing returns the cancelable context, or nil if the parent will do.
func (c *callContext) existing() context.Context {
	s := c.state.Load()
	if s == nil {
		return nil
	}
	s.mu.Lock()
	inner, ended := s.inner, s.ended
	s.mu.Unlock()
	if inner == nil && ended {
		return c.made()
	}
	return inner
}

// lenderOf returns the call whose slot may be lent while ctx's task waits, or
// nil when ctx does not belong to a task that runs on goroutines.
func lenderOf(ctx context.Context) *callContext {
	if ctx == context.Background() {
		return nil
	}
	c, _ := ctx.Value(callKey{}).(*callContext)
	return c
}
