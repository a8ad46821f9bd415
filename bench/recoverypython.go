package main

import (
	"context"
	"time"

	"github.com/gotandem/tandem"
)

// openPythonSlot opens a slot whose worker can also be killed while it runs a
// call.
func openPythonSlot(ctx context.Context, s settings) (recoverable, error) {
	watch := newLineWatch(holding)
	c := tandemWorkers(s, standard, 1, "work.py")
	c.Output = watch.worker
	ex, err := openPython(ctx, c)
	if err != nil {
		return nil, err
	}
	trivial := tandem.Declare[int, int](pythonFile("work.py") + ":increment")
	holds := tandem.Declare[time.Duration, bool](pythonFile("work.py") + ":hold")
	return &slot{
		executor: ex,
		trivial:  func(ctx context.Context, n int) (int, error) { return tandem.Run(ctx, ex, trivial, n) },
		holds:    func(ctx context.Context, d time.Duration) (bool, error) { return tandem.Run(ctx, ex, holds, d) },
		watch:    watch,
	}, nil
}
