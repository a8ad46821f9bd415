package main

import (
	"context"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
	"github.com/gotandem/tandem/cmd/tandem/internal/record"
	"github.com/gotandem/tandem/cmd/tandem/internal/store"
	"github.com/gotandem/tandem/cmd/tandem/internal/summary"
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
	stats   *summary.Stats // nil: nobody needs them
}

// newRun finds out what there is to do.
func (f *mapFlags) newRun(line arguments.Line, session *mapping.Session, c *console.Console) (*mapRun, error) {
	r := &mapRun{mapFlags: f, line: line, console: c, session: session, flights: mapping.NewFlights()}
	if line.Command != nil {
		r.source = f.command.source(line, &f.inputs)
	} else {
		r.source = f.inputs.source(line)
	}
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
	return r.output.results != "" || r.output.tag || r.record.any() || r.control.timeout.percent > 0
}

// runJob maps the inputs and returns what the exit status is to be. task describes the
// task for a log.
func runJob[In, Out any](r *mapRun, job mapping.Job[In, Out], task func() (record.Task, error)) (err error) {
	started := time.Now()
	if r.record.summary != "" || r.control.timeout.percent > 0 {
		r.stats = summary.New(started)
	}
	keep, err := r.openFiles(task, started)
	if err != nil {
		return err
	}
	job.Console, job.Session, job.Source, job.Total, job.Flights = r.console, r.session, r.source, int(r.total), r.flights
	job.Details = r.details()
	job.Options = r.control.options(r.stats.Median)
	job.Gate = r.control.gate(r.workers, r.line.Command != nil, r.console)
	job.Memory = mapping.Memory{Least: int64(r.control.memfree), Free: freeMemory, Handle: new(tandem.Handle)}
	job.Halt, job.Unordered, job.Tag = r.control.halt, r.output.unordered || r.output.lineBuffer, r.output.tag
	job.Output, job.Progress, job.Quiet = standardOutput(r.console), r.output.progress, r.output.quiet
	job.Store = keep.store
	if keep.recorder != nil {
		job.Recorder = keep.recorder
	}
	if r.stats != nil && r.record.summary == "" {
		job.OnEnd = r.stats.Add // else the recorder does it
	}
	counts, err := mapping.Run(job)
	err = r.verdict(counts, err)
	if closed := keep.close(counts, err); closed != nil && statusOf(err) < statusOwn {
		err = closed
	}
	if r.record.summary != "" {
		r.console.Print(r.record.report(r.stats, counts.Elapsed, job.Executor.Stats()))
	}
	return err
}

// files are what a run writes beside its output.
type files struct {
	store    store.Store      // nil: none
	recorder *record.Recorder // nil: none
}

// openFiles opens what the flags ask for.
func (r *mapRun) openFiles(task func() (record.Task, error), started time.Time) (f files, err error) {
	stats := r.stats
	if r.record.summary == "" {
		stats = nil
	}
	warn := func(text string) { r.console.Print("tandem: " + text + "\n") }
	if f.recorder, err = r.record.open(task, r.line.Command != nil, stats, started, warn); err != nil {
		return f, err
	}
	if f.store, err = r.output.open(); err != nil {
		_ = f.recorder.Close(record.Totals{Status: statusOf(err)}) // nothing was recorded
	}
	return f, err
}

// close closes them. outcome is what the run came to.
func (f files) close(counts mapping.Counts, verdict error) error {
	var err error
	if f.store != nil {
		if err = f.store.Close(); err != nil {
			err = exitf(statusOwn, "--results: %w", err)
		}
	}
	closed := f.recorder.Close(record.Totals{Unfinished: counts.Unfinished, Elapsed: counts.Elapsed, Status: statusOf(verdict)})
	if closed != nil && err == nil {
		err = own(closed)
	}
	return err
}

// statusOf returns the exit status that an error of a run stands for.
func statusOf(err error) int {
	if err == nil {
		return 0
	}
	return statusOn(err)
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
			call := ""
			if err == nil {
				call, err = kind.Call(in)
			}
			if err != nil {
				failed = true
				r.console.Print(fmt.Sprintf("tandem: input %d: %v\n", number, err))
				continue
			}
			if r.session.Taking().Err() != nil || !yield(call) {
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
