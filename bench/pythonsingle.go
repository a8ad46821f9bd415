package main

import (
	"context"
	"fmt"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/bench/internal/stats"
	"github.com/gotandem/tandem/bench/internal/trial"
)

// singleTrials is the first part of row 10: one call at a time, and the first.
func singleTrials(s settings) []trial.Trial {
	return []trial.Trial{
		roundTrips(s),
		coldStart(s, "work", "From nothing to the first value"),
		coldStart(s, "work_numpy", "From nothing to the first value, with import numpy in the workers"),
	}
}

func roundTrips(s settings) trial.Trial {
	many, few := s.size(2000), s.size(40)
	t := trial.Trial{
		Title:   "One call to an idle Python worker and back",
		Metrics: []trial.Metric{{Name: "median", Unit: "µs"}, {Name: "99th of 100", Unit: "µs"}},
		Notes: []string{
			fmt.Sprintf("%d calls to one worker, one after the other; joblib %d with two workers, each call a Parallel", many, few),
		},
		Contenders: []trial.Contender{{Name: "tandem Run", Open: func(ctx context.Context) (trial.Session, error) {
			return openRoundTrips(ctx, s, many)
		}}},
	}
	for _, p := range warmPeers {
		workers, calls := 1, many
		if p.name == joblibName {
			workers, calls = 2, few
		}
		t.Contenders = append(t.Contenders, asked(s, p, opening(workers), request{"do": "latency", "count": calls}))
	}
	return t
}

func openRoundTrips(ctx context.Context, s settings, calls int) (trial.Session, error) {
	ex, err := openPython(ctx, tandemWorkers(s, standard, 1, "work.py"))
	if err != nil {
		return trial.Session{}, err
	}
	task := tandem.Declare[int, int](pythonFile("work.py") + ":increment")
	return trial.Session{Close: closing(ex), Measure: func(ctx context.Context) (trial.Sample, error) {
		times := make([]float64, 0, calls)
		for n := range calls {
			start := time.Now()
			value, err := tandem.Run(ctx, ex, task, n)
			times = append(times, float64(time.Since(start))/float64(time.Microsecond))
			if err != nil || value != n+1 {
				return trial.Sample{}, fmt.Errorf("increment(%d) = %d, %w", n, value, err)
			}
		}
		return trial.Sample{Values: []float64{stats.Median(times), stats.Quantile(times, 0.99)}}, nil
	}}, nil
}

func coldStart(s settings, module, title string) trial.Trial {
	t := trial.Trial{
		Title:   title,
		Metrics: []trial.Metric{{Name: "time", Unit: "ms"}},
		Notes: []string{
			fmt.Sprintf("a pool of %d is made and runs one call; the program has its own imports", pythonWorkers),
		},
	}
	for _, v := range variants {
		t.Contenders = append(t.Contenders, trial.Contender{Name: v.name, Open: func(context.Context) (trial.Session, error) {
			return trial.Session{Measure: func(ctx context.Context) (trial.Sample, error) { return firstValue(ctx, s, v, module) }}, nil
		}})
	}
	for _, p := range startedPeers {
		t.Contenders = append(t.Contenders, asked(s, p, nil, request{"do": "cold", "workers": pythonWorkers, "module": module}))
	}
	return t
}

func firstValue(ctx context.Context, s settings, v variant, module string) (trial.Sample, error) {
	start := time.Now()
	ex, err := openPython(ctx, tandemWorkers(s, v, pythonWorkers, module+".py"))
	if err != nil {
		return trial.Sample{}, err
	}
	task := tandem.Declare[int, int](pythonFile(module+".py") + ":increment")
	value, err := tandem.Run(ctx, ex, task, 1)
	took := milliseconds(start)
	if err == nil && value != 2 {
		err = fmt.Errorf("increment(1) = %d", value)
	}
	if err != nil {
		return trial.Sample{}, closeAfter(err, ex)
	}
	return trial.Sample{Values: []float64{took}}, closing(ex)()
}
