package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/bench/internal/driver"
	"github.com/gotandem/tandem/bench/internal/procs"
	"github.com/gotandem/tandem/bench/internal/trial"
	"github.com/gotandem/tandem/python"
)

// memoryWorkers is how many workers row 9 has.
const memoryWorkers = 8

// meetWithin is how long workers may take to be all there, in seconds.
const meetWithin = 30

// memoryTrials is row 9.
func memoryTrials(s settings) []trial.Trial {
	t := trial.Trial{
		Title: fmt.Sprintf("%d Python workers after import numpy: proportional set size", memoryWorkers),
		Metrics: []trial.Metric{
			{Name: "workers", Unit: "MB"}, {Name: "with helpers", Unit: "MB"}, {Name: "with the program", Unit: "MB"},
		},
		Goals: []trial.Goal{
			{Text: "at most 40 % of spawned workers", Against: ppeSpawn, Bound: 0.4},
			{Text: "the same with helpers", Metric: 1, Against: ppeSpawn, Bound: 0.4},
		},
		Notes: []string{
			"helpers: template, forkserver, resource tracker; the program: the process that made the pool, for tandem this one, which is in Go",
			"one pool at a time; every worker has run a call; peers' programs have imported numpy too, so that forked workers share it with them",
		},
		Rounds: 5,
		Base:   ppeSpawn,
	}
	for _, v := range variants {
		t.Contenders = append(t.Contenders, trial.Contender{Name: v.name, Open: func(context.Context) (trial.Session, error) {
			return trial.Session{Measure: func(ctx context.Context) (trial.Sample, error) { return weighTandem(ctx, s, v) }}, nil
		}})
	}
	for _, p := range startedPeers {
		t.Contenders = append(t.Contenders, trial.Contender{Name: p.name, Open: func(context.Context) (trial.Session, error) {
			return trial.Session{Measure: func(ctx context.Context) (trial.Sample, error) { return weighPeer(ctx, s, p) }}, nil
		}})
	}
	return []trial.Trial{t}
}

// weighPeer measures in a driver that ends with it: idle ones would share pages
// with those that are measured.
func weighPeer(ctx context.Context, s settings, p peer) (trial.Sample, error) {
	d, err := driver.Start(s.python, pythonFile("driver.py"), p.key)
	if err != nil {
		return trial.Sample{}, err
	}
	defer d.Close()
	return measured(d, request{"do": "memory", "workers": memoryWorkers, "module": "work_numpy"})(ctx)
}

// weighTandem measures the processes that starting workers adds.
func weighTandem(ctx context.Context, s settings, v variant) (trial.Sample, error) {
	before, err := procs.Below(os.Getpid())
	if err != nil {
		return trial.Sample{}, err
	}
	ex, err := openPython(ctx, tandemWorkers(s, v, memoryWorkers, "work_numpy.py"))
	if err != nil {
		return trial.Sample{}, err
	}
	sizes, err := weigh(ctx, ex, before)
	return trial.Sample{Values: sizes}, errors.Join(err, closing(ex)())
}

// weigh returns the sizes of the workers of ex, with all processes that were
// not there before, and with this one.
func weigh(ctx context.Context, ex *python.Executor, before map[int]bool) ([]float64, error) {
	members, err := meet(ctx, ex, memoryWorkers)
	if err != nil {
		return nil, err
	}
	family, err := procs.Below(os.Getpid())
	if err != nil {
		return nil, err
	}
	var workers, all float64
	for pid := range family {
		if before[pid] {
			continue
		}
		size, err := procs.Proportional(pid)
		if err != nil {
			return nil, err
		}
		all += float64(size) / 1e6
		if slices.Contains(members, pid) {
			workers += float64(size) / 1e6
		}
	}
	own, err := procs.Proportional(os.Getpid())
	return []float64{workers, all, all + float64(own)/1e6}, err
}

// meet has every worker take part in a call and returns their numbers.
func meet(ctx context.Context, ex *python.Executor, workers int) (pids []int, err error) {
	folder, err := os.MkdirTemp("", "tandem-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	task := tandem.Declare[[]any, int](pythonFile("work_numpy.py") + ":meet")
	var futures []*tandem.Future[int]
	for range workers {
		future, err := tandem.Submit(ctx, ex, task, []any{folder, workers, meetWithin})
		if err != nil {
			return nil, err
		}
		futures = append(futures, future)
	}
	for _, f := range futures {
		pid, err := f.Wait(ctx)
		if err != nil {
			return nil, err
		}
		pids = append(pids, pid)
	}
	return pids, nil
}
