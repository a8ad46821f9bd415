package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/bench/internal/trial"
)

// hangAfter is how long a call after the death of a worker may take before its
// pool counts as hanging, in seconds.
const hangAfter = 5

// pythonRecoveryTrials is the part of row 8 that compares Python pools.
func pythonRecoveryTrials(s settings) []trial.Trial {
	return []trial.Trial{
		pythonRecovery(s, "A Python worker killed while idle until a call has its value", "work"),
		pythonRecovery(s, "A Python worker with NumPy killed while idle until a call has its value", "work_numpy"),
	}
}

func pythonRecovery(s settings, title, module string) trial.Trial {
	t := trial.Trial{
		Title:   title,
		Metrics: []trial.Metric{{Name: "time", Unit: "ms"}},
		Goals:   []trial.Goal{{Text: "below 100 ms", Bound: 100}},
		Notes: []string{
			"one worker, joblib two; a pool that is broken is made anew by its user, inside the time",
			fmt.Sprintf("a pool without an answer after %d s counts as hanging and is measured no more", hangAfter),
		},
	}
	for _, v := range variants {
		t.Contenders = append(t.Contenders, recovery(v.name, death{measure: killIdle}, func(ctx context.Context) (recoverable, error) {
			return openVariant(ctx, s, v, module)
		}))
	}
	for _, p := range startedPeers {
		workers := 1
		if p.name == joblibName {
			workers = 2
		}
		t.Contenders = append(t.Contenders, asked(s, p, nil,
			request{"do": "kill", "workers": workers, "module": module, "deadline": hangAfter}))
	}
	return t
}

// openVariant opens a slot of a worker that has loaded a module.
func openVariant(ctx context.Context, s settings, v variant, module string) (recoverable, error) {
	ex, err := openPython(ctx, tandemWorkers(s, v, 1, module+".py"))
	if err != nil {
		return nil, err
	}
	trivial := tandem.Declare[int, int](pythonFile(module+".py") + ":increment")
	return &slot{
		executor: ex,
		trivial:  func(ctx context.Context, n int) (int, error) { return tandem.Run(ctx, ex, trivial, n) },
		holds:    func(context.Context, time.Duration) (bool, error) { return false, errors.ErrUnsupported },
		watch:    newLineWatch(holding),
	}, nil
}
