package main

import (
	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
	"github.com/gotandem/tandem/cmd/tandem/internal/calling"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/python"
)

// fitting refuses inputs that the function of a loaded task cannot take: before
// the first call, and those of a table when its header is there. It returns the
// source that is to be read.
func (f *inputFlags) fitting(line arguments.Line, ex *python.Executor, source inputs.Source) (inputs.Source, error) {
	signature, known := ex.Signature(line.Task.String())
	if !known {
		return source, nil
	}
	var facts calling.Inputs
	if n := f.number(line); n > 1 && f.as != inputs.CSV {
		facts.Fields = n
	}
	if err := calling.Check(line.Task, signature, facts); err != nil {
		return nil, exitf(statusUsage, "%w", err)
	}
	if f.as != inputs.CSV {
		return source, nil
	}
	return inputs.NewChecked(source, func(first inputs.Record) error {
		err := calling.Check(line.Task, signature, calling.Inputs{Fields: len(first.Names), Names: first.Names})
		if err != nil {
			return &inputs.Error{Source: "--as csv", Err: err, Wrong: true}
		}
		return nil
	}), nil
}
