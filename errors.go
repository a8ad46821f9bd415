package tandem

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Fate says what is known about a call that the engine could not complete.
type Fate uint8

const (
	// NotStarted: no attempt began. Running the call again is safe.
	NotStarted Fate = iota + 1
	// MayHaveRun: an attempt began and nobody can tell how far it came.
	MayHaveRun
	// Finished: the task ended, but its outcome could not be delivered.
	Finished
)

func (f Fate) String() string {
	switch f {
	case NotStarted:
		return "not started"
	case MayHaveRun:
		return "may have run"
	case Finished:
		return "finished"
	}
	return fmt.Sprintf("Fate(%d)", uint8(f))
}

// Code names a kind of engine failure. Codes are stable: they are what other
// languages and the command line see.
type Code string

// CallError is an engine failure of one call: the task's own errors are never
// of this type. It matches its sentinel, such as [ErrWorkerLost], with
// errors.Is, and whatever Err matches.
type CallError struct {
	Code   Code
	Fate   Fate
	Task   string
	Label  string // names the call; empty when neither label nor index is known
	Worker string // which worker, when there was one: "pid 4711"
	Err    error  // the cause; may be nil
}

// sentinel is an engine failure without its circumstances.
type sentinel struct {
	code Code
	text string
}

func (s *sentinel) Error() string { return s.text }

// Code returns the code that stands for the failure in other languages.
func (s *sentinel) Code() Code { return s.code }

func define(code Code, text string) error {
	return &sentinel{code, text}
}

// The sentinels, one for each [Code]. docs/errors.md explains each.
var (
	ErrCanceled    = define("canceled", "canceled before it started")
	ErrClosed      = define("closed", "executor is closed")
	ErrFull        = define("full", "executor is full")
	ErrTimeout     = define("timeout", "attempt ran longer than its timeout")
	ErrWaitEnded   = define("wait_ended", "waiting ended before the call did")
	ErrWorkerLost  = define("worker_lost", "worker ended before answering")
	ErrWorkerStart = define("worker_start", "worker could not be started")
	ErrMemoryLimit = define("memory_limit", "worker exceeded its memory limit")
	ErrUnknownTask = define("unknown_task", "no such task")
	ErrNotPortable = define("not_portable", "a closure cannot leave this process: give the task a name with tandem.Define")
	ErrBadInput    = define("bad_input", "input cannot be passed to the task")
	ErrBadResult   = define("bad_result", "result cannot be passed back")
	ErrTooLarge    = define("too_large", "value is too large")
	ErrUnsupported = define("unsupported", "not supported on this platform")
)

var sentinels = []error{
	ErrCanceled, ErrClosed, ErrFull, ErrTimeout, ErrWaitEnded, ErrWorkerLost, ErrWorkerStart, ErrMemoryLimit,
	ErrUnknownTask, ErrNotPortable, ErrBadInput, ErrBadResult, ErrTooLarge, ErrUnsupported,
}

// NewCallError returns the failure kind (one of this package's sentinels) of a
// call with the given fate. cause may be nil. It panics if kind is not a
// sentinel, because such a failure could not be told apart elsewhere.
func NewCallError(kind error, fate Fate, call Call, worker string, cause error) *CallError {
	e := newCallError(kind, fate, cause)
	e.Worker = worker
	if call.batch != nil {
		e.Task, e.Label = call.Task(), call.Label()
	}
	return e
}

func newCallError(kind error, fate Fate, cause error) *CallError {
	s, ok := kind.(*sentinel)
	if !ok {
		panic(fmt.Sprintf("tandem: NewCallError: %v is not a sentinel of this package", kind))
	}
	return &CallError{Code: s.code, Fate: fate, Err: cause}
}

func (e *CallError) Error() string {
	var b strings.Builder
	switch {
	case e.Label != "":
		b.WriteString(e.Label + ": ")
	case e.Task != "":
		b.WriteString(e.Task + ": ")
	}
	b.WriteString(e.text())
	if e.Worker != "" {
		fmt.Fprintf(&b, " (%s; call %v)", e.Worker, e.Fate)
	} else {
		fmt.Fprintf(&b, " (call %v)", e.Fate)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

func (e *CallError) text() string {
	if s := sentinelOf(e.Code); s != nil {
		return s.Error()
	}
	return string(e.Code)
}

// Is reports whether target is the sentinel of e's code.
func (e *CallError) Is(target error) bool {
	s, ok := target.(*sentinel)
	return ok && s.code == e.Code
}

// Unwrap returns the cause.
func (e *CallError) Unwrap() error { return e.Err }

func sentinelOf(code Code) error {
	for _, s := range sentinels {
		if s.(*sentinel).code == code {
			return s
		}
	}
	return nil
}

// FateOf returns the fate that err carries. A nil error, a task's own error and a
// panic mean that the task ended: [Finished].
func FateOf(err error) Fate {
	if e, ok := errors.AsType[*CallError](err); ok {
		return e.Fate
	}
	return Finished
}

// PanicError is the outcome of a call whose task panicked or ended its
// goroutine with runtime.Goexit.
type PanicError struct {
	Value  any    // what was passed to panic; its text when it came from another process; nil for Goexit
	Goexit bool   // the task called runtime.Goexit
	Stack  []byte // the stack at that point
}

func (e *PanicError) Error() string {
	if e.Goexit {
		return "task ended its goroutine (runtime.Goexit)"
	}
	return "task panicked: " + safeText(e.Value)
}

// Unwrap returns the panic's value when it is an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// safeText renders a panic's value; the value's own methods may panic again.
func safeText(v any) (text string) {
	defer func() {
		if recover() != nil {
			text = fmt.Sprintf("%T value whose text cannot be made", v)
		}
	}()
	return fmt.Sprint(v)
}

// RemoteError is a task's own error from another process. Identity does not
// cross that border; type, messages and traceback do. Errors of the context
// package are matched by errors.Is all the same.
type RemoteError struct {
	Type      string  // type name there: "*fs.PathError", "ValueError"
	Message   string  // the error's text
	Chain     []Cause // what it wrapped, outermost first
	Traceback string  // where it was raised, when the runtime knows; may have many lines
	Canceled  bool    // the task ended because its context did
}

// Cause is one wrapped error in [RemoteError.Chain].
type Cause struct {
	Type    string
	Message string
}

func (e *RemoteError) Error() string {
	if e.Type == "" || strings.HasPrefix(e.Type, "*") {
		return e.Message
	}
	if e.Message == "" {
		return e.Type
	}
	return e.Type + ": " + e.Message
}

// Is reports whether target is a context error that ended the task there.
func (e *RemoteError) Is(target error) bool {
	if e.Canceled && target == context.Canceled {
		return true
	}
	return target == context.DeadlineExceeded && e.Message == context.DeadlineExceeded.Error()
}
