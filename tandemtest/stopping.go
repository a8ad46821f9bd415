package tandemtest

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"

	"github.com/gotandem/tandem"
)

// stopScenarios are about [tandem.Handle], which needs a [tandem.Stopper].
var stopScenarios = []scenario{
	{name: "Stop/waiting", run: stopWaiting},
	{name: "Stop/running", needs: canCancel, run: stopRunning},
	{name: "Stop/running, ignored", run: stopIgnored},
	{name: "Stop/not retried", needs: kills, run: stopNotRetried},
	{name: "Stop/what is not there", run: stopNothing},
	{name: "Stop/many", run: stopMany},
}

func kills(c Capabilities) bool { return c.KillsOnTimeout }

// taken yields inputs, and closes the event of each when the Map has taken it.
func taken[In any](inputs ...In) (iter.Seq[In], []chan struct{}) {
	var events []chan struct{}
	for range inputs {
		events = append(events, make(chan struct{}))
	}
	return func(yield func(In) bool) {
		for i, in := range inputs {
			if !yield(in) {
				return
			}
			close(events[i])
		}
	}, events
}

// steer ranges over holds while f runs beside, and returns their errors by index.
func (e *env) steer(inputs iter.Seq[Hold], f func(h *tandem.Handle), opts ...tandem.MapOption) map[int]error {
	e.Helper()
	h := new(tandem.Handle)
	join := e.beside(func() { f(h) })
	defer join()
	errs := make(map[int]error)
	opts = append(opts, tandem.Steer(h), tandem.Unordered())
	for r := range tandem.Results(e.ctx, e.ex, e.tasks.Hold, inputs, opts...) {
		errs[r.Index] = r.Err
	}
	return errs
}

// A call that waits ends at once, and never runs; those beside it do.
func stopWaiting(e *env) {
	blockers := e.occupy("blocker")
	inputs, events := taken(e.gate.Hold("a"), e.gate.Hold("b"), e.gate.Hold("c"))
	h := new(tandem.Handle)
	join := e.beside(func() {
		await(e, events[2], "the inputs to be taken")
		if !h.Stop(1) {
			e.Error("Stop of a waiting call: false")
		}
	})
	n := 0
	for r := range tandem.Results(e.ctx, e.ex, e.tasks.Hold, inputs, tandem.Steer(h), tandem.Unordered()) {
		if n++; n > 1 {
			if r.Err != nil {
				e.Errorf("call %d: %s", r.Index, describe(r.Err))
			}
			continue
		}
		if r.Index != 1 || !errors.Is(r.Err, context.Canceled) {
			e.Errorf("first outcome is of %d: %s", r.Index, describe(r.Err))
		}
		e.expect(r.Err, tandem.ErrCanceled, tandem.NotStarted)
		e.release(blockers...)
		e.gate.Await(e, "a").Return("")
		e.gate.Await(e, "c").Return("")
	}
	join()
	e.never("b")
	e.counts(4, 0, 1)
}

// A running call that is stopped learns of it; the next one does not.
func stopRunning(e *env) {
	inputs, _ := taken(e.gate.Hold("a"), e.gate.Hold("b"))
	errs := e.steer(inputs, func(h *tandem.Handle) {
		a, b := e.gate.Await(e, "a"), e.gate.Await(e, "b")
		if !h.Stop(0) {
			e.Error("Stop of a running call: false")
		}
		a.AwaitCanceled(e)
		a.AwaitGone(e)
		b.Return("")
	})
	if errs[0] == nil || e.can.ContextErrors && !errors.Is(errs[0], context.Canceled) {
		e.Errorf("stopped call: %s", describe(errs[0]))
	}
	if errs[1] != nil {
		e.Errorf("the call beside: %s", describe(errs[1]))
	}
	if v := value(e, submit(e, e.tasks.Double, 4)); v != 8 {
		e.Errorf("next call: %v", v)
	}
	e.counts(2, 1, 0)
}

// A running call that goes on is ended with its process where there is one, and
// else ends as it likes.
func stopIgnored(e *env) {
	inputs, _ := taken(e.gate.Deaf("deaf"))
	errs := e.steer(inputs, func(h *tandem.Handle) {
		v := e.gate.Await(e, "deaf")
		h.Stop(0)
		h.Stop(0)
		if !e.can.KillsOnTimeout {
			v.Return("")
		}
		v.AwaitGone(e)
	})
	if e.can.KillsOnTimeout {
		e.expect(errs[0], tandem.ErrWorkerLost, tandem.MayHaveRun)
		if !errors.Is(errs[0], context.Canceled) {
			e.Errorf("error does not match context.Canceled: %s", describe(errs[0]))
		}
	} else if errs[0] != nil {
		e.Errorf("outcome %s", describe(errs[0]))
	}
	if v := value(e, submit(e, e.tasks.Double, 4)); v != 8 {
		e.Errorf("next call: %v", v)
	}
}

func stopNotRetried(e *env) {
	inputs, _ := taken(e.gate.Deaf("deaf"))
	errs := e.steer(inputs, func(h *tandem.Handle) {
		v := e.gate.Await(e, "deaf")
		h.Stop(0)
		v.AwaitGone(e)
	}, tandem.Retries(3), tandem.Idempotent())
	e.expect(errs[0], tandem.ErrWorkerLost, tandem.MayHaveRun)
	if n := e.gate.Started("deaf"); n != 1 {
		e.Errorf("started %d times", n)
	}
}

func stopNothing(e *env) {
	h := new(tandem.Handle)
	if h.Stop(0) {
		e.Error("Stop without a Map: true")
	}
	all := tandem.Results(e.ctx, e.ex, e.tasks.Double, count(3), tandem.Steer(h))
	for range 2 {
		for r := range all {
			if h.Stop(r.Index) || h.Stop(3) || h.Stop(-1) {
				e.Errorf("Stop of a call that has ended, or is not there: true")
			}
		}
	}
	if h.Stop(2) {
		e.Error("Stop after the Map: true")
	}
	e.counts(6, 0, 0)
}

// Whatever Stop meets, each call has one outcome that fits.
func stopMany(e *env) {
	n := min(5000, e.large)
	for _, opts := range mapModes {
		h := new(tandem.Handle)
		over := make(chan struct{})
		join := e.beside(func() {
			for {
				select {
				case <-over:
					return
				default:
					h.Stop(rand.IntN(n)) //nolint:gosec // any will do
				}
			}
		})
		seen := make(map[int]bool)
		opts = append([]tandem.MapOption{tandem.Steer(h)}, opts...)
		for r := range tandem.Results(e.ctx, e.ex, e.tasks.Double, count(n), opts...) {
			switch fate := tandem.FateOf(r.Err); {
			case seen[r.Index]:
				e.Errorf("call %d has two outcomes", r.Index)
			case r.Err == nil && r.Value == 2*r.Index:
			case errors.Is(r.Err, tandem.ErrCanceled) && fate == tandem.NotStarted:
			case errors.Is(r.Err, context.Canceled) && fate == tandem.MayHaveRun:
			case errors.Is(r.Err, tandem.ErrWorkerLost) && fate == tandem.MayHaveRun: // with a call beside it
			default:
				e.Errorf("call %d: %v, %s", r.Index, r.Value, describe(r.Err))
			}
			seen[r.Index] = true
		}
		close(over)
		join()
		if len(seen) != n {
			e.Errorf("%d outcomes, want %d", len(seen), n)
		}
	}
}
