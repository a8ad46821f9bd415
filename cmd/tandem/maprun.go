package main

import (
	"context"
	"errors"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
	"github.com/gotandem/tandem/cmd/tandem/internal/record"
	"github.com/gotandem/tandem/cmd/tandem/internal/runlog"
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
	started time.Time      // when the files were opened, before anything is loaded
	files   files
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

// runJob maps the inputs and returns what the exit status is to be. It closes the
// run's files.
func runJob[In, Out any](r *mapRun, job mapping.Job[In, Out]) (err error) {
	job.Console, job.Session, job.Source, job.Total, job.Flights = r.console, r.session, r.source, int(r.total), r.flights
	job.Details = r.details()
	job.Options, job.Repeats = r.control.options(r.stats.Median), r.control.repeats()
	job.Gate = r.control.gate(r.workers, r.line.Command != nil, r.console)
	job.Memory = mapping.Memory{Least: int64(r.control.memfree), Free: freeMemory, Handle: new(tandem.Handle)}
	job.Halt, job.Unordered, job.Tag = r.control.halt, r.output.unordered || r.output.lineBuffer, r.output.tag
	job.Output, job.Progress, job.Quiet, job.Started = stdout(r.console), r.output.progress, r.output.quiet, r.started
	job.Store = r.files.store
	if r.files.recorder != nil {
		job.Recorder = r.files.recorder
	}
	if r.stats != nil && r.record.summary == "" {
		job.OnEnd = r.stats.Add // else the recorder does it
	}
	counts, err := mapping.Run(job)
	elapsed := time.Since(r.started)
	err = r.verdict(counts, err)
	if closed := r.files.close(record.Totals{Unfinished: counts.Unfinished, Elapsed: elapsed, Status: statusOf(err)}); closed != nil &&
		statusOf(err) < statusOwn {
		err = closed
	}
	if r.record.summary != "" {
		r.console.Print(r.record.report(r.stats, elapsed, job.Executor.Stats()))
	}
	return err
}

// files are what a run writes beside its output.
type files struct {
	store    store.Store      // nil: none
	recorder *record.Recorder // nil: none
}

// openFiles opens what the flags ask for. It is called before anything is started:
// the log of another task is refused at once. task describes the task for a log.
func (r *mapRun) openFiles(task func() (record.Task, error)) (err error) {
	r.started = time.Now()
	if r.record.summary != "" || r.control.timeout.percent > 0 {
		r.stats = summary.New(r.started)
	}
	if r.files.recorder, err = r.openRecord(task); err != nil {
		return err
	}
	if r.files.store, err = r.output.open(r.record.mode() != runlog.New, r.files.recorder.FailedPlaces()); err != nil {
		return r.abandon(err)
	}
	return nil
}

// abandon closes the files of a run that cannot begin because of err, which it
// returns.
func (r *mapRun) abandon(err error) error {
	_ = r.files.close(record.Totals{Elapsed: time.Since(r.started), Status: statusOf(err)}) // nothing was recorded
	return err
}

// close closes them.
func (f files) close(t record.Totals) error {
	var err error
	if f.store != nil {
		if err = f.store.Close(); err != nil {
			err = exitf(statusOwn, "--results: %w", err)
		}
	}
	if closed := f.recorder.Close(t); closed != nil && err == nil {
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
