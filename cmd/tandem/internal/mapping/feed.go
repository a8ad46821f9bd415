package mapping

import (
	"iter"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/record"
	"github.com/gotandem/tandem/cmd/tandem/internal/report"
)

// inputs yields the inputs of calls, each when its call may start: what leaves the
// gate starts at once.
func (r *run[In, Out]) inputs() iter.Seq[In] {
	return func(yield func(In) bool) {
		for fl, record := range r.toStart() {
			in, err := r.Kind.Input(record, fl.number)
			if err != nil {
				r.refused(&fl, record, err)
				continue
			}
			if !r.gate.Enter(r.Session.Taking(), fl.isBack()) {
				r.notStarted(&fl)
				return
			}
			fl.started = r.gate.Now()
			if fl.more != nil {
				fl.more.begin()
			}
			r.Flights.add(fl)
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
func (r *run[In, Out]) toStart() iter.Seq2[flight, inputs.Record] {
	if r.guard != nil {
		return r.guard.merge(r.Session.Taking(), r.planned())
	}
	return r.planned()
}

// planned yields the inputs that have not finished in an earlier run. The others go
// to the output, as their number needs.
func (r *run[In, Out]) planned() iter.Seq2[flight, inputs.Record] {
	detailed := r.Details || r.guard != nil || r.Recorder != nil || r.Repeats > 0
	return func(yield func(flight, inputs.Record) bool) {
		number := 0
		for in := range r.Source.Records() {
			number++
			fl := flight{number: number, input: in.Whole}
			if detailed {
				fl.more = &details{record: in, left: r.Repeats}
			}
			if r.Recorder != nil {
				decision, err := r.Recorder.Plan(number, in)
				if err != nil {
					r.broken(err)
					return
				}
				if fl.more.key = decision.Key; decision.Action != record.Run {
					r.finishedBefore(&fl, decision)
					continue
				}
			}
			if !yield(fl, in) {
				return
			}
		}
	}
}

// finishedBefore passes on an input that finished in an earlier run.
func (r *run[In, Out]) finishedBefore(fl *flight, decision record.Decision) {
	i := r.delivery.item()
	if decision.Action == record.Skip {
		i.Number, i.record, i.state = fl.number, fl.more.record, skipped
	} else {
		i.Outcome, i.state, i.record = *decision.Outcome, replayed, fl.more.record
		i.Number, i.Input = fl.number, string(fl.input)
		if in, err := r.Kind.Input(fl.more.record, fl.number); err == nil {
			i.Call, _ = r.Kind.Call(in) // an input that cannot run has failed because of it
		}
		if i.Err != nil {
			i.message = report.Block(report.Input{Number: i.Number, Text: i.Input}, i.Err, r.Quiet)
		}
	}
	if !r.gate.Pass(r.Session.Taking()) {
		i.Stdout.Close()
		i.Stderr.Close()
		return
	}
	r.delivery.put(i)
}

// refused passes on an input that makes no call.
func (r *run[In, Out]) refused(fl *flight, in inputs.Record, err error) {
	const shown = 1 << 10
	i := r.delivery.item()
	i.Outcome = outcome.Outcome{Number: fl.number, Input: string(in.Whole), Err: err, Kind: "input", Exit: -1}
	if fl.more != nil {
		i.Key = fl.more.key
	}
	i.record = in
	input := report.Input{Number: i.Number, Text: i.Input[:min(len(i.Input), shown)]}
	i.message = report.Block(input, err, r.Quiet)
	if r.gate.Pass(r.Session.Taking()) {
		if r.halts(true) {
			r.haltAt(input)
		}
		r.delivery.put(i)
	}
}

// notStarted passes on an input that was stopped in order to start again, and will
// not. One that has never started is no news.
func (r *run[In, Out]) notStarted(fl *flight) {
	if !fl.isBack() {
		return
	}
	i := r.delivery.item()
	i.Outcome = outcome.Outcome{Number: fl.number, Input: string(fl.input), Key: fl.more.key, Cut: true, Exit: -1}
	r.delivery.put(i)
}
