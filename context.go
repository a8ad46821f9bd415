package tandem

import (
	"context"
	"sync"
	"time"
)

// callContext is the context of a running call. It costs nothing until the task
// asks for Done: only then is a cancelable context made below the submitter's.
// It also tells the engine which slot a waiting task may lend.
type callContext struct {
	parent context.Context // immutable
	runner *runner         // guarded by mu; nil before the call starts

	mu     sync.Mutex
	inner  context.Context // made on demand, canceled when the call ends
	cancel context.CancelCauseFunc
	stop   context.CancelFunc // releases the timer of a deadline
}

// callKey finds the callContext of a context that was derived from one.
type callKey struct{}

// made returns the cancelable context, making it if need be.
func (c *callContext) made() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.inner == nil {
		c.inner, c.cancel = context.WithCancelCause(c.parent)
	}
	return c.inner
}

// limit gives the context a deadline. It is called before the task starts.
func (c *callContext) limit(d time.Duration) {
	inner := c.made()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inner, c.stop = context.WithTimeoutCause(inner, d, ErrTimeout)
}

// end cancels the context, with context.Canceled if cause is nil.
func (c *callContext) end(cause error) {
	c.made()
	c.mu.Lock()
	cancel, stop := c.cancel, c.stop
	c.mu.Unlock()
	cancel(cause)
	if stop != nil {
		stop()
	}
}

// release frees what the context holds, after the call has ended.
func (c *callContext) release() {
	c.mu.Lock()
	made := c.inner != nil
	c.runner = nil
	c.mu.Unlock()
	if made {
		c.end(nil)
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

func (c *callContext) existing() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.inner
}

// lenderOf returns the runner whose slot may be lent while ctx's task waits, or
// nil when ctx does not belong to a task that runs on goroutines.
func lenderOf(ctx context.Context) *runner {
	if ctx == context.Background() {
		return nil
	}
	c, _ := ctx.Value(callKey{}).(*callContext)
	if c == nil {
		return nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.runner
}
