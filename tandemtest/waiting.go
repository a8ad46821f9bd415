package tandemtest

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/gotandem/tandem"
)

var waitScenarios = []scenario{
	{name: "Wait/all", run: waitAll},
	{name: "Wait/all, ctx ends", run: waitAllEnds},
	{name: "Wait/first", run: waitFirst},
	{name: "Wait/first error", run: waitFirstError},
	{name: "Wait/as completed", run: asCompleted},
	{name: "Wait/as completed, left early", run: asCompletedLeft},
}

// pair starts two holds and returns their futures.
func (e *env) pair() (a, b *occupant, futures []*tandem.Future[string]) {
	a, b = e.hold(e.gate.Hold("a")), e.hold(e.gate.Hold("b"))
	return a, b, []*tandem.Future[string]{a.future, b.future}
}

func waitAll(e *env) {
	a, b, futures := e.pair()
	b.visit.Return("B")
	b.visit.AwaitGone(e)
	a.visit.Fail("broken")
	values, err := tandem.WaitAll(e.ctx, futures...)
	if !slices.Equal(values, []string{"", "B"}) || err == nil || !strings.Contains(err.Error(), "call 0") ||
		!strings.Contains(err.Error(), "broken") {
		e.Errorf("WaitAll: %q, %v", values, err)
	}
	if values, err := tandem.WaitAll[int](e.ctx); len(values) != 0 || err != nil {
		e.Errorf("WaitAll of nothing: %v, %v", values, err)
	}
}

func waitAllEnds(e *env) {
	a, b, futures := e.pair()
	e.release(b)
	values, err := tandem.WaitAll(ended(), futures...)
	if !slices.Equal(values, []string{"", "released"}) {
		e.Errorf("values %q", values)
	}
	e.expect(err, tandem.ErrWaitEnded, tandem.MayHaveRun)
	e.release(a)
}

func waitFirst(e *env) {
	a, b, futures := e.pair()
	b.visit.Return("B")
	if i, err := tandem.WaitFirst(e.ctx, futures...); i != 1 || err != nil {
		e.Errorf("WaitFirst: %d, %v", i, err)
	}
	if i, err := tandem.WaitFirst(ended(), a.future); i != -1 || !errors.Is(err, context.Canceled) {
		e.Errorf("WaitFirst with an ended context: %d, %v", i, err)
	}
	e.release(a)
	if i, err := tandem.WaitFirst[int](e.ctx); i != -1 || err == nil {
		e.Errorf("WaitFirst of nothing: %d, %v", i, err)
	}
}

func waitFirstError(e *env) {
	a, b, futures := e.pair()
	a.visit.Return("A")
	value(e, a.future)
	if i, err := tandem.WaitFirstError(ended(), b.future); i != -1 || !errors.Is(err, context.Canceled) {
		e.Errorf("WaitFirstError with an ended context: %d, %v", i, err)
	}
	b.visit.Fail("broken")
	if i, err := tandem.WaitFirstError(e.ctx, futures...); i != 1 || messageOf(err) != "broken" {
		e.Errorf("WaitFirstError: %d, %v", i, err)
	}
	if i, err := tandem.WaitFirstError(e.ctx, a.future); i != -1 || err != nil {
		e.Errorf("WaitFirstError of a success: %d, %v", i, err)
	}
}

func asCompleted(e *env) {
	a, b, futures := e.pair()
	var order []string
	b.visit.Return("B")
	for f := range tandem.AsCompleted(e.ctx, futures...) {
		v, err, finished := f.Result()
		if err != nil || !finished {
			e.Errorf("yielded a future with %v, finished %v", err, finished)
		}
		order = append(order, v)
		a.visit.Return("A")
	}
	if !slices.Equal(order, []string{"B", "A"}) {
		e.Errorf("order %q", order)
	}
}

func asCompletedLeft(e *env) {
	a, b, futures := e.pair()
	a.visit.Return("A")
	n := 0
	for range tandem.AsCompleted(e.ctx, futures...) {
		n++
		break
	}
	for range tandem.AsCompleted(ended(), b.future) {
		n++
	}
	if n != 1 {
		e.Errorf("yielded %d futures, want 1", n)
	}
	e.release(b)
}
