package mapping

import (
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
)

// Action says what to do with an input.
type Action uint8

const (
	Start  Action = iota // its call
	Skip                 // it finished in an earlier run
	Replay               // it did, and what it came to has not been written
)

// Decision is what the log of an earlier run says about an input.
type Decision struct {
	Action  Action
	Key     outcome.Key
	Outcome *outcome.Outcome // to replay
}

// Recorder is told what happens. Plan belongs to the goroutine that reads inputs;
// the others are called one at a time.
type Recorder interface {
	Plan(number int, in inputs.Record) (Decision, error)
	Held(o *outcome.Outcome) error  // it waits for its turn
	Ended(o *outcome.Outcome) error // its output has been given to the writer
	Written(number int) error       // so has that of one that was held or replayed
	Flush() error                   // all output that was given to the writer has been written
}
