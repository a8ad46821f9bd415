package tandemtest

import (
	"context"
	"errors"
	"strings"

	"github.com/gotandem/tandem"
)

func panics(c Capabilities) bool        { return c.Panics }
func goexits(c Capabilities) bool       { return c.Goexit }
func shares(c Capabilities) bool        { return c.SharedMemory }
func sharesNot(c Capabilities) bool     { return !c.SharedMemory }
func errorTypes(c Capabilities) bool    { return c.ErrorTypes && !c.SharedMemory }
func contextErrs(c Capabilities) bool   { return c.ContextErrors }
func encodesValues(c Capabilities) bool { return !c.Values }

var errorScenarios = []scenario{
	{name: "Error/text", run: errorText},
	{name: "Error/identity", needs: shares, run: errorIdentity},
	{name: "Error/across the border", needs: errorTypes, run: errorRemote},
	{name: "Error/context", needs: contextErrs, run: errorContext},
	{name: "Error/of another call", needs: shares, run: errorNested},
	{name: "Panic/string", needs: panics, run: panicString},
	{name: "Panic/error", needs: panics, run: panicError},
	{name: "Panic/rude", needs: panics, run: panicRude},
	{name: "Panic/nil", needs: panics, run: panicNil},
	{name: "Panic/in a Map", needs: panics, run: panicMap},
	{name: "Goexit/call", needs: goexits, run: goexitCall},
	{name: "Goexit/in a Map", needs: goexits, run: goexitMap},
}

// failing runs the task fail.
func (e *env) failing(kind, text string) error {
	e.Helper()
	return failure(e, submit(e, e.tasks.Fail, Failure{kind, text}))
}

func errorText(e *env) {
	err := e.failing("plain", "it broke")
	if messageOf(err) != "it broke" || tandem.FateOf(err) != tandem.Finished {
		e.Errorf("error %s with fate %v", describe(err), tandem.FateOf(err))
	}
	if _, engine := errors.AsType[*tandem.CallError](err); engine {
		e.Errorf("the task's own error is a CallError: %v", err)
	}
	e.counts(0, 1, 0)
}

func errorIdentity(e *env) {
	err := e.failing("wrapped", "inside")
	own, ok := errors.AsType[*Error](err)
	if !ok || own.Text != "inside" || err.Error() != "outer: inside" {
		e.Errorf("error %s", describe(err))
	}
}

func errorRemote(e *env) {
	err := e.failing("wrapped", "inside")
	remote, ok := err.(*tandem.RemoteError)
	if !ok {
		e.Fatalf("error is %s, want a *tandem.RemoteError", describe(err))
	}
	if remote.Type == "" || remote.Message != "outer: inside" {
		e.Errorf("type %q, message %q", remote.Type, remote.Message)
	}
	if len(remote.Chain) != 1 || remote.Chain[0].Message != "inside" || remote.Chain[0].Type == "" {
		e.Errorf("chain %+v", remote.Chain)
	}
}

func errorContext(e *env) {
	if err := e.failing("canceled", ""); !errors.Is(err, context.Canceled) {
		e.Errorf("error %s does not match context.Canceled", describe(err))
	}
	if err := e.failing("deadline", ""); !errors.Is(err, context.DeadlineExceeded) {
		e.Errorf("error %s does not match context.DeadlineExceeded", describe(err))
	}
	e.counts(0, 2, 0)
}

// An engine failure that a task got from a call of its own is the task's own
// error here: it says nothing about this call.
func errorNested(e *env) {
	f := submit(e, e.tasks.Fail, Failure{"call", "x"}, tandem.Retries(2))
	if err := failure(e, f); !errors.Is(err, tandem.ErrWorkerLost) {
		e.Errorf("error %s", describe(err))
	}
	if n := e.ex.Stats().Retried; n != 2 {
		e.Errorf("Retried is %d, want 2", n)
	}
	e.counts(0, 1, 0)
}

// panicking runs the task panic.
func (e *env) panicking(kind, text string) *tandem.PanicError {
	e.Helper()
	err := failure(e, submit(e, e.tasks.Panic, Failure{kind, text}))
	p, ok := errors.AsType[*tandem.PanicError](err)
	if !ok {
		e.Fatalf("error is %s, want a *tandem.PanicError", describe(err))
	}
	if p.Goexit || !strings.Contains(string(p.Stack), "panicking") {
		e.Errorf("Goexit %v, stack:\n%s", p.Goexit, p.Stack)
	}
	if tandem.FateOf(err) != tandem.Finished {
		e.Errorf("fate %v, want %v", tandem.FateOf(err), tandem.Finished)
	}
	return p
}

func panicString(e *env) {
	if p := e.panicking("string", "help"); p.Value != "help" || !strings.Contains(p.Error(), "help") {
		e.Errorf("value %v, text %q", p.Value, p.Error())
	}
	e.counts(0, 1, 0)
}

func panicError(e *env) {
	p := e.panicking("error", "cause")
	if !strings.Contains(p.Error(), "cause") {
		e.Errorf("text %q", p.Error())
	}
	if _, ok := errors.AsType[*Error](p); ok != e.can.SharedMemory {
		e.Errorf("panic's error can be unwrapped: %v, want %v", ok, e.can.SharedMemory)
	}
}

// The text of a panic's value is made without another panic.
func panicRude(e *env) {
	if text := e.panicking("rude", "").Error(); text == "" {
		e.Error("no text")
	}
}

func panicNil(e *env) {
	if text := e.panicking("nil", "").Error(); !strings.Contains(text, "nil") {
		e.Errorf("text %q does not tell of nil", text)
	}
}

func panicMap(e *env) {
	in := func(yield func(Failure) bool) {
		for i := 0; i < 50 && yield(Failure{"string", "boom"}); i++ {
		}
	}
	n := 0
	for _, err := range tandem.Map(e.ctx, e.ex, e.tasks.Panic, in) {
		if _, ok := errors.AsType[*tandem.PanicError](err); !ok {
			e.Errorf("outcome %d: %s", n, describe(err))
		}
		n++
	}
	if n != 50 {
		e.Errorf("%d outcomes, want 50", n)
	}
	e.counts(0, 50, 0)
}

func goexitCall(e *env) {
	for range 3 {
		err := failure(e, submit(e, e.tasks.Goexit, 1))
		if p, ok := errors.AsType[*tandem.PanicError](err); !ok || !p.Goexit {
			e.Errorf("error %s, want a PanicError of Goexit", describe(err))
		}
	}
	value(e, submit(e, e.tasks.Double, 1))
	e.counts(1, 3, 0)
}

func goexitMap(e *env) {
	n := 0
	for _, err := range tandem.Map(e.ctx, e.ex, e.tasks.Goexit, count(100)) {
		if p, ok := errors.AsType[*tandem.PanicError](err); !ok || !p.Goexit {
			e.Errorf("outcome %d: %s", n, describe(err))
		}
		n++
	}
	if n != 100 {
		e.Errorf("%d outcomes, want 100", n)
	}
	e.counts(0, 100, 0)
}
