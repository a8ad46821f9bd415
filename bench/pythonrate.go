package main

import (
	"context"
	"fmt"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/bench/internal/trial"
)

// Calls of a measurement, so that each takes about a second.
const (
	rateMany = 300_000 // for what sends many calls at once
	rateFew  = 5_000   // for what sends each call alone
)

// rateTrials is row 5.
func rateTrials(s settings) []trial.Trial {
	many, few := s.size(rateMany), s.size(rateFew)
	t := trial.Trial{
		Title:   fmt.Sprintf("Map of a trivial Python function over %d workers, chunk size untouched", pythonWorkers),
		Metrics: []trial.Metric{{Name: "rate", Unit: "calls/s", More: true}},
		Notes: []string{
			fmt.Sprintf("%d calls, and %d where each call is sent alone; all pools are warm, programs start inside their time", many, few),
			"values cross as JSON for tandem and the loops, as pickles for the others",
		},
		Contenders: []trial.Contender{
			pythonMap(s, "tandem Map", many),
			pythonMap(s, "tandem Map, unordered", many, tandem.Unordered()),
			lines(s, "tandem map, the command", tandemLines(s), many),
			lines(s, "plain loop, a program", loopLines(s), many),
		},
	}
	for _, c := range []struct {
		peer
		calls int
	}{
		{peer{plainLoop, "loop"}, many},
		{peer{ppeName + ".map", "ppe"}, few},
		{peer{ppeName + ".map, chunksize 1000 by hand", "ppe-chunks"}, many},
		{peer{poolName + ".imap", "pool-imap"}, 4 * few},
		{peer{poolName + ".map", "pool"}, many},
		{peer{joblibName, "joblib"}, many},
		{peer{lokyName + ".map", "loky"}, few},
		{peer{pebbleName + ".map", "pebble"}, few},
		{peer{mpireName + ".map", "mpire"}, many / 3},
	} {
		t.Contenders = append(t.Contenders, asked(s, c.peer, opening(pythonWorkers), request{"do": "rate", "count": c.calls}))
	}
	t.Goals = []trial.Goal{
		{Text: "at least 300 000 calls/s", Bound: 300_000},
		{Text: "never slower than the plain loop", Against: plainLoop, Bound: 1},
		{Text: "the command: never slower than the plain loop as a program", Of: "tandem map, the command", Against: "plain loop, a program", Bound: 1},
		{Text: "no slower than the best of the others with their defaults", Bound: 1, Best: []string{
			ppeName + ".map", poolName + ".imap", poolName + ".map", joblibName, lokyName + ".map", pebbleName + ".map", mpireName + ".map",
		}},
	}
	return []trial.Trial{t}
}

func pythonMap(s settings, name string, n int, opts ...tandem.MapOption) trial.Contender {
	return trial.Contender{Name: name, Open: func(ctx context.Context) (trial.Session, error) {
		ex, err := openPython(ctx, tandemWorkers(s, standard, pythonWorkers, "work.py"))
		if err != nil {
			return trial.Session{}, err
		}
		task := tandem.Declare[int, int](pythonFile("work.py") + ":increment")
		inputs, want := countdown(n)
		return trial.Session{Close: closing(ex), Measure: func(ctx context.Context) (trial.Sample, error) {
			return rate(n, func() error { return checked(mapTask(ctx, ex, task, opts...), inputs, want) })
		}}, nil
	}}
}
