package python

import (
	"context"
	"errors"
	"fmt"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/process"
)

var _ tandem.Stopper = (*Executor)(nil)

// Executor runs calls in Python interpreters. Make one with [New].
type Executor struct {
	workers *process.Executor
}

// New returns an executor whose workers start in the background. It fails with
// all problems of c joined, an interpreter that does not exist among them, and
// leaves nothing behind then. That the interpreter works is found out by its
// workers: see [Executor.WaitReady], and [Probe] to know before.
func New(c Config) (*Executor, error) {
	path, err := lookUp(c.Interpreter)
	if err := errors.Join(c.validate(), err); err != nil {
		return nil, fmt.Errorf("python: %w", err)
	}
	workers, err := process.New(c.processConfig(path))
	if err != nil {
		return nil, fmt.Errorf("python: %w", err)
	}
	return &Executor{workers}, nil
}

// Execute accepts all calls of batch or none; see [tandem.Executor].
func (ex *Executor) Execute(ctx context.Context, batch *tandem.Batch) error {
	return ex.workers.Execute(ctx, batch)
}

// Cancel asks the calls of batch to stop and returns at once. Python functions
// that run cannot be asked: those calls end by themselves or by their timeout.
func (ex *Executor) Cancel(batch *tandem.Batch) { ex.workers.Cancel(batch) }

// Stop stops one call of several; see [tandem.Stopper]. A Python function that runs
// cannot be asked: its interpreter is ended after CancelGrace.
func (ex *Executor) Stop(c tandem.Call) { ex.workers.Stop(c) }

// Stats returns a copy of the executor's counters.
func (ex *Executor) Stats() tandem.Stats { return ex.workers.Stats() }

// WaitReady blocks until a worker is ready, until none can be, which is an error
// that says why, or until ctx ends.
func (ex *Executor) WaitReady(ctx context.Context) error { return ex.workers.WaitReady(ctx) }

// Close refuses new calls, waits for the accepted ones and ends the workers;
// see [tandem.Executor].
func (ex *Executor) Close(ctx context.Context) error { return ex.workers.Close(ctx) }
