package tandem

import (
	"context"
	"sync"
	"time"
)

// callContext is the context of a running call. It costs nothing until the task
// asks for Done: only then is a cancelable context made below the submitter's.
// It ends with the call. A goroutine that outlives its task keeps a canceled
// context and lends nothing.
//
// It also holds the slot of the call, which the task lends while it waits:
//
//	     lend             reclaim, by the last wait
//	held ----> slotLent -----------------------------> slotClaimed --granted--> held
//
// When a wait begins while the slot is claimed, it is lent again once granted.
// The end of the call claims a lent slot: it belongs to the runner.
type callContext struct {
	parent context.Context // immutable
	runner *runner         // immutable

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

// made returns the cancelable context, making it if need be.
func (c *callContext) made() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inner == nil {
		inner, cancel := context.WithCancelCause(c.parent)
		c.inner, c.cancel = inner, cancel
		if c.ended {
			cancel(nil)
		}
	}
	return c.inner
}

// limit gives the context a deadline with a cause. It is called before the task
// starts.
func (c *callContext) limit(d time.Duration, cause error) context.Context {
	limited, stop := context.WithTimeoutCause(c.made(), d, cause)
	c.mu.Lock()
	defer c.mu.Unlock()
	cancel := c.cancel
	c.inner, c.cancel = limited, func(cause error) {
		cancel(cause)
		stop()
	}
	return limited
}

// end cancels the context, with context.Canceled if cause is nil.
func (c *callContext) end(cause error) {
	c.made()
	c.mu.Lock()
	cancel := c.cancel
	c.mu.Unlock()
	cancel(cause)
}

// release ends the context with its call and takes back a slot that goroutines
// of the task have left lent. It may be called again.
func (c *callContext) release() {
	c.mu.Lock()
	first := !c.ended
	c.ended = true
	made, slot, granted := c.inner != nil, c.slot, c.granted
	c.mu.Unlock()
	if made {
		c.end(nil)
	}
	if !first {
		return
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
	c.mu.Lock()
	c.waits++
	lends := c.slot == slotHeld && !c.ended
	if lends {
		c.slot = slotLent
	}
	c.mu.Unlock()
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
	c.mu.Lock()
	c.waits--
	granted := c.granted
	claims := c.waits == 0 && c.slot == slotLent
	if claims {
		granted = make(chan struct{})
		c.slot, c.granted = slotClaimed, granted
	}
	idle := c.ended || c.slot != slotClaimed
	c.mu.Unlock()
	if idle {
		return
	}
	if claims {
		c.runner.local.claimSlot(granted)
	}
	<-granted
	if claims {
		c.settle()
	}
}

// settle notes that a claimed slot was granted, and lends it again to a wait
// that has begun meanwhile.
func (c *callContext) settle() {
	c.mu.Lock()
	lends := c.waits > 0 && !c.ended
	c.slot, c.granted = slotHeld, nil
	if lends {
		c.slot = slotLent
	}
	c.mu.Unlock()
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
	if inner := c.existing(); inner != nil {
		return inner.Value(key)
	}
	return c.parent.Value(key)
}

// existing returns the cancelable context, or nil if the parent will do.
func (c *callContext) existing() context.Context {
	c.mu.Lock()
	inner, ended := c.inner, c.ended
	c.mu.Unlock()
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
