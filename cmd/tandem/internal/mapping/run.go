package mapping

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"syscall"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/progress"
	"github.com/gotandem/tandem/cmd/tandem/internal/report"
	"github.com/gotandem/tandem/cmd/tandem/internal/results"
)

// Kind is what differs between tasks: how inputs and outcomes look.
type Kind[In, Out any] interface {
	// Input makes the input with the given number out of a token.
	Input(token []byte, number int) (In, error)

	// Text returns an input as the user would write it.
	Text(in In) string

	// Result appends what goes to standard output, also for a failed call.
	Result(dst []byte, out Out, err error) []byte

	// Notes returns what the task wrote for standard error, and the error to
	// report, nil when there is none.
	Notes(out Out, err error) (notes []byte, reported error)
}

// Job is what Run needs to know.
type Job[In, Out any] struct {
	Kind     Kind[In, Out]
	Executor tandem.Executor
	Task     tandem.Task[In, Out]
	Options  []tandem.MapOption
	Source   inputs.Source
	Total    int // inputs in all; 0 when that is not known
	Output   io.Writer
	Console  *console.Console
	Session  *Session
	Progress progress.Mode
	Quiet    bool // failures in one line, no progress
}

// Failure is the end of a run that is not the fault of an input.
type Failure struct {
	Status int // exit status
	Err    error
}

func (f *Failure) Error() string { return f.Err.Error() }

// Unwrap returns the cause.
func (f *Failure) Unwrap() error { return f.Err }

// run is a Job under way.
type run[In, Out any] struct {
	Job[In, Out]
	counters progress.Counters
	numbers  inputs.Numbers
	writer   *results.Writer
	began    time.Time
}

// Run maps the job's inputs and returns the counts. The executor is the
// caller's; a kill closes it.
func Run[In, Out any](job Job[In, Out]) (progress.Snapshot, error) {
	r := &run[In, Out]{Job: job, began: time.Now()}
	r.writer = results.NewWriter(job.Output, func(error) { job.Session.CloseOutput() })
	job.Session.Begin(Work{StopInput: job.Source.Stop, Kill: r.kill, Unfinished: r.unfinished, Running: RunningIn(job.Executor), Groups: GroupsOf(job.Executor)})
	if r.Quiet && r.Progress == progress.Auto {
		r.Progress = progress.None
	}
	stopShowing := progress.Start(job.Console, r.Progress, r.snapshot)
	failure := r.consume()
	err := r.writer.Flush()
	stopShowing()
	r.summarize()
	switch {
	case err != nil && !errors.Is(err, syscall.EPIPE):
		failure = &Failure{125, fmt.Errorf("standard output: %w", withoutPath(err))}
	case failure == nil && job.Source.Err() != nil:
		failure = &Failure{125, fmt.Errorf("standard input: %w", withoutPath(job.Source.Err()))}
	}
	return r.snapshot(), failure
}

// withoutPath leaves out the name that the system has for a standard stream.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// consume handles each outcome. It returns an error that is not that of a call.
func (r *run[In, Out]) consume() error {
	ctx := r.Session.Running()
	for result := range tandem.Results(ctx, r.Executor, r.Task, r.inputs(), r.Options...) {
		if result.Index < 0 {
			if ctx.Err() != nil {
				return nil // killed: the inputs that were not taken are no news
			}
			return &Failure{125, result.Err}
		}
		r.outcome(result)
	}
	return nil
}

// inputs yields the inputs of calls. Tokens that make none fail here.
func (r *run[In, Out]) inputs() iter.Seq[In] {
	return func(yield func(In) bool) {
		number := 0
		for token := range r.Source.Tokens() {
			number++
			in, err := r.Kind.Input(token, number)
			if err != nil {
				r.fail(report.Input{Number: r.numbers.Skip(), Text: string(token[:min(len(token), 1<<10)])}, err)
				continue
			}
			r.numbers.Take()
			if !yield(in) {
				return
			}
		}
	}
}

// outcome writes what one call returned, or reports why it did not.
func (r *run[In, Out]) outcome(o tandem.Result[In, Out]) {
	notes, err := r.Kind.Notes(o.Value, o.Err)
	if err != nil && r.Session.Running().Err() != nil {
		r.counters.Unfinished()
		return
	}
	// An error of the output has been reported to the session, which ends this run.
	_ = r.writer.Append(func(dst []byte) []byte { return r.Kind.Result(dst, o.Value, o.Err) })
	if len(notes) > 0 {
		_, _ = r.Console.Write(notes)
	}
	if err != nil {
		r.fail(report.Input{Number: r.numbers.Of(o.Index), Text: r.Kind.Text(o.Input)}, err)
		return
	}
	r.counters.Succeeded()
}

func (r *run[In, Out]) fail(input report.Input, err error) {
	r.counters.Failed()
	r.Console.Failure(report.Block(input, err, r.Quiet))
}

// kill ends what runs without waiting for it.
func (r *run[In, Out]) kill() {
	over, cancel := context.WithCancel(context.Background())
	cancel()
	_ = r.Executor.Close(over) // the calls that this cuts short are counted as outcomes
}

func (r *run[In, Out]) unfinished() int {
	s := r.counters.Snapshot()
	return max(0, r.numbers.Seen()-int(s.Succeeded+s.Failed+s.Unfinished))
}

func (r *run[In, Out]) snapshot() progress.Snapshot {
	s := r.counters.Snapshot()
	s.Total, s.Elapsed = int64(r.Total), time.Since(r.began)
	s.Running = r.Executor.Stats().Running
	return s
}

// summarize writes the last line, where somebody wants it.
func (r *run[In, Out]) summarize() {
	s := r.snapshot()
	_, stopped := r.Session.Stopped()
	wanted := r.Progress == progress.Plain || r.Progress == progress.Auto && r.Console.Terminal()
	if !r.Session.OutputClosed() && (wanted || stopped || s.Failed > 0) {
		r.Console.Print(r.Console.Paint().Failures(s.Summary()) + "\n")
	}
}
