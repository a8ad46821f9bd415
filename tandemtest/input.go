package tandemtest

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"sync/atomic"

	"github.com/gotandem/tandem"
)

var inputScenarios = []scenario{
	{name: "Input/panics", run: inputPanics},
	{name: "Input/Goexit", run: inputGoexits},
	{name: "Input/blocks until ctx ends", run: inputBlocks},
	{name: "Input/break", run: breakJoins},
	{name: "Input/break cancels", run: breakCancels},
	{name: "Input/loop panics", run: loopPanics},
	{name: "Input/ended context", run: mapEnded},
	{name: "Input/context ends", run: mapContextEnds},
}

// The outcomes before a panic of the input are yielded, then the panic.
func inputPanics(e *env) {
	for _, mode := range mapModes {
		e.lastError(mode, func(yield func(int) bool) {
			_ = yield(0) && yield(1)
			panic("input broke")
		}, func(p *tandem.PanicError) bool { return p.Value == "input broke" && len(p.Stack) > 0 })
	}
}

func inputGoexits(e *env) {
	for _, mode := range mapModes {
		e.lastError(mode, func(yield func(int) bool) {
			_ = yield(0) && yield(1)
			runtime.Goexit()
		}, func(p *tandem.PanicError) bool { return p.Goexit })
	}
}

// lastError maps two inputs and an end that is a PanicError.
func (e *env) lastError(mode []tandem.MapOption, in func(func(int) bool), good func(*tandem.PanicError) bool) {
	e.Helper()
	outcomes, last := 0, error(nil)
	for r := range tandem.Results(e.ctx, e.ex, e.tasks.Double, in, mode...) {
		if r.Err == nil {
			outcomes++
		} else if last = r.Err; r.Index != -1 {
			e.Errorf("index %d, want -1: %v", r.Index, r.Err)
		}
	}
	p, ok := errors.AsType[*tandem.PanicError](last)
	if outcomes != 2 || !ok || !good(p) || !strings.Contains(last.Error(), "input") {
		e.Errorf("%d outcomes, want 2; then %s", outcomes, describe(last))
	}
}

func inputBlocks(e *env) {
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	in := func(yield func(int) bool) {
		if yield(0) {
			<-ctx.Done()
		}
	}
	var last error
	n := 0
	for _, err := range tandem.Map(ctx, e.ex, e.tasks.Double, in) {
		if n++; n == 1 {
			cancel()
		}
		last = err
	}
	if n != 2 {
		e.Errorf("%d outcomes, want 2", n)
	}
	e.expect(last, tandem.ErrCanceled, tandem.NotStarted)
}

// Leaving the loop waits until the input has ended and no call runs.
func breakJoins(e *env) {
	for _, mode := range mapModes {
		var ended atomic.Bool
		in := func(yield func(int) bool) {
			defer ended.Store(true)
			for i := 0; yield(i); i++ {
			}
		}
		for _, err := range tandem.Map(e.ctx, e.ex, e.tasks.Double, in, mode...) {
			if err != nil {
				e.Error(err)
			}
			break
		}
		if !ended.Load() {
			e.Error("the input goes on after the loop")
		}
		if s := e.ex.Stats(); s.Accepted != s.Succeeded+s.Failed+s.Canceled {
			e.Errorf("calls go on after the loop: %+v", s)
		}
	}
}

// Calls that run when the loop is left are canceled; those that wait never run.
// Where running calls cannot be canceled they are released before the loop is
// left, which lets a waiting one start: then there is none.
func breakCancels(e *env) {
	in := func(yield func(Hold) bool) {
		_ = yield(e.gate.Hold("first")) && yield(e.gate.Hold("running")) && yield(e.gate.Hold("running")) &&
			e.can.CancelRunning && yield(e.gate.Hold("waiting"))
	}
	join := e.beside(func() {
		e.gate.Await(e, "first").Return("")
	})
	var running []*Visit
	for _, err := range tandem.Map(e.ctx, e.ex, e.tasks.Hold, in, tandem.Window(4)) {
		if err != nil {
			e.Error(err)
		}
		for range 2 {
			running = append(running, e.gate.Await(e, "running"))
		}
		if !e.can.CancelRunning {
			for _, v := range running {
				v.Return("")
			}
		}
		break
	}
	join()
	for _, v := range running {
		if e.can.CancelRunning {
			v.AwaitCanceled(e)
		}
		v.AwaitGone(e)
	}
	if e.can.CancelRunning {
		e.never("waiting")
	}
}

func loopPanics(e *env) {
	defer func() {
		if v := recover(); v != "loop" {
			e.Errorf("recovered %v, want the loop's panic", v)
		}
		if s := e.ex.Stats(); s.Accepted != s.Succeeded+s.Failed+s.Canceled {
			e.Errorf("calls go on after the panic: %+v", s)
		}
	}()
	for range tandem.Map(e.ctx, e.ex, e.tasks.Double, count(1000)) {
		panic("loop")
	}
}

func mapEnded(e *env) {
	ctx, cancel := context.WithCancel(e.ctx)
	cancel()
	n := 0
	for _, err := range tandem.Map(ctx, e.ex, e.tasks.Double, count(100000)) {
		n++
		if err != nil {
			e.expect(err, tandem.ErrCanceled, tandem.NotStarted)
		}
	}
	if n == 0 || n == 100000 {
		e.Errorf("%d outcomes of a Map whose context had ended", n)
	}
}

// The end of ctx while calls run and wait gives each an outcome, then an error
// that tells that inputs are missing.
func mapContextEnds(e *env) {
	why := errors.New("why")
	ctx, cancel := context.WithCancelCause(e.ctx)
	defer cancel(nil)
	in := func(yield func(Hold) bool) {
		for yield(e.gate.Hold("held")) {
		}
	}
	join := e.beside(func() {
		visits := []*Visit{e.gate.Await(e, "held"), e.gate.Await(e, "held")}
		cancel(why)
		for _, v := range visits {
			if !e.can.CancelRunning {
				v.Return("")
			}
		}
	})
	var last error
	n := 0
	for _, err := range tandem.Map(ctx, e.ex, e.tasks.Hold, in, tandem.Window(6)) {
		n++
		last = err
	}
	join()
	if n < 3 || n > 7 {
		e.Errorf("%d outcomes, want those of at most 6 inputs and a last error", n)
	}
	e.expect(last, tandem.ErrCanceled, tandem.NotStarted)
	if !errors.Is(last, why) {
		e.Errorf("last error does not match the cause: %v", last)
	}
}
