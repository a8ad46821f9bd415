package trial

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/gotandem/tandem/bench/internal/stats"
)

// Trial is contenders doing the same work.
type Trial struct {
	Row        int // of the table of goals
	Title      string
	Notes      []string
	Metrics    []Metric // what a measurement yields, the main one first
	Contenders []Contender
	Goals      []Goal

	Base   string // the contender that the others are compared with; empty: the first
	Rounds int    // no more than these, if not 0: for work that takes long
	Cold   bool   // no warm-up: getting ready is part of the work
}

// Metric is one number of a measurement.
type Metric struct {
	Name string
	Unit string // ns, µs, ms, per call, calls/s
	More bool   // more is better
}

// Contender is one way to do the work.
type Contender struct {
	Name string

	// Open gets everything ready. The trial closes the session.
	Open func(ctx context.Context) (Session, error)
}

// Session is a contender that is ready.
type Session struct {
	// Measure does the work once. It returns when ctx has ended, with an error.
	Measure func(ctx context.Context) (Sample, error)

	// Close releases what Open took. Nil means that there is nothing.
	Close func() error
}

// Sample is what one measurement yields.
type Sample struct {
	Values []float64     // one for each metric of the trial
	Points []stats.Point // what the values were fitted to, if they were
	Remark string        // what happened, in a few words; may be empty
}

// Goal is a bound for a contender's median of a metric.
type Goal struct {
	Text    string
	Of      string   // the name of the contender; empty: the first
	Metric  int      // index in the trial's metrics
	Against string   // the name of the contender it is divided by; empty: the plain number
	Best    []string // names: it is divided by the best of those measured, instead of Against
	Bound   float64  // the most, or the least where more is better
}

// Unavailable is why a contender cannot take part on this machine.
type Unavailable string

func (u Unavailable) Error() string { return string(u) }

// Plan says how trials are run.
type Plan struct {
	Rounds int
	Limit  time.Duration         // for opening, and for each measurement
	Note   func(progress string) // what goes on; may be nil
	Order  func(n int) []int     // the order of n contenders in a round; nil: random
}

// entrant is a contender during a trial.
type entrant struct {
	contender Contender
	session   Session
	outcome   *Outcome
}

// Run runs a trial. It ends early, with what was measured, when ctx does.
func Run(ctx context.Context, t Trial, plan Plan) Result {
	result := Result{Trial: t, Outcomes: make([]Outcome, len(t.Contenders))}
	entrants := make([]*entrant, len(t.Contenders))
	for i, c := range t.Contenders {
		result.Outcomes[i].Name = c.Name
		entrants[i] = &entrant{contender: c, outcome: &result.Outcomes[i]}
	}
	for _, e := range entrants {
		e.open(ctx, plan)
	}
	const warmUp = -1
	first, rounds := warmUp, plan.Rounds
	if t.Cold {
		first = 0
	}
	if t.Rounds > 0 {
		rounds = min(rounds, t.Rounds)
	}
	for round := first; round < rounds && ctx.Err() == nil; round++ {
		for _, i := range plan.order(len(entrants)) {
			sample, ok := entrants[i].measure(ctx, plan, len(t.Metrics))
			if ok && round != warmUp {
				result.Outcomes[i].add(sample)
			}
		}
	}
	for _, e := range entrants {
		e.close()
	}
	return result
}

func (p Plan) order(n int) []int {
	if p.Order != nil {
		return p.Order(n)
	}
	return rand.Perm(n)
}

func (e *entrant) open(ctx context.Context, plan Plan) {
	plan.note("open " + e.contender.Name)
	ctx, cancel := context.WithTimeout(ctx, plan.Limit)
	defer cancel()
	err := guard(func() (err error) {
		e.session, err = e.contender.Open(ctx)
		return err
	})
	e.fail(err)
}

// measure takes one sample, unless the contender has failed or does now.
func (e *entrant) measure(ctx context.Context, plan Plan, metrics int) (sample Sample, ok bool) {
	if e.outcome.Failure != "" {
		return sample, false
	}
	plan.note(e.contender.Name)
	ctx, cancel := context.WithTimeout(ctx, plan.Limit)
	defer cancel()
	runtime.GC()
	err := guard(func() (err error) {
		sample, err = e.session.Measure(ctx)
		if err == nil && len(sample.Values) != metrics {
			err = fmt.Errorf("measured %d numbers: want %d", len(sample.Values), metrics)
		}
		return err
	})
	e.fail(err)
	return sample, err == nil
}

func (e *entrant) close() {
	if e.session.Close == nil {
		return
	}
	if err := guard(e.session.Close); err != nil && e.outcome.Failure == "" {
		e.outcome.Failure = "close: " + err.Error()
	}
}

// fail notes the first failure of a contender.
func (e *entrant) fail(err error) {
	if err == nil {
		return
	}
	e.outcome.Failure = err.Error()
	var missing Unavailable
	e.outcome.Unavailable = errors.As(err, &missing)
}

// guard makes a panic of f an error.
func guard(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	return f()
}

func (p Plan) note(progress string) {
	if p.Note != nil {
		p.Note(progress)
	}
}
