package progress

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotandem/tandem/cmd/tandem/internal/console"
)

// Counters counts the inputs of a run.
type Counters struct {
	succeeded, failed, unfinished, skipped atomic.Int64
}

// Succeeded counts a call that has a result.
func (c *Counters) Succeeded() { c.succeeded.Add(1) }

// Failed counts an input that has none.
func (c *Counters) Failed() { c.failed.Add(1) }

// Unfinished counts a call that was stopped before its end.
func (c *Counters) Unfinished() { c.unfinished.Add(1) }

// Skipped counts an input that has finished in an earlier run.
func (c *Counters) Skipped() { c.skipped.Add(1) }

// Snapshot is what is known of a run at one moment.
type Snapshot struct {
	Succeeded, Failed, Unfinished, Skipped int64

	Total   int64 // inputs in all; 0 when that is not known
	Running int   // calls
	Elapsed time.Duration
	Stopped bool // not all inputs were run

	Oldest    string // the input that runs for the longest time
	OldestFor time.Duration
}

// Done returns how many inputs have come to something.
func (s Snapshot) Done() int64 { return s.Succeeded + s.Failed }

// Snapshot returns the counts.
func (c *Counters) Snapshot() Snapshot {
	return Snapshot{
		Succeeded: c.succeeded.Load(), Failed: c.failed.Load(),
		Unfinished: c.unfinished.Load(), Skipped: c.skipped.Load(),
	}
}

const (
	lineInterval  = 100 * time.Millisecond // more often nobody can read
	plainInterval = 10 * time.Second       // more often floods a log
	jsonInterval  = time.Second
)

// Start shows what snapshot returns until the returned function is called, which
// erases the changing line and waits for the goroutine.
func Start(c *console.Console, mode Mode, snapshot func() Snapshot) (stop func()) {
	interval, show := lineInterval, func(s Snapshot, r float64) { c.Show(s.Line(r)) }
	switch mode.on(c) {
	case None:
		return func() {}
	case Plain:
		interval, show = plainInterval, func(s Snapshot, r float64) { c.Print(s.Line(r) + "\n") }
	case JSON:
		interval, show = jsonInterval, func(s Snapshot, r float64) { c.Print(s.json(r) + "\n") }
	}
	done := make(chan struct{})
	var shower sync.WaitGroup
	shower.Go(func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		var speed meter
		for {
			select {
			case <-ticker.C:
				s := snapshot()
				show(s, speed.rate(s))
			case <-done:
				return
			}
		}
	})
	var once sync.Once
	return func() {
		once.Do(func() {
			close(done)
			shower.Wait()
			c.Erase()
		})
	}
}
