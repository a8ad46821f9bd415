package main

import (
	"errors"
	"os"
	"syscall"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
	"github.com/gotandem/tandem/cmd/tandem/internal/record"
	"github.com/gotandem/tandem/cmd/tandem/internal/report"
	"github.com/gotandem/tandem/cmd/tandem/internal/results"
	"github.com/gotandem/tandem/cmd/tandem/internal/runlog"
)

// dryRun prints what would run for each input that a log does not say is done, and
// reports inputs that make no call. task describes the task for the log.
func dryRun[In, Out any](r *mapRun, kind mapping.Kind[In, Out], task func() (record.Task, error)) error {
	preview, err := r.previewLog(task)
	if err != nil {
		return err
	}
	r.session.Begin(mapping.Work{StopInput: r.source.Stop})
	w := results.NewWriter(os.Stdout)
	number, failed := 0, false
	for in := range r.source.Records() {
		number++
		if preview.Action(in) != runlog.Run {
			continue
		}
		call, err := callOf(kind, in, number)
		if err != nil {
			failed = true
			r.console.Failure(report.Block(report.Input{Number: number, Text: string(in.Whole)}, err, r.output.quiet))
			continue
		}
		if err := w.Append(func(dst []byte) []byte { return append(append(dst, call...), '\n') }); err != nil {
			break
		}
	}
	if err := w.Flush(); err != nil {
		return outputError(err)
	}
	if err := r.source.Err(); err != nil {
		return &exit{mapping.SourceStatus(err), err}
	}
	if status, stopped := r.session.Stopped(); stopped {
		return &exit{status: status}
	}
	if failed {
		return &exit{status: statusFailed}
	}
	return nil
}

// callOf returns what would run for an input.
func callOf[In, Out any](kind mapping.Kind[In, Out], record inputs.Record, number int) (string, error) {
	in, err := kind.Input(record, number)
	if err != nil {
		return "", err
	}
	return kind.Call(in)
}

// outputError returns how a run ends whose standard output cannot be written.
func outputError(err error) error {
	if errors.Is(err, syscall.EPIPE) {
		return &exit{status: statusClosed}
	}
	return exitf(statusOwn, "standard output: %w", err)
}
