package tandemtest

import (
	"context"
	"errors"
	"sync"

	"github.com/gotandem/tandem"
)

var closeScenarios = []scenario{
	{name: "Close/unused", run: func(*env) {}},
	{name: "Close/drains", run: closeDrains},
	{name: "Close/cuts short", run: closeCuts},
	{name: "Close/cuts a Map short", run: closeCutsMap},
	{name: "Close/twice and at once", run: closeTwice},
	{name: "Close/then Execute", run: closeThenExecute},
	{name: "Close/wakes blocked submitters", options: Options{Slots: 1, Queue: 1}, run: closeWakes},
	{name: "Close/races with Submit", run: closeRaces},
	{name: "Close/races with Cancel", run: closeCancels},
}

// closed closes the executor with a context that does not end.
func (e *env) closed() {
	e.Helper()
	if err := e.ex.Close(e.ctx); err != nil {
		e.Errorf("Close: %v", err)
	}
}

// ended is a context that has ended.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// Close finishes what was accepted.
func closeDrains(e *env) {
	running := e.occupy("running")
	var futures []*tandem.Future[int]
	for i := range 10 {
		futures = append(futures, submit(e, e.tasks.Double, i))
	}
	var group sync.WaitGroup
	group.Go(e.closed)
	refused := func() bool {
		_, err := tandem.TrySubmit(e.ctx, e.ex, e.tasks.Double, 1)
		return errors.Is(err, tandem.ErrClosed)
	}
	accepted := 0
	for !refused() {
		if accepted++; accepted > 1_000_000 {
			e.Fatal("Close does not refuse calls")
		}
	}
	for _, o := range running {
		o.visit.Return("")
	}
	group.Wait()
	for i, f := range futures {
		if v, err, finished := f.Result(); v != 2*i || err != nil || !finished {
			e.Errorf("call %d after Close: %v, %v, finished %v", i, v, err, finished)
		}
	}
	if s := e.ex.Stats(); s.Running != 0 || s.Waiting != 0 {
		e.Errorf("after Close: %+v", s)
	}
}

// When the context of Close ends, waiting calls finish as not started, and
// running ones as calls that may have run.
func closeCuts(e *env) {
	e.cut = true
	var running []*occupant
	for range e.options.Slots {
		running = append(running, e.hold(e.gate.Deaf("running")))
	}
	var waiting []*tandem.Future[string]
	for range 5 {
		waiting = append(waiting, submit(e, e.tasks.Hold, e.gate.Hold("waiting")))
	}
	if err := e.ex.Close(ended()); err == nil || !errors.Is(err, context.Canceled) {
		e.Errorf("Close that cuts calls short: %v", err)
	}
	for _, f := range waiting {
		e.expect(failure(e, f), tandem.ErrClosed, tandem.NotStarted)
	}
	for _, o := range running {
		e.expect(failure(e, o.future), tandem.ErrClosed, tandem.MayHaveRun)
		if !e.can.KillsOnTimeout {
			o.visit.Return("")
		}
		o.visit.AwaitGone(e)
	}
	e.never("waiting")
}

// Each input that a Map has taken has an outcome, and the loop ends.
func closeCutsMap(e *env) {
	e.cut = true
	in := func(yield func(Hold) bool) {
		for range 10 {
			if !yield(e.gate.Hold("held")) {
				return
			}
		}
	}
	join := e.beside(func() {
		visits := []*Visit{e.gate.Await(e, "held"), e.gate.Await(e, "held")}
		if err := e.ex.Close(ended()); err == nil {
			e.Error("Close that cuts calls short: no error")
		}
		if !e.can.CancelRunning && !e.can.KillsOnTimeout {
			for _, v := range visits {
				v.Return("")
			}
		}
	})
	n := 0
	for _, err := range tandem.Map(e.ctx, e.ex, e.tasks.Hold, in, tandem.Window(6)) {
		if err == nil {
			e.Error("a call that was cut short succeeded")
		}
		if n++; n > 12 {
			e.Fatal("more outcomes than inputs")
		}
	}
	join()
	if n < 2 {
		e.Errorf("%d outcomes, want those of the running calls at least", n)
	}
}

func closeTwice(e *env) {
	running := e.occupy("running")
	var group sync.WaitGroup
	for range 4 {
		group.Go(e.closed)
	}
	e.release(running...)
	group.Wait()
	e.closed()
	if err := e.ex.Close(ended()); err != nil {
		e.Errorf("Close of a closed executor with an ended context: %v", err)
	}
}

func closeThenExecute(e *env) {
	value(e, submit(e, e.tasks.Double, 1))
	e.closed()
	_, err := tandem.Submit(e.ctx, e.ex, e.tasks.Double, 1)
	e.expect(err, tandem.ErrClosed, tandem.NotStarted)
	_, err = tandem.TrySubmit(e.ctx, e.ex, e.tasks.Double, 1)
	e.expect(err, tandem.ErrClosed, tandem.NotStarted)
	for _, err := range tandem.Map(e.ctx, e.ex, e.tasks.Double, count(5)) {
		e.expect(err, tandem.ErrClosed, tandem.NotStarted)
	}
	e.counts(1, 0, 0)
}

// Submitters that wait for room are refused.
func closeWakes(e *env) {
	blockers := e.occupy("blocker")
	futures := e.fill()
	refused := make(chan error, 4)
	var group sync.WaitGroup
	for range cap(refused) {
		group.Go(func() {
			_, err := tandem.Submit(e.ctx, e.ex, e.tasks.Hold, e.gate.Hold("never"))
			refused <- err
		})
	}
	group.Go(e.closed)
	for range cap(refused) {
		e.expect(<-refused, tandem.ErrClosed, tandem.NotStarted)
	}
	e.release(blockers...)
	e.drained(futures)
	group.Wait()
	e.never("never")
}

// A call that was accepted has an outcome; one that was refused has not run.
func closeRaces(e *env) {
	const submitters = 4
	accepted := make([]int, submitters)
	var group sync.WaitGroup
	begun := make(chan struct{}, submitters)
	for s := range submitters {
		group.Go(func() {
			for i := 0; ; i++ {
				f, err := tandem.Submit(e.ctx, e.ex, e.tasks.Double, i)
				if err != nil {
					e.expect(err, tandem.ErrClosed, tandem.NotStarted)
					return
				}
				accepted[s]++
				if v, err := f.Wait(e.ctx); v != 2*i || err != nil {
					e.Errorf("accepted call: %v, %v", v, err)
					return
				}
				if i == 20 {
					begun <- struct{}{}
				}
			}
		})
	}
	for range submitters {
		await(e, begun, "the submitters")
	}
	e.closed()
	group.Wait()
	total := uint64(0)
	for _, n := range accepted {
		total += uint64(n)
	}
	e.counts(total, 0, 0)
}

// Cancel and Close with an ended context meet at the same calls: each has one
// outcome.
func closeCancels(e *env) {
	e.cut = true
	var futures []*tandem.Future[string]
	for range 8 {
		futures = append(futures, submit(e, e.tasks.Hold, e.gate.Hold("held")))
	}
	e.gate.Await(e, "held")
	var group sync.WaitGroup
	group.Go(func() {
		for _, f := range futures {
			f.Cancel()
		}
	})
	group.Go(func() { e.ex.Close(ended()) })
	group.Wait()
	if !e.can.CancelRunning && !e.can.KillsOnTimeout {
		e.gate.Close()
	}
	for _, f := range futures {
		failure(e, f)
	}
}
