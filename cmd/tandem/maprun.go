package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
)

// mapRun is one use of "tandem map" after its flags were read.
type mapRun struct {
	*mapFlags
	line    arguments.Line
	source  inputs.Source
	total   int64 // inputs; 0 when that is not known
	workers int   // processes
	console *console.Console
	session *mapping.Session
	flights *mapping.Flights
}

// newRun finds out what there is to do.
func (f *mapFlags) newRun(line arguments.Line, session *mapping.Session, c *console.Console) (*mapRun, error) {
	r := &mapRun{mapFlags: f, line: line, source: f.inputs.source(line), console: c, session: session, flights: mapping.NewFlights()}
	r.workers = f.control.workers(r.source, line.Command != nil)
	total, _ := f.inputs.totalOf(r.source)
	var err error
	if r.total, err = f.control.countAhead(session.Taking(), r.source, total); err != nil {
		if status, stopped := session.Stopped(); stopped {
			return nil, &exit{status: status}
		}
		return nil, err
	}
	return r, nil
}

// observe returns what an executor's Observe is to be: nil when nobody needs it.
func (r *mapRun) observe() func(tandem.Attempt) {
	if !r.details() {
		return nil
	}
	return r.flights.Observe
}

// details reports whether somebody needs more of outcomes than their output.
func (r *mapRun) details() bool {
	return r.output.results != "" || r.output.tag || r.control.timeout.percent > 0
}

// runJob maps the inputs and returns what the exit status is to be.
func runJob[In, Out any](r *mapRun, job mapping.Job[In, Out]) (err error) {
	kept, err := r.output.open()
	if err != nil {
		return err
	}
	if kept != nil {
		job.Store = kept
		defer func() {
			if closed := kept.Close(); closed != nil && err == nil {
				err = exitf(statusOwn, "--results: %w", closed)
			}
		}()
	}
	median := newMedian()
	if r.control.timeout.percent > 0 {
		job.OnEnd = median.add
	}
	job.Console, job.Session, job.Source, job.Total, job.Flights = r.console, r.session, r.source, int(r.total), r.flights
	job.Details = r.details()
	job.Options = r.control.options(median.get)
	job.Gate = r.control.gate(r.workers, r.line.Command != nil, r.console)
	job.Memory = mapping.Memory{Least: int64(r.control.memfree), Free: freeMemory, Handle: new(tandem.Handle)}
	job.Halt, job.Unordered, job.Tag = r.control.halt, r.output.unordered, r.output.tag
	job.Output, job.Progress, job.Quiet = os.Stdout, r.output.progress, r.output.quiet

	counts, err := mapping.Run(job)
	return r.verdict(counts, err)
}

// verdict returns what the exit status of a run is to be.
func (r *mapRun) verdict(counts mapping.Counts, err error) error {
	if failure, ok := errors.AsType[*mapping.Failure](err); ok {
		return &exit{failure.Status, failure.Err}
	}
	if status, stopped := r.session.Stopped(); stopped {
		return &exit{status: status}
	}
	if r.session.OutputClosed() {
		return &exit{status: statusClosed}
	}
	status := 0
	if counts.Failed > 0 {
		status = statusFailed
	}
	if counts.Halted {
		if decided, decides := r.control.halt.Status(); decides {
			status = decided
		}
	}
	if status == 0 {
		return nil
	}
	return &exit{status: status}
}

// dryRunOf prints what would run for each input, and reports inputs that make no call.
func dryRunOf[In, Out any](r *mapRun, kind mapping.Kind[In, Out]) error {
	failed := false
	err := dryRun(func(yield func(string) bool) {
		number := 0
		for record := range r.source.Records() {
			number++
			in, err := kind.Input(record, number)
			if err != nil {
				failed = true
				r.console.Print(fmt.Sprintf("tandem: input %d: %v\n", number, err))
				continue
			}
			if r.session.Taking().Err() != nil || !yield(kind.Call(in)) {
				return
			}
		}
	})
	switch {
	case err != nil:
		return err
	case r.source.Err() != nil:
		return &exit{mapping.SourceStatus(r.source.Err()), r.source.Err()}
	}
	if status, stopped := r.session.Stopped(); stopped {
		return &exit{status: status}
	}
	if failed {
		return &exit{status: statusFailed}
	}
	return nil
}

// outputError returns how a run ends whose standard output cannot be written.
func outputError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.EPIPE):
		return &exit{status: statusClosed}
	}
	return exitf(statusOwn, "standard output: %w", err)
}

// closeExecutor ends the workers of a run that is over.
func closeExecutor(ex tandem.Executor, c *console.Console) {
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	if err := ex.Close(ctx); err != nil && ctx.Err() != nil {
		c.Print("tandem: ending the workers: " + err.Error() + "\n")
	}
}

// closeWithin bounds the end of workers that have nothing more to do. Longer
// waits for one that hangs; shorter kills one that tidies up.
const closeWithin = 5 * time.Second
