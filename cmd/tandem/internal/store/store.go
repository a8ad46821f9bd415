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

	// Close returns the first error of what was not written yet.
	Close() error
}

// Open returns a store: a table when path ends with .csv, .tsv or .json, which is
// written anew, and a folder otherwise, which is made if there is none.
func Open(path string) (Store, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".csv":
		return newTable(path, ',')
	case ".tsv":
		return newTable(path, '\t')
	case ".json", ".jsonl":
		return newTable(path, 0)
	}
	return NewFolder(path)
}
