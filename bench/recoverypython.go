package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/bench/internal/trial"
	"github.com/gotandem/tandem/python"
)

// pythonTasks are increment and hold once more.
const pythonTasks = `import time

def increment(n):
    return n + 1

def hold(nanoseconds):
    print("` + holding + `", flush=True)
    time.sleep(nanoseconds / 1e9)
    return False
`

// pythonSlot also removes the file with its tasks.
type pythonSlot struct {
	slot
	dir string
}

func openPythonSlot(ctx context.Context) (recoverable, error) {
	dir, err := os.MkdirTemp("", "tandem-bench-")
	if err != nil {
		return nil, err
	}
	s, err := startPython(ctx, dir)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return s, nil
}

func startPython(ctx context.Context, dir string) (*pythonSlot, error) {
	file := filepath.Join(dir, "tasks.py")
	if err := os.WriteFile(file, []byte(pythonTasks), 0o600); err != nil {
		return nil, err
	}
	watch := newLineWatch(holding)
	ex, err := python.New(python.Config{Processes: 1, Preload: []string{file + ":increment"}, Output: watch.worker})
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", trial.Unavailable("no Python"), err)
	}
	if err := ex.WaitReady(ctx); err != nil {
		return nil, closeAfter(err, ex)
	}
	trivial := tandem.Declare[int, int](file + ":increment")
	holds := tandem.Declare[time.Duration, bool](file + ":hold")
	return &pythonSlot{dir: dir, slot: slot{
		executor: ex,
		trivial:  func(ctx context.Context, n int) (int, error) { return tandem.Run(ctx, ex, trivial, n) },
		holds:    func(ctx context.Context, d time.Duration) (bool, error) { return tandem.Run(ctx, ex, holds, d) },
		watch:    watch,
	}}, nil
}

func (s *pythonSlot) close() error { return errors.Join(s.slot.close(), os.RemoveAll(s.dir)) }
