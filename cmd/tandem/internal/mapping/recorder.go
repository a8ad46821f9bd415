package mapping

import (
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/record"
)

// Recorder is told what happens. Plan belongs to the goroutine that reads inputs;
// the others are called one at a time. [record.Recorder] is one.
type Recorder interface {
	Plan(number int, in inputs.Record) (record.Decision, error)
	Held(o *outcome.Outcome) error  // it waits for its turn
	Ended(o *outcome.Outcome) error // its output has been given to the writer
	Written(number int) error       // so has that of one that was held or replayed
	Flush() error                   // all output that was given to the writer has been written
}
