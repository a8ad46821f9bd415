package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/bench/internal/trial"
	"github.com/gotandem/tandem/process"
)

// holdFor is longer than any measurement: what is told to hold for it ends by a
// signal.
const holdFor = time.Hour

// The contenders that the goals of row 8 name.
const (
	goWorker     = "tandem, Go worker"
	pythonWorker = "tandem, Python worker"
)

// recoverable is one process that runs calls and can be replaced.
type recoverable interface {
	// pid is the process that serves now.
	pid() (int, error)

	// call makes one trivial call.
	call(ctx context.Context) error

	// hold starts a call that does not end, and returns when it runs. The
	// function returned waits for its outcome.
	hold(ctx context.Context) (outcome func() error, err error)

	// replace does what is left to the user of the process after its death.
	replace() error

	close() error
}

// death is how the process that serves is killed, and how long its slot then
// does not serve.
type death struct {
	name    string
	measure func(context.Context, recoverable) (time.Duration, error)
}

// recoveryTrials is row 8.
func recoveryTrials(s settings) []trial.Trial {
	return []trial.Trial{
		recoveryTrial(s, death{"while idle", killIdle}),
		recoveryTrial(s, death{"while it runs a call", killRunning}),
	}
}

func recoveryTrial(s settings, d death) trial.Trial {
	t := trial.Trial{
		Title:   "A worker killed " + d.name + " until its slot serves again",
		Metrics: []trial.Metric{{Name: "time", Unit: "ms"}},
		Goals: []trial.Goal{
			{Text: "Go worker below 100 ms", Of: goWorker, Bound: 100},
			{Text: "Python worker below 100 ms", Of: pythonWorker, Bound: 100},
		},
		Notes: []string{
			"from SIGKILL to the value of the next call; one slot; a call that is lost with the worker is made again at once",
			"go-plugin restarts nothing: the program notices the failed call and starts another plugin",
		},
	}
	for _, c := range []struct {
		name string
		open func(context.Context) (recoverable, error)
	}{
		{goWorker, openGoSlot},
		{pythonWorker, func(ctx context.Context) (recoverable, error) { return openPythonSlot(ctx, s) }},
		{"go-plugin, restarted by hand", openPluginSlot},
	} {
		t.Contenders = append(t.Contenders, recovery(c.name, d, c.open))
	}
	return t
}

func recovery(name string, d death, open func(context.Context) (recoverable, error)) trial.Contender {
	return trial.Contender{Name: name, Open: func(ctx context.Context) (trial.Session, error) {
		r, err := open(ctx)
		if err != nil {
			return trial.Session{}, err
		}
		return trial.Session{Close: r.close, Measure: func(ctx context.Context) (trial.Sample, error) {
			took, err := d.measure(ctx, r)
			return trial.Sample{Values: []float64{float64(took) / float64(time.Millisecond)}}, err
		}}, nil
	}}
}

func killIdle(ctx context.Context, r recoverable) (time.Duration, error) {
	if err := r.call(ctx); err != nil {
		return 0, err
	}
	start := time.Now()
	if err := kill(r); err != nil {
		return 0, err
	}
	return serveAgain(ctx, r, start)
}

func killRunning(ctx context.Context, r recoverable) (time.Duration, error) {
	outcome, err := r.hold(ctx)
	if err != nil {
		return 0, err
	}
	start := time.Now()
	if err := kill(r); err != nil {
		return 0, err
	}
	if outcome() == nil {
		return 0, errors.New("a call survived the death of its worker")
	}
	return serveAgain(ctx, r, start)
}

// kill ends the process that serves. It is a child of this one and not reaped
// before it has died, so that its number is its own.
func kill(r recoverable) error {
	pid, err := r.pid()
	if err != nil {
		return err
	}
	return syscall.Kill(pid, syscall.SIGKILL)
}

// serveAgain calls until a call succeeds, and returns the time since start.
func serveAgain(ctx context.Context, r recoverable, start time.Time) (time.Duration, error) {
	for {
		err := r.call(ctx)
		if err == nil {
			return time.Since(start), nil
		}
		if ctx.Err() != nil {
			return 0, fmt.Errorf("the slot does not serve again: %w", err)
		}
		if err := r.replace(); err != nil {
			return 0, fmt.Errorf("replace: %w", err)
		}
	}
}

// slot is a recoverable worker of an executor with one.
type slot struct {
	executor interface {
		tandem.Executor
		WaitReady(context.Context) error
	}
	trivial func(ctx context.Context, n int) (int, error)
	holds   func(ctx context.Context, d time.Duration) (bool, error)
	watch   *lineWatch
}

func openGoSlot(ctx context.Context) (recoverable, error) {
	watch := newLineWatch(holding)
	ex, err := openWorkers(ctx, 1, watch.worker)
	if err != nil {
		return nil, err
	}
	return &slot{
		executor: ex,
		trivial:  func(ctx context.Context, n int) (int, error) { return tandem.Run(ctx, ex, increment, n) },
		holds:    func(ctx context.Context, d time.Duration) (bool, error) { return tandem.Run(ctx, ex, hold, d) },
		watch:    watch,
	}, nil
}

func (s *slot) pid() (int, error) {
	for _, w := range s.executor.Stats().Workers {
		if w.PID != 0 {
			return w.PID, nil
		}
	}
	return 0, errors.New("no worker serves the slot")
}

func (s *slot) call(ctx context.Context) error {
	value, err := s.trivial(ctx, 1)
	if err == nil && value != 2 {
		err = fmt.Errorf("increment(1) = %d", value)
	}
	return err
}

func (s *slot) hold(ctx context.Context) (func() error, error) {
	outcome := make(chan error, 1)
	go func() { // ends with its call; joined by the function returned
		_, err := s.holds(ctx, holdFor)
		outcome <- err
	}()
	select {
	case <-s.watch.seen:
		return func() error { return <-outcome }, nil
	case err := <-outcome:
		return nil, fmt.Errorf("hold ended: %w", err)
	}
}

func (s *slot) replace() error { return nil } // the executor's business

func (s *slot) close() error { return closing(s.executor)() }

// worker is an Output for executors: it takes one line of a worker.
func (w *lineWatch) worker(l process.Line) { w.note(l.Text) }
