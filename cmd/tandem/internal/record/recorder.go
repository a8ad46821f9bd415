package record

import (
	"cmp"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/joblog"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/runlog"
	"github.com/gotandem/tandem/cmd/tandem/internal/summary"
	"github.com/gotandem/tandem/cmd/tandem/internal/trace"
)

// Action is what is to be done about an input.
type Action = runlog.Action

// The actions.
const (
	Run    = runlog.Run
	Skip   = runlog.Skip
	Replay = runlog.Replay
)

// Decision is what is to be done about one input.
type Decision = runlog.Decision

// Config says what to record. Empty names are files that nobody wants.
type Config struct {
	Task        Task
	Log         string
	Mode        runlog.Mode // of Log; "" is New
	JobLog      string      // +FILE appends
	Trace       string
	Summary     *summary.Stats // nil: none
	Slots       bool           // each call is a process of its own
	CommandLine []string       // of tandem
	Version     string         // of tandem
	Started     time.Time
	Say         func(text string) // tells the user something; required
	Quiet       bool              // say only what is no good news
}

// Recorder records. A nil Recorder records nothing.
type Recorder struct {
	log     *runlog.Log
	jobs    *joblog.Log
	trace   *trace.Trace
	summary *summary.Stats
	say     func(string)

	skipped, replayed       atomic.Int64
	succeeded, failed, cuts int64 // owned by the goroutine that delivers
}

// Totals is what a run knows at its end, beyond what was recorded.
type Totals struct {
	Unfinished int64 // inputs that were taken and have not ended
	Elapsed    time.Duration
	Status     int // exit status
}

// Open opens what is asked for; when that is nothing, the Recorder is nil. On an
// error all files are closed. A [runlog.Refused] is the user's mistake.
func Open(c Config) (*Recorder, error) {
	if c.Log == "" && c.JobLog == "" && c.Trace == "" && c.Summary == nil {
		return nil, nil
	}
	r := &Recorder{summary: c.Summary, say: c.Say}
	if err := r.open(c); err != nil {
		r.abandon()
		return nil, err
	}
	return r, nil
}

// open opens the log first: when it is refused, no other file has been emptied.
func (r *Recorder) open(c Config) (err error) {
	if c.Log != "" {
		if err := r.openLog(c); err != nil {
			return err
		}
	}
	if c.JobLog != "" {
		if r.jobs, err = joblog.Open(c.JobLog, c.resumes()); err != nil {
			return err
		}
	}
	if c.Trace != "" {
		r.trace, err = trace.Open(trace.Config{
			Path: c.Trace, Started: c.Started, Task: c.Task.Name, Version: c.Version, Slots: c.Slots,
		})
	}
	return err
}

func (r *Recorder) openLog(c Config) error {
	log, notes, err := runlog.Open(c.ofLog())
	if err != nil {
		return err
	}
	r.log = log
	c.sayChanged(notes)
	if notes.Cut > 0 {
		c.Say(fmt.Sprintf("%s ended with %d bytes of a torn line, which are cut off", c.Log, notes.Cut))
	}
	c.sayLost(notes)
	c.sayFound(notes, "follows now")
	return nil
}

// OpenPreview returns what a run with this log would do about its inputs, nil when
// there is no log. It writes nothing and refuses what Open would refuse.
func OpenPreview(c Config) (*runlog.Preview, error) {
	if c.Log == "" {
		return nil, nil
	}
	p, notes, err := runlog.OpenPreview(c.ofLog())
	if err != nil {
		return nil, err
	}
	c.sayChanged(notes)
	c.sayLost(notes)
	c.sayFound(notes, "would follow")
	return p, nil
}

// resumes reports whether the run goes on with an earlier one.
func (c Config) resumes() bool { return c.Mode != "" && c.Mode != runlog.New }

// ofLog returns what the log is opened for.
func (c Config) ofLog() runlog.Config {
	return runlog.Config{
		Path: c.Log, Task: c.Task, Mode: cmp.Or(c.Mode, runlog.New),
		CommandLine: c.CommandLine, Version: c.Version, Started: c.Started,
	}
}

// sayChanged says that the task is not what it was.
func (c Config) sayChanged(notes runlog.Notes) {
	if notes.Changed != "" {
		c.Say(notes.Changed + ": what has finished is not run again; give another --log FILE to run all")
	}
}

// sayLost says that outputs were taken away that the log had kept.
func (c Config) sayLost(notes runlog.Notes) {
	if notes.Lost > 0 {
		c.Say(fmt.Sprintf("%s: the outputs of %s that had finished are not in the folder beside it any more, or not whole: they run again",
			c.Log, plural(notes.Lost, "call", "calls")))
	}
}

// sayFound says what a log has, and what becomes of outputs that were not written.
func (c Config) sayFound(notes runlog.Notes, replays string) {
	if notes.Finished == 0 || c.Quiet {
		return
	}
	verb := "finished"
	if c.Mode == runlog.ResumeFailed {
		verb = "succeeded"
	}
	text := fmt.Sprintf("%s: %s %s", c.Log, plural(notes.Finished, "call has", "calls have"), verb)
	if notes.Replays > 0 {
		text += fmt.Sprintf("; the output of %d was not written and %s", notes.Replays, replays)
	}
	c.Say(text)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// abandon closes what is open after an error that says enough.
func (r *Recorder) abandon() {
	if r.log != nil {
		_ = r.log.Close(runlog.Summary{})
	}
	if r.jobs != nil {
		_ = r.jobs.Close()
	}
}

// Plan decides about the input with the given number, from 1. An error is one of
// reading the log. A replayed outcome is told by Written only.
func (r *Recorder) Plan(number int, in inputs.Record) (Decision, error) {
	if r == nil || r.log == nil {
		return Decision{}, nil
	}
	d, err := r.log.Plan(number, in)
	switch {
	case err != nil:
	case d.Action == Skip:
		r.skipped.Add(1)
	case d.Action == Replay:
		r.replayed.Add(1)
	}
	return d, err
}

// Outputs returns where a log keeps outputs, see [runlog.Log.Outputs].
func (r *Recorder) Outputs() string {
	if r == nil || r.log == nil {
		return ""
	}
	return r.log.Outputs()
}

// FailedPlaces returns what a store of the run is to know, see [runlog.Log.FailedPlaces].
// It is called before Plan.
func (r *Recorder) FailedPlaces() func(in *inputs.Record) []int32 {
	if r == nil || r.log == nil {
		return nil
	}
	return r.log.FailedPlaces()
}

// Held takes an outcome whose output has not been written. It keeps nothing of o.
func (r *Recorder) Held(o *outcome.Outcome) error {
	if r == nil {
		return nil
	}
	var err error
	if r.log != nil {
		err = r.log.Held(o)
	}
	return errors.Join(err, r.take(o))
}

// Ended takes an outcome whose output has been written, and which was not held. It
// keeps nothing of o.
func (r *Recorder) Ended(o *outcome.Outcome) error {
	if r == nil {
		return nil
	}
	var err error
	if r.log != nil {
		err = r.log.Ended(o)
	}
	return errors.Join(err, r.take(o))
}

// take gives an outcome to all but the log.
func (r *Recorder) take(o *outcome.Outcome) error {
	var err error
	switch {
	case o.Cut:
		r.cuts++
	case o.Err != nil:
		r.failed++
	default:
		r.succeeded++
	}
	if r.jobs != nil {
		err = r.jobs.Add(o)
	}
	if r.trace != nil {
		err = errors.Join(err, r.trace.Add(o))
	}
	if r.summary != nil {
		r.summary.Add(o)
	}
	return err
}

// Written says that the output of the held or replayed input with the given
// number has been written.
func (r *Recorder) Written(number int) error {
	if r == nil || r.log == nil {
		return nil
	}
	return r.log.Written(number)
}

// Flush writes what the files do not have yet.
func (r *Recorder) Flush() error {
	if r == nil {
		return nil
	}
	var err error
	if r.log != nil {
		err = r.log.Flush()
	}
	if r.jobs != nil {
		err = errors.Join(err, r.jobs.Flush())
	}
	if r.trace != nil {
		err = errors.Join(err, r.trace.Flush())
	}
	return err
}

// Sample takes how many calls run and wait, for the trace. It may be called at any
// rate, also at the same time as the other methods.
func (r *Recorder) Sample(s tandem.Stats) error {
	if r == nil || r.trace == nil {
		return nil
	}
	return r.trace.Sample(s)
}

// Counts returns how many inputs were skipped and replayed.
func (r *Recorder) Counts() (skipped, replayed int64) {
	if r == nil {
		return 0, 0
	}
	return r.skipped.Load(), r.replayed.Load()
}

// Close ends the record. It is called once, on every way out.
func (r *Recorder) Close(t Totals) error {
	if r == nil {
		return nil
	}
	var errs []error
	if r.log != nil {
		errs = append(errs, r.log.Close(runlog.Summary{
			Succeeded: r.succeeded, Failed: r.failed, Cut: r.cuts, Skipped: r.skipped.Load(), Replayed: r.replayed.Load(),
			Unfinished: t.Unfinished, Elapsed: t.Elapsed, Status: t.Status,
		}))
	}
	if r.jobs != nil {
		errs = append(errs, r.jobs.Close())
	}
	if r.trace != nil {
		missing, err := r.trace.Close()
		errs = append(errs, err)
		if missing > 0 && err == nil {
			r.say(fmt.Sprintf("the trace leaves out %s: it has the first ones, the slowest and a random choice of the others",
				plural(missing, "call", "calls")))
		}
	}
	return errors.Join(errs...)
}
