package tandem

import (
	"context"
	"fmt"
	"reflect"
	"runtime/debug"
)

// Task is a function that executors can run, from In to Out. Tasks are values;
// copies are the same task. The zero Task is not usable.
type Task[In, Out any] struct {
	name string // empty: a closure
	fn   func(context.Context, In) (Out, error)
}

// Define makes a task out of fn under a name. The name stands for the task in
// other processes, so it must be the same in each program that runs it, and
// unique among the tasks of a program. Inputs and outcomes of a call that
// crosses a process border are copied. Define has no effect of its own, so
// that tasks can be package variables. It panics if name is empty or fn is nil.
func Define[In, Out any](name string, fn func(context.Context, In) (Out, error)) Task[In, Out] {
	if name == "" {
		panic("tandem: Define: the name is empty")
	}
	if fn == nil {
		panic(fmt.Sprintf("tandem: Define(%q): the function is nil", name))
	}
	return Task[In, Out]{name, fn}
}

// Declare names a task whose function lives elsewhere: in a Python file, or in
// another program. Executors that run only functions of this process refuse it
// with [ErrUnknownTask]. It panics if name is empty.
func Declare[In, Out any](name string) Task[In, Out] {
	if name == "" {
		panic("tandem: Declare: the name is empty")
	}
	return Task[In, Out]{name: name}
}

// Func makes a task out of a function without a name, which may be a closure.
// Only executors that share memory with the caller can run it; others refuse it
// with [ErrNotPortable]. It panics if fn is nil.
func Func[In, Out any](fn func(context.Context, In) (Out, error)) Task[In, Out] {
	if fn == nil {
		panic("tandem: Func: the function is nil")
	}
	return Task[In, Out]{fn: fn}
}

// Name returns the task's name, empty for a closure.
func (t Task[In, Out]) Name() string { return t.name }

// Types returns the types of the task's input and output.
func (t Task[In, Out]) Types() (in, out reflect.Type) {
	return reflect.TypeFor[In](), reflect.TypeFor[Out]()
}

// Serve runs the task in a worker process: it decodes an input, runs the
// function, and appends the encoded value to dst. Errors are the task's own, a
// [*PanicError], or a [*CallError] that says that the input could not be
// decoded ([NotStarted]) or the value not encoded ([Finished]).
func (t Task[In, Out]) Serve(ctx context.Context, codec Codec, input, dst []byte) ([]byte, error) {
	if t.fn == nil {
		return dst, newCallError(ErrUnknownTask, NotStarted, fmt.Errorf("%s is declared, not defined, here", t.name))
	}
	var in In
	if err := codec.Decode(input, &in); err != nil {
		return dst, newCallError(ErrBadInput, NotStarted, err)
	}
	out, err := protect(ctx, t.fn, in)
	if err != nil {
		return dst, err
	}
	encoded, err := codec.Append(dst, &out)
	if err != nil {
		return dst, newCallError(ErrBadResult, Finished, err)
	}
	return encoded, nil
}

// AnyTask is a [Task] of whatever types. Only this package implements it.
type AnyTask interface {
	Name() string
	Types() (in, out reflect.Type)
	Serve(ctx context.Context, codec Codec, input, dst []byte) ([]byte, error)
	sealed()
}

func (t Task[In, Out]) sealed() {}

// protect runs fn and turns a panic into a [*PanicError]. A Goexit passes
// through: only the owner of the goroutine can report it.
func protect[In, Out any](ctx context.Context, fn func(context.Context, In) (Out, error), in In) (out Out, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = &PanicError{Value: v, Stack: debug.Stack()}
		}
	}()
	return fn(ctx, in)
}
