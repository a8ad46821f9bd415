package main

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/alitto/pond/v2"
	"github.com/gammazero/workerpool"
	"github.com/panjf2000/ants/v2"
	"github.com/sourcegraph/conc/pool"
	"golang.org/x/sync/errgroup"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/bench/internal/trial"
)

// window is how many calls are submitted before the first is waited for. It is
// below the default length of tandem's queue, so that no submitter has to wait.
const window = 1000

// submitter is one way to run an empty task on goroutines, as many at once as
// there are processors.
type submitter struct {
	name string
	open func() (submitting, error)
}

// submitting is a submitter that is ready.
type submitting struct {
	one   func() error      // submits one call and waits for it
	many  func(n int) error // submits n calls, then waits for all
	close func() error      // may be nil
}

// submitTrials is row 1.
func submitTrials(s settings) []trial.Trial {
	serial := trial.Trial{
		Title:   "Submit and Wait of an empty task on goroutines, one call after the other",
		Metrics: costMetrics("call"),
		Notes:   []string{"conc and errgroup cannot be used again after a wait, so that each call makes one"},
	}
	windows := trial.Trial{
		Title:   fmt.Sprintf("Submit and Wait of an empty task on goroutines, %d calls submitted, then waited for", window),
		Metrics: costMetrics("call"),
		Notes:   []string{"tandem and pond Submit give each call a result that can be waited for; the others count calls down"},
	}
	for _, c := range submitters() {
		serial.Contenders = append(serial.Contenders, c.contender(s.size(50_000), 1))
		windows.Contenders = append(windows.Contenders, c.contender(s.size(100_000), window))
	}
	goals := []trial.Goal{
		{Text: "at least 4 times as fast as pond Submit", Against: pondSubmit, Bound: 0.25},
		{Text: "at most 1 allocation per call", Metric: 1, Bound: 1.01},
	}
	serial.Goals, windows.Goals = goals, goals
	return []trial.Trial{serial, windows}
}

func submitters() []submitter {
	return []submitter{
		{"tandem Submit", openLocal},
		{pondSubmit, openPond(pondWaits)},
		{"pond Go", openPond(pondCounts)},
		{"ants Submit", openAnts},
		{"conc pool", openConc},
		{"errgroup", openErrgroup},
		{"workerpool", openWorkerpool},
		{"go statement", openGo},
	}
}

// contender makes a trial's contender of c that runs n calls, in windows.
func (c submitter) contender(n, window int) trial.Contender {
	return trial.Contender{Name: c.name, Open: func(context.Context) (trial.Session, error) {
		open, err := c.open()
		if err != nil {
			return trial.Session{}, err
		}
		return trial.Session{Close: open.close, Measure: func(context.Context) (trial.Sample, error) {
			return cost(n, func() error { return open.run(n, window) })
		}}, nil
	}}
}

func (c submitting) run(n, window int) error {
	for done := 0; done < n; done += window {
		var err error
		if window == 1 {
			err = c.one()
		} else {
			err = c.many(min(window, n-done))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

var threads = runtime.GOMAXPROCS(0)

var empty = tandem.Func(func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil })

func openLocal() (submitting, error) {
	ctx := context.Background()
	ex := tandem.NewLocal(tandem.LocalConfig{})
	futures := make([]*tandem.Future[struct{}], window)
	many := func(n int) error {
		for i := range n {
			f, err := tandem.Submit(ctx, ex, empty, struct{}{})
			if err != nil {
				return err
			}
			futures[i] = f
		}
		for i := range n {
			if _, err := futures[i].Wait(ctx); err != nil {
				return err
			}
		}
		return nil
	}
	return submitting{
		one:   func() error { return many(1) },
		many:  many,
		close: func() error { return ex.Close(ctx) },
	}, nil
}

const pondSubmit = "pond Submit"

// openPond opens a pool and adds to it one of the two ways to use it.
func openPond(use func(pond.Pool) submitting) func() (submitting, error) {
	return func() (submitting, error) {
		p := pond.NewPool(threads)
		s := use(p)
		s.close = func() error { p.StopAndWait(); return nil }
		return s, nil
	}
}

func pondWaits(p pond.Pool) submitting {
	tasks := make([]pond.Task, window)
	return submitting{
		one: func() error { return p.Submit(func() {}).Wait() },
		many: func(n int) error {
			for i := range n {
				tasks[i] = p.Submit(func() {})
			}
			for i := range n {
				if err := tasks[i].Wait(); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

func pondCounts(p pond.Pool) submitting { return counting(p.Go) }

func openAnts() (submitting, error) {
	p, err := ants.NewPool(threads)
	if err != nil {
		return submitting{}, err
	}
	s := counting(p.Submit)
	s.close = func() error { p.Release(); return nil }
	return s, nil
}

func openWorkerpool() (submitting, error) {
	p := workerpool.New(threads)
	s := counting(func(task func()) error { p.Submit(task); return nil })
	s.one = func() error { p.SubmitWait(func() {}); return nil }
	s.close = func() error { p.StopWait(); return nil }
	return s, nil
}

// openGo starts a goroutine for each call, which limits nothing.
func openGo() (submitting, error) {
	return counting(func(task func()) error { go task(); return nil }), nil
}

// counting waits for calls of a pool that does not wait for its own by counting
// them down.
func counting(submit func(func()) error) submitting {
	var left sync.WaitGroup
	many := func(n int) error {
		for range n {
			left.Add(1)
			if err := submit(left.Done); err != nil {
				return err
			}
		}
		left.Wait()
		return nil
	}
	return submitting{one: func() error { return many(1) }, many: many}
}

func openConc() (submitting, error) {
	many := func(n int) error {
		p := pool.New().WithMaxGoroutines(threads)
		for range n {
			p.Go(func() {})
		}
		p.Wait()
		return nil
	}
	return submitting{one: func() error { return many(1) }, many: many}, nil
}

func openErrgroup() (submitting, error) {
	many := func(n int) error {
		var group errgroup.Group
		group.SetLimit(threads)
		for range n {
			group.Go(func() error { return nil })
		}
		return group.Wait()
	}
	return submitting{one: func() error { return many(1) }, many: many}, nil
}
