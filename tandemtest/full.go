package tandemtest

import (
	"context"
	"errors"
	"sync"

	"github.com/gotandem/tandem"
)

var fullScenarios = []scenario{
	{name: "Full/TrySubmit", options: Options{Slots: 1, Queue: 3}, run: fullTry},
	{name: "Full/Submit blocks until ctx ends", options: Options{Slots: 1, Queue: 3}, run: fullEnds},
	{name: "Full/Submit blocks until there is room", options: Options{Slots: 1, Queue: 3}, run: fullRoom},
	{name: "Full/Map", options: Options{Slots: 1, Queue: 1}, run: fullMap},
}

// fill submits calls until the executor is full and returns their futures. An
// executor may hold some calls outside of its queue.
func (e *env) fill() []*tandem.Future[int] {
	e.Helper()
	var futures []*tandem.Future[int]
	for i := range 10_000 {
		f, err := tandem.TrySubmit(e.ctx, e.ex, e.tasks.Double, i)
		if err != nil {
			e.expect(err, tandem.ErrFull, tandem.NotStarted)
			if i < e.options.Queue {
				e.Errorf("full with %d calls waiting, want at least %d", i, e.options.Queue)
			}
			return futures
		}
		futures = append(futures, f)
	}
	e.Fatal("10000 calls wait and the executor is not full")
	return nil
}

// drained checks the values of fill.
func (e *env) drained(futures []*tandem.Future[int]) {
	e.Helper()
	for i, f := range futures {
		if v := value(e, f); v != 2*i {
			e.Errorf("call %d: %v", i, v)
		}
	}
}

func fullTry(e *env) {
	blockers := e.occupy("blocker")
	futures := e.fill()
	if s := e.ex.Stats(); s.QueueLimit != e.options.Queue || s.Waiting < e.options.Queue {
		e.Errorf("Stats of a full executor: %+v", s)
	}
	e.release(blockers...)
	e.drained(futures)
	e.drained(e.fillable())
}

// fillable submits as many calls as must find room in an idle executor.
func (e *env) fillable() []*tandem.Future[int] {
	var futures []*tandem.Future[int]
	for i := range e.options.Queue {
		f, err := tandem.TrySubmit(e.ctx, e.ex, e.tasks.Double, i)
		if err != nil {
			e.Fatalf("idle executor refuses call %d: %v", i, err)
		}
		futures = append(futures, f)
	}
	return futures
}

// A Submit that blocks ends with its context, and its call never runs.
func fullEnds(e *env) {
	blockers := e.occupy("blocker")
	futures := e.fill()
	why := errors.New("why")
	ctx, cancel := context.WithCancelCause(e.ctx)
	refused := make(chan error, 3)
	var group sync.WaitGroup
	defer group.Wait()
	for range cap(refused) {
		group.Go(func() {
			_, err := tandem.Submit(ctx, e.ex, e.tasks.Hold, e.gate.Hold("never"))
			refused <- err
		})
	}
	select {
	case err := <-refused:
		e.Errorf("Submit on a full executor returned %v", err)
		refused <- err
	default:
	}
	cancel(why)
	for range cap(refused) {
		err := <-refused
		e.expect(err, tandem.ErrCanceled, tandem.NotStarted)
		if !errors.Is(err, why) {
			e.Errorf("error does not match the cause: %s", describe(err))
		}
	}
	e.release(blockers...)
	e.drained(futures)
	e.never("never")
}

// Submitters that block are admitted when calls start. One that goes away does
// not keep the others out.
func fullRoom(e *env) {
	blockers := e.occupy("blocker")
	futures := e.fill()
	const n = 8
	type answer struct {
		in  int
		f   *tandem.Future[int]
		err error
	}
	answers := make(chan answer, 2*n)
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	var group sync.WaitGroup
	defer group.Wait()
	for i := range n {
		group.Go(func() {
			f, err := tandem.Submit(e.ctx, e.ex, e.tasks.Double, i)
			answers <- answer{i, f, err}
		})
		group.Go(func() {
			f, err := tandem.Submit(ctx, e.ex, e.tasks.Double, i)
			answers <- answer{i, f, err}
		})
	}
	cancel()
	e.release(blockers...)
	accepted := 0
	for range 2 * n {
		a := <-answers
		switch {
		case a.err != nil:
			e.expect(a.err, tandem.ErrCanceled, tandem.NotStarted)
		default:
			v, err := a.f.Wait(e.ctx)
			if err != nil && !errors.Is(err, tandem.ErrCanceled) || err == nil && v != 2*a.in {
				e.Errorf("call %d: %v, %v", a.in, v, err)
			}
			accepted++
		}
	}
	if accepted < n {
		e.Errorf("%d submitters were admitted, want at least %d", accepted, n)
	}
	e.drained(futures)
}

// A Map and single calls share an executor that has room for one.
func fullMap(e *env) {
	join := e.beside(func() {
		for i := range 100 {
			if v, err := tandem.Run(e.ctx, e.ex, e.tasks.Double, i); v != 2*i || err != nil {
				e.Errorf("Run(%d): %v, %v", i, v, err)
			}
		}
	})
	n := min(2000, e.large)
	e.eachOnce(n, tandem.Map(e.ctx, e.ex, e.tasks.Double, count(n)))
	join()
}
