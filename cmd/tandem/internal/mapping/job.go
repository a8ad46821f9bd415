package mapping

import (
	"io"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/gate"
	"github.com/gotandem/tandem/cmd/tandem/internal/halting"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/progress"
	"github.com/gotandem/tandem/cmd/tandem/internal/store"
)

// Kind is what differs between tasks: how inputs and outcomes look.
type Kind[In, Out any] interface {
	// Input makes the input of the call with the given number out of a record.
	Input(record inputs.Record, number int) (In, error)

	// Text returns an input as a message shows it.
	Text(in In) string

	// Call returns what runs for an input: a command line quoted for a shell, or
	// FILE.py:f(1). An input that cannot run has an error.
	Call(in In) (string, error)

	// Finish fills in what a call came to: Err with what is to be reported, Kind,
	// Exit, Signal and the streams. Stdout.Bytes may have storage to append to. When
	// the executor knows it better, also Slot, Start and Wall.
	Finish(o *outcome.Outcome, out Out, err error)
}

// Job is what Run needs to know.
type Job[In, Out any] struct {
	Kind     Kind[In, Out]
	Executor tandem.Executor
	Task     tandem.Task[In, Out]
	Options  []tandem.MapOption
	Source   inputs.Source
	Total    int // inputs in all; 0 when that is not known

	Gate    gate.Config
	Memory  Memory
	Repeats int // how often Options let an attempt that failed be repeated
	Halt    halting.Policy
	Flights *Flights // whose Observe the executor has; nil: nobody observes
	Details bool     // outcomes are to have all fields; Tag, Store, Recorder and OnEnd need it

	Unordered bool
	Tag       bool
	Lines     *Lines // that calls write as they come; nil: output comes with the end
	Output    io.Writer
	Store     store.Store            // nil: results are not kept
	Recorder  Recorder               // nil: nothing is recorded
	OnEnd     func(*outcome.Outcome) // sees each end, when it happens, on the goroutine of Run; nil for nobody

	Console  *console.Console
	Session  *Session
	Progress progress.Mode
	Quiet    bool      // failures in one line, no progress, no summary
	Started  time.Time // since when the summary counts, such as before workers start; zero: since Run
}

// repeatsByGate reports whether what is repeated waits for conditions of its start.
func (j *Job[In, Out]) repeatsByGate() bool { return j.Repeats > 0 && len(j.Gate.Conditions) > 0 }

// Memory is what guards the memory. The zero value does not.
type Memory struct {
	Least  int64          // bytes that are to be free
	Free   func() int64   // how many are
	Handle *tandem.Handle // stops single calls; Run binds it
}

// Failure is the end of a run that is not the fault of an input.
type Failure struct {
	Status int // exit status
	Err    error
}

func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }
