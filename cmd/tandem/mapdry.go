package main

import (
	"errors"
	"os"
	"syscall"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
	"github.com/gotandem/tandem/cmd/tandem/internal/report"
	"github.com/gotandem/tandem/cmd/tandem/internal/results"
)

// dryRun prints what would run for each input, and reports inputs that make no call.
func dryRun[In, Out any](r *mapRun, kind mapping.Kind[In, Out]) error {
	r.session.Begin(mapping.Work{StopInput: r.source.Stop})
	w := results.NewWriter(os.Stdout)
	number, failed := 0, false
	for record := range r.source.Records() {
		number++
		call, err := callOf(kind, record, number)
		if err != nil {
			failed = true
			r.console.Failure(report.Block(report.Input{Number: number, Text: string(record.Whole)}, err, r.output.quiet))
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
