package progress

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotandem/tandem/cmd/tandem/internal/console"
)

// Counters counts the calls of a run.
type Counters struct {
	succeeded, failed, unfinished atomic.Int64
}

// Succeeded counts a call that has a result.
func (c *Counters) Succeeded() { c.succeeded.Add(1) }

// Failed counts an input that has none.
func (c *Counters) Failed() { c.failed.Add(1) }

// Unfinished counts a call that was stopped before its end.
func (c *Counters) Unfinished() { c.unfinished.Add(1) }

// Snapshot is what is known of a run at one moment.
type Snapshot struct {
	Succeeded, Failed, Unfinished int64
	Total                         int64 // inputs in all; 0 when that is not known
	Running                       int   // calls
	Elapsed                       time.Duration
}

// Snapshot returns the counts.
func (c *Counters) Snapshot() Snapshot {
	return Snapshot{Succeeded: c.succeeded.Load(), Failed: c.failed.Load(), Unfinished: c.unfinished.Load()}
}

// Line returns the line that shows s while calls run.
func (s Snapshot) Line() string {
	done := s.Succeeded + s.Failed
	var b strings.Builder
	b.WriteString("tandem: " + strconv.FormatInt(done, 10))
	if s.Total > 0 {
		b.WriteString(" of " + strconv.FormatInt(s.Total, 10))
	}
	b.WriteString(" done")
	if s.Failed > 0 {
		fmt.Fprintf(&b, ", %d failed", s.Failed)
	}
	fmt.Fprintf(&b, ", %d running", s.Running)
	if seconds := s.Elapsed.Seconds(); seconds > 0 {
		b.WriteString(", " + rate(float64(done)/seconds))
	}
	return b.String()
}

func rate(perSecond float64) string {
	if perSecond < 10 {
		return strconv.FormatFloat(perSecond, 'f', 1, 64) + "/s"
	}
	return strconv.FormatFloat(perSecond, 'f', 0, 64) + "/s"
}

// Summary returns the line that closes a run.
func (s Snapshot) Summary() string {
	inputs := s.Succeeded + s.Failed + s.Unfinished
	plural := "s"
	if inputs == 1 {
		plural = ""
	}
	text := fmt.Sprintf("tandem: %d input%s: %d ok, %d failed", inputs, plural, s.Succeeded, s.Failed)
	if s.Unfinished > 0 {
		text += fmt.Sprintf(", %d not finished", s.Unfinished)
	}
	return text + " in " + Elapsed(s.Elapsed)
}

// Elapsed writes a duration as people say it: 12ms, 1.2s, 3m5s.
func Elapsed(d time.Duration) string {
	switch {
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	case d < time.Minute:
		return strconv.FormatFloat(d.Seconds(), 'f', 1, 64) + "s"
	}
	return d.Round(time.Second).String()
}

// Mode says how progress is shown.
type Mode string

const (
	Auto  Mode = "auto"  // a changing line on a terminal, nothing elsewhere
	Plain Mode = "plain" // a line now and then
	None  Mode = "none"
)

// Set makes m the mode with the given name. It is the method of a flag.
func (m *Mode) Set(name string) error {
	switch mode := Mode(name); mode {
	case Auto, Plain, None:
		*m = mode
		return nil
	}
	return fmt.Errorf("%q is no way to show progress: want auto, plain or none", name)
}

func (m *Mode) String() string { return string(*m) }

func (m *Mode) Type() string { return "auto|plain|none" }

const (
	lineInterval  = 100 * time.Millisecond // more often nobody can read
	plainInterval = 10 * time.Second       // more often floods a log
)

// Start shows what snapshot returns until the returned function is called,
// which erases the changing line and waits for the goroutine.
func Start(c *console.Console, mode Mode, snapshot func() Snapshot) (stop func()) {
	interval, show := lineInterval, c.Show
	switch {
	case mode == Plain:
		interval, show = plainInterval, c.Print
	case mode == None || !c.Terminal():
		return func() {}
	}
	done := make(chan struct{})
	var shower sync.WaitGroup
	shower.Go(func() {
		ticker := time.NewTicker(interval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				show(snapshot().Line())
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
