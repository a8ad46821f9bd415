package tandem

import (
	"fmt"
	"time"
)

// A CallOption changes how one call is carried. It may be given to [Submit],
// [TrySubmit] and [Run], and to [Map] and [Results] for each of their calls.
type CallOption interface {
	MapOption
	applyCall(*callOptions)
}

// A MapOption changes how a [Map] or [Results] runs.
type MapOption interface {
	applyMap(*mapOptions)
}

type callOptions struct {
	timeout    time.Duration        // 0 for no limit
	timeoutBy  func() time.Duration // nil: timeout counts
	retries    int
	retryIf    func(Call, error) bool // nil: always
	priority   int
	label      string
	idempotent bool
	steered    bool // single calls may be stopped
	careful    bool // a call needs more than its function to be called: it is steered, or limited
}

// limited reports whether calls can have a timeout.
func (c *callOptions) limited() bool { return c.timeout > 0 || c.timeoutBy != nil }

type mapOptions struct {
	call      callOptions
	unordered bool
	window    int
	handle    *Handle // nil: nobody stops single calls
}

type callOption func(*callOptions)

func (o callOption) applyCall(c *callOptions) { o(c) }
func (o callOption) applyMap(m *mapOptions)   { o(&m.call) }

type mapOption func(*mapOptions)

func (o mapOption) applyMap(m *mapOptions) { o(m) }

// Timeout limits how long one attempt may run. The clock starts when the task
// does, not while the call waits. When it runs out, the task's context is
// canceled; executors with worker processes then end the process. The call
// fails with [ErrTimeout]. It panics if d is not positive.
func Timeout(d time.Duration) CallOption {
	if d <= 0 {
		panic(fmt.Sprintf("tandem: Timeout(%v): want more than 0", d))
	}
	return callOption(func(c *callOptions) { c.timeout, c.timeoutBy, c.careful = d, nil, true })
}

// TimeoutBy is [Timeout] with a limit that is asked for when an attempt is about
// to start, or to be sent to a worker; several that are sent together get the
// same. 0 or less means no limit for them. limit may be called from several
// goroutines and must not block. Of several options of the two kinds the last
// counts. It panics if limit is nil.
func TimeoutBy(limit func() time.Duration) CallOption {
	if limit == nil {
		panic("tandem: TimeoutBy(nil): want a function")
	}
	return callOption(func(c *callOptions) { c.timeout, c.timeoutBy, c.careful = 0, limit, true })
}

// Retries allows up to n attempts more after one that failed: with the task's
// own error, a panic, or an engine failure after which the call certainly had
// not run. An attempt that may have run, such as one whose worker died, is
// repeated only for a call that is also [Idempotent]. Canceled calls are never
// repeated. It panics if n is negative.
func Retries(n int) CallOption {
	if n < 0 {
		panic(fmt.Sprintf("tandem: Retries(%d): want 0 or more", n))
	}
	return callOption(func(c *callOptions) { c.retries = n })
}

// RetryIf is asked whether an attempt that failed with the error, and that [Retries]
// would repeat, is to be repeated. When it says no, the call ends with the error. It may
// be called from several goroutines and must not block. It panics if again is nil.
func RetryIf(again func(c Call, err error) bool) CallOption {
	if again == nil {
		panic("tandem: RetryIf(nil): want a function")
	}
	return callOption(func(c *callOptions) { c.retryIf = again })
}

// Idempotent says that running the call twice is as good as once, which lets
// [Retries] repeat attempts that may have run.
func Idempotent() CallOption {
	return callOption(func(c *callOptions) { c.idempotent = true })
}

// Priority orders waiting calls: higher first, equal ones in the order they
// were accepted. The default is 0.
func Priority(p int) CallOption {
	return callOption(func(c *callOptions) { c.priority = p })
}

// Label names the call in errors, captured output and statistics. Calls of a
// [Map] add their index.
func Label(s string) CallOption {
	return callOption(func(c *callOptions) { c.label = s })
}

// Unordered makes a [Map] yield outcomes as they finish instead of in the order
// of the inputs.
func Unordered() MapOption {
	return mapOption(func(m *mapOptions) { m.unordered = true })
}

// Window limits how many inputs a [Map] has taken whose outcomes have not been
// yielded. The default starts at four for each slot of the executor and grows
// to 4096 while calls are short. It panics if n is less than 1.
func Window(n int) MapOption {
	if n < 1 {
		panic(fmt.Sprintf("tandem: Window(%d): want 1 or more", n))
	}
	return mapOption(func(m *mapOptions) { m.window = n })
}

// defaultOptions are shared by all calls that have none of their own.
var defaultOptions callOptions

func newCallOptions(opts []CallOption) *callOptions {
	if len(opts) == 0 {
		return &defaultOptions
	}
	c := new(callOptions)
	for _, o := range opts {
		o.applyCall(c)
	}
	return c
}

func newMapOptions(opts []MapOption) (m mapOptions) {
	for _, o := range opts {
		o.applyMap(&m)
	}
	return m
}
