package mapping

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"sync"
	"syscall"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/gate"
	"github.com/gotandem/tandem/cmd/tandem/internal/halting"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/progress"
	"github.com/gotandem/tandem/cmd/tandem/internal/results"
)

// run is a Job under way.
//
//	         feeder goroutine                             goroutine of Run   one more writes
//	source --> planned --> gate --> Flights --> tandem.Results --> settle --> delivery
//	  ^                     ^          |                             |           |
//	  |                     |          +--- guard: stop, start again-+           |
//	  +-- Session: drain ---+--------------- End, Hold --------------+-----------+
type run[In, Out any] struct {
	Job[In, Out]
	gate     *gate.Gate
	guard    *guard // nil: nothing starts again by way of the gate
	delivery *delivery
	counters progress.Counters
	began    time.Time

	mu      sync.Mutex // guards what follows
	halt    *halting.Counter
	failure *Failure // why the run ends that no input is to blame for
}

// Counts is what came of a run.
type Counts struct {
	progress.Snapshot
	Halted bool // by the policy of the job
}

// Run maps the job's inputs and returns the counts. The executor is the caller's; a
// kill closes it.
func Run[In, Out any](job Job[In, Out]) (Counts, error) {
	r := newRun(job)
	job.Session.Begin(Work{
		StopInput: job.Source.Stop, Kill: r.kill, Unfinished: r.Flights.underWay,
		Running: r.Flights.list, Groups: GroupsOf(job.Executor),
	})
	stopShowing := progress.Start(job.Console, r.Progress, r.snapshot)
	stopSampling := r.sample()
	r.consume()
	stopSampling()
	r.finish()
	stopShowing()
	r.summarize()
	return Counts{r.snapshot(), r.halt.Halted()}, r.failed()
}

func newRun[In, Out any](job Job[In, Out]) *run[In, Out] {
	r := &run[In, Out]{
		Job: job, gate: gate.New(job.Gate), began: time.Now(), halt: halting.NewCounter(job.Halt, job.Total),
	}
	if r.Flights == nil {
		r.Flights = NewFlights()
	}
	if r.Quiet && r.Progress == progress.Auto {
		r.Progress = progress.None
	}
	r.Options = append(r.Options[:len(r.Options):len(r.Options)], tandem.Unordered(), tandem.RetryIf(r.repeats))
	if job.Memory.Least > 0 || job.repeatsByGate() {
		r.guard = &guard{least: job.Memory.Least, free: job.Memory.Free,
			flights: r.Flights, source: job.Source.Stop, say: r.say, drains: job.Session.Taking().Done()}
	}
	if job.Memory.Least > 0 {
		r.guard.stop = job.Memory.Handle.Stop
		r.Options = append(r.Options, tandem.Steer(job.Memory.Handle))
	}
	r.delivery = &delivery{
		unordered: job.Unordered, lines: job.Lines, recorder: job.Recorder, counters: &r.counters,
		output: &output{tag: job.Tag, console: job.Console, store: job.Store, lines: job.Lines, writer: results.NewWriter(job.Output)},
		hold:   r.gate.Hold, awaits: r.guard.waits, broken: r.broken, order: newOrder(),
	}
	if job.Lines != nil {
		job.Lines.delivery = r.delivery
	}
	r.delivery.begin()
	return r
}

// consume settles the end of each call until there are no more.
func (r *run[In, Out]) consume() {
	if r.guard != nil {
		r.guard.begin()
		defer r.guard.end()
	}
	ctx := r.Session.Running()
	for result := range tandem.Results(ctx, r.Executor, r.Task, r.inputs(), r.Options...) {
		switch {
		case result.Index >= 0:
			r.settle(result)
		case ctx.Err() == nil: // else it was killed: the inputs that were not taken are no news
			r.fail(result.Err)
		}
	}
}

// finish writes what is left when no call runs any more.
func (r *run[In, Out]) finish() {
	if r.guard != nil {
		for _, fl := range r.guard.leftBehind() {
			r.notStarted(&fl)
		}
	}
	if err := r.delivery.close(); err != nil {
		r.broken(err) // which the timer may be about to do
	}
	if err := r.Source.Err(); err != nil {
		r.failWith(SourceStatus(err), err)
	}
}

// broken ends the run because of what it writes: standard output that nobody reads
// kills without a word. It may be told more than once.
func (r *run[In, Out]) broken(err error) {
	if !r.delivery.output.stdoutLost.Load() {
		r.fail(err)
		r.Session.Drain()
		return
	}
	if !errors.Is(err, syscall.EPIPE) {
		r.fail(fmt.Errorf("standard output: %w", withoutPath(err)))
	}
	r.Session.CloseOutput()
}

// SourceStatus returns the exit status for a source that ended early: that of a wrong
// command line when it is not what was asked for.
func SourceStatus(err error) int {
	if e, ok := errors.AsType[*inputs.Error](err); ok && e.Wrong {
		return 2
	}
	return 125
}

// fail keeps the first error that no input is to blame for.
func (r *run[In, Out]) fail(err error) { r.failWith(125, err) }

func (r *run[In, Out]) failWith(status int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failure == nil {
		r.failure = &Failure{status, err}
	}
}

func (r *run[In, Out]) failed() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failure == nil {
		return nil
	}
	return r.failure
}

// withoutPath leaves out the name that the system has for a standard stream.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

func (r *run[In, Out]) say(text string) { r.Console.Print("tandem: " + text + "\n") }

// kill ends what runs without waiting for it.
func (r *run[In, Out]) kill() {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	_ = r.Executor.Close(over) // the calls that this cuts short are counted as outcomes
}

func (r *run[In, Out]) snapshot() progress.Snapshot {
	s := r.counters.Snapshot()
	s.Total, s.Elapsed = int64(r.Total), time.Since(r.began)
	s.Running = r.Executor.Stats().Running
	if fl, found := r.Flights.oldest(); found {
		s.Oldest, s.OldestFor = string(fl.input[:min(len(fl.input), 1<<10)]), time.Since(fl.started)
	}
	return s
}

// summarize writes the last line, unless nobody wants it, or nothing happened but
// the error that follows.
func (r *run[In, Out]) summarize() {
	if r.Session.OutputClosed() || r.Quiet {
		return
	}
	s := r.snapshot()
	if !r.Started.IsZero() {
		s.Elapsed = time.Since(r.Started)
	}
	if s.Succeeded+s.Failed+s.Unfinished == 0 && r.failed() != nil {
		return
	}
	_, stopped := r.Session.Stopped()
	s.Stopped = stopped || r.halt.Halted()
	r.Console.Print(r.Console.Paint().Failures(s.Summary()) + "\n")
}
