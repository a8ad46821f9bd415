package mapping

import (
	"sync"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/record"
)

// Recorder is told what happens. Plan belongs to the goroutine that reads inputs;
// the others are called one at a time. [record.Recorder] is one.
type Recorder interface {
	Plan(number int, in inputs.Record) (record.Decision, error)
	Held(o *outcome.Outcome) error  // it has ended; its output waits for its turn, or to be written
	Ended(o *outcome.Outcome) error // it has ended, and its output has been written
	Written(number int) error       // the output of one that was held or replayed has been written
	Flush() error                   // writes what the recorder was told

	// Sample is told at intervals how many calls run and wait, also at the same time
	// as the others.
	Sample(s tandem.Stats) error
}

// sampleInterval is how often the recorder is told what runs. More often than calls
// start and end is of no use, and asking the executor costs some microseconds.
const sampleInterval = 100 * time.Millisecond

// sample tells the recorder what runs until stop is called, which waits for the end
// of that.
func (r *run[In, Out]) sample() (stop func()) {
	if r.Recorder == nil {
		return func() {}
	}
	over := make(chan struct{})
	var sampler sync.WaitGroup
	sampler.Go(func() {
		ticker := time.NewTicker(sampleInterval)
		defer ticker.Stop()
		for {
			r.delivery.failed(r.Recorder.Sample(r.Executor.Stats()))
			select {
			case <-ticker.C:
			case <-over:
				return
			}
		}
	})
	return func() {
		close(over)
		sampler.Wait()
	}
}
