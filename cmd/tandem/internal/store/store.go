package store

import (
	"path/filepath"
	"strings"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
)

// Store keeps what calls write.
type Store interface {
	// Put keeps an outcome and the input it is of. It leaves the streams open.
	Put(o *outcome.Outcome, record *inputs.Record) error

	// Skip notes an input whose outcome an earlier run has kept. It comes before
	// equal inputs are Put.
	Skip(record *inputs.Record)

	// Flush writes what was put and not written yet.
	Flush() error

	// Close returns the first error of what was not written yet.
	Close() error
}

// FailedPlaces returns which of the outcomes that earlier runs have kept of inputs
// equal to one are of failures, counted from 1 in the order in which they were kept:
// where others are behind them. What is kept of these inputs next replaces them.
type FailedPlaces func(record *inputs.Record) []int32

// Open returns a store: a table when path ends with .csv, .tsv or .json, and a folder
// otherwise, which is made if there is none. A table is written anew, unless the run
// goes on with one that was resumed: then rows follow those that are whole. failed is
// for a folder, and may be nil.
func Open(path string, resumed bool, failed FailedPlaces) (Store, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		return newTable(path, ',', resumed)
	case ".tsv":
		return newTable(path, '\t', resumed)
	case ".json", ".jsonl":
		return newTable(path, 0, resumed)
	}
	return NewFolder(path, failed)
}
