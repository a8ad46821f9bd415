package tandemtest

import (
	"context"
	"errors"

	"github.com/gotandem/tandem"
)

func canCancel(c Capabilities) bool { return c.CancelRunning }

var cancelScenarios = []scenario{
	{name: "Cancel/waiting", run: cancelWaiting},
	{name: "Cancel/running", needs: canCancel, run: cancelRunning},
	{name: "Cancel/running, ignored", run: cancelIgnored},
	{name: "Cancel/finished", run: cancelFinished},
	{name: "Cancel/context of a waiting call", run: contextOfWaiting},
	{name: "Cancel/context of a running call", needs: canCancel, run: contextOfRunning},
	{name: "Cancel/while others go on", run: cancelOne},
	{name: "Cancel/many", run: cancelMany},
	{name: "Wait/context ends", run: waitEnds},
}

// A canceled call that waits never runs.
func cancelWaiting(e *env) {
	blockers := e.occupy("blocker")
	f := submit(e, e.tasks.Hold, e.gate.Hold("waiting"))
	f.Cancel()
	err := failure(e, f)
	e.expect(err, tandem.ErrCanceled, tandem.NotStarted)
	if !errors.Is(err, context.Canceled) {
		e.Errorf("error does not match context.Canceled: %s", describe(err))
	}
	f.Cancel()
	e.release(blockers...)
	e.never("waiting")
	e.counts(2, 0, 1)
}

// The context of a canceled call that runs ends, and its outcome is what it returns.
func cancelRunning(e *env) {
	o := e.hold(e.gate.Hold("running"))
	o.future.Cancel()
	o.visit.AwaitCanceled(e)
	if err := failure(e, o.future); e.can.ContextErrors && !errors.Is(err, context.Canceled) {
		e.Errorf("error does not match context.Canceled: %s", describe(err))
	}
	e.counts(0, 1, 0)
}

// A task that goes on after it was canceled has the outcome that it returns.
func cancelIgnored(e *env) {
	o := e.hold(e.gate.Deaf("deaf"))
	o.future.Cancel()
	o.future.Cancel()
	o.visit.Return("after all")
	if v := value(e, o.future); v != "after all" {
		e.Errorf("outcome %q", v)
	}
	e.counts(1, 0, 0)
}

func cancelFinished(e *env) {
	f := submit(e, e.tasks.Double, 4)
	value(e, f)
	f.Cancel()
	if v := value(e, f); v != 8 {
		e.Errorf("outcome after Cancel: %v", v)
	}
	if v := value(e, submit(e, e.tasks.Double, 5)); v != 10 {
		e.Errorf("next call: %v", v)
	}
	e.counts(2, 0, 0)
}

func contextOfWaiting(e *env) {
	why := errors.New("why")
	blockers := e.occupy("blocker")
	ctx, cancel := context.WithCancelCause(e.ctx)
	f, err := tandem.Submit(ctx, e.ex, e.tasks.Hold, e.gate.Hold("waiting"))
	if err != nil {
		e.Fatal(err)
	}
	cancel(why)
	err = failure(e, f)
	e.expect(err, tandem.ErrCanceled, tandem.NotStarted)
	if !errors.Is(err, why) {
		e.Errorf("error does not match the cause: %s", describe(err))
	}
	e.release(blockers...)
	e.never("waiting")
	e.counts(2, 0, 1)
}

func contextOfRunning(e *env) {
	ctx, cancel := context.WithCancel(e.ctx)
	f, err := tandem.Submit(ctx, e.ex, e.tasks.Hold, e.gate.Hold("running"))
	if err != nil {
		e.Fatal(err)
	}
	v := e.gate.Await(e, "running")
	cancel()
	v.AwaitCanceled(e)
	failure(e, f)
	e.counts(0, 1, 0)
}

// Canceling one of several waiting calls leaves the others alone.
func cancelOne(e *env) {
	blockers := e.occupy("blocker")
	var futures []*tandem.Future[int]
	for i := range 9 {
		futures = append(futures, submit(e, e.tasks.Double, i))
	}
	futures[4].Cancel()
	e.expect(failure(e, futures[4]), tandem.ErrCanceled, tandem.NotStarted)
	e.release(blockers...)
	for i, f := range futures {
		if i != 4 && value(e, f) != 2*i {
			e.Errorf("call %d has a wrong value", i)
		}
	}
	e.counts(10, 0, 1)
}

// Whatever a cancellation meets, each call has one outcome that fits.
func cancelMany(e *env) {
	const n = 300
	canceled, ended := uint64(0), uint64(0)
	for i := range n {
		f := submit(e, e.tasks.Double, i)
		f.Cancel()
		switch v, err := f.Wait(e.ctx); {
		case err == nil && v == 2*i:
		case errors.Is(err, tandem.ErrCanceled) && tandem.FateOf(err) == tandem.NotStarted:
			canceled++
		case errors.Is(err, context.Canceled) && tandem.FateOf(err) == tandem.MayHaveRun:
			ended++ // it had just started
		default:
			e.Errorf("call %d: %v, %v", i, v, err)
		}
	}
	e.counts(n-canceled-ended, ended, canceled)
}

// The end of the context given to Wait ends the wait, not the call.
func waitEnds(e *env) {
	o := e.hold(e.gate.Hold("waited"))
	why := errors.New("why")
	ctx, cancel := context.WithCancelCause(e.ctx)
	cancel(why)
	_, err := o.future.Wait(ctx)
	e.expect(err, tandem.ErrWaitEnded, tandem.MayHaveRun)
	if !errors.Is(err, why) {
		e.Errorf("error does not match the cause: %s", describe(err))
	}
	e.release(o)
	e.counts(1, 0, 0)
}
