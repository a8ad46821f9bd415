package mapping

import (
	"iter"

	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/record"
	"github.com/gotandem/tandem/cmd/tandem/internal/report"
)

// inputs yields the inputs of calls, each when its call may start: what leaves the
// gate starts at once.
func (r *run[In, Out]) inputs() iter.Seq[In] {
	return func(yield func(In) bool) {
		for i := range r.toStart() {
			in, err := r.Kind.Input(i.record, i.Number)
			if err != nil {
				r.refused(i, err)
				continue
			}
			if !r.gate.Enter(r.Session.Taking(), i.back) {
				r.notStarted(i)
				return
			}
			i.Start, i.back, i.Attempts = r.gate.Now(), false, nil
			r.Flights.add(i)
			if r.guard != nil {
				r.guard.started()
			}
			if !yield(in) {
				return
			}
		}
	}
}

// toStart yields what is to start: new inputs and what starts again.
func (r *run[In, Out]) toStart() iter.Seq[*item] {
	if r.guard != nil {
		return r.guard.merge(r.Session.Taking(), r.planned())
	}
	return r.planned()
}

// planned yields the inputs that have not finished in an earlier run. The others go
// to the output, as their number needs.
func (r *run[In, Out]) planned() iter.Seq[*item] {
	return func(yield func(*item) bool) {
		number := 0
		for in := range r.Source.Records() {
			number++
			i := r.stock.get()
			i.Number, i.record = number, in
			if r.Recorder != nil {
				decision, err := r.Recorder.Plan(number, in)
				if err != nil {
					r.broken(err)
					return
				}
				if i.Key = decision.Key; decision.Action != record.Run {
					r.finishedBefore(i, decision)
					continue
				}
			}
			if !yield(i) {
				return
			}
		}
	}
}

// finishedBefore passes on an input that finished in an earlier run.
func (r *run[In, Out]) finishedBefore(i *item, decision record.Decision) {
	if decision.Action == record.Skip {
		i.state = skipped
	} else {
		number := i.Number
		i.Outcome, i.state = *decision.Outcome, replayed
		i.Number, i.Input = number, string(i.record.Whole)
		if i.Err != nil {
			i.message = report.Block(report.Input{Number: i.Number, Text: i.Input}, i.Err, r.Quiet)
		}
	}
	if r.gate.Pass(r.Session.Taking()) {
		r.delivery.put(i)
	}
}

// refused passes on an input that makes no call.
func (r *run[In, Out]) refused(i *item, err error) {
	const shown = 1 << 10
	i.Input, i.Err, i.Kind, i.Exit = string(i.record.Whole), err, "input", -1
	text := i.Input[:min(len(i.Input), shown)]
	i.message = report.Block(report.Input{Number: i.Number, Text: text}, err, r.Quiet)
	if r.gate.Pass(r.Session.Taking()) {
		r.countForHalt(true)
		r.delivery.put(i)
	}
}

// notStarted passes on an input that was stopped in order to start again, and will
// not. One that has never started is no news.
func (r *run[In, Out]) notStarted(i *item) {
	if !i.back {
		return
	}
	number, key, input := i.Number, i.Key, string(i.record.Whole)
	i.Outcome = outcome.Outcome{Number: number, Input: input, Key: key, Cut: true, Exit: -1}
	r.delivery.put(i)
}
