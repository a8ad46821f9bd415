package mapping

import (
	"errors"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/halting"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/report"
)

// settle decides what the end of a call means: that it starts again, that the run
// halts, or that it is delivered. Only then is its place free.
func (r *run[In, Out]) settle(o tandem.Result[In, Out]) {
	fl := r.Flights.take(o.Index)
	if r.guard != nil {
		defer r.guard.ended()
		if r.guard.takesBack(&fl, o.Err) && r.Session.Running().Err() == nil {
			r.drop(o)
			r.guard.back(fl)
			r.delivery.release()
			r.gate.End()
			return
		}
	}
	i := r.ended(&fl, o)
	if !i.Cut && r.halts(i.Err != nil) {
		r.haltAt(report.Input{Number: i.Number, Text: r.Kind.Text(o.Input)})
	}
	r.gate.End()
	r.delivery.put(i)
}

// repeats reports whether the executor repeats an attempt that failed: not during a
// drain, in which nothing starts; nor when starts have conditions, for which its input
// goes through the gate again.
func (r *run[In, Out]) repeats(c tandem.Call, _ error) bool {
	drains, gated := r.Session.Taking().Err() != nil, r.repeatsByGate()
	if !drains && !gated {
		return true
	}
	r.Flights.with(c.Index(), func(fl *flight) {
		switch {
		case gated && fl.more.left == 0: // the executor counts the attempts of one call
		case drains:
			fl.more.next = cutShort
		default:
			fl.more.left--
			fl.more.next = repeat
		}
	})
	return false
}

// drop gives back what the outcome of a call holds that nobody is to see.
func (r *run[In, Out]) drop(o tandem.Result[In, Out]) {
	var dropped outcome.Outcome
	r.Kind.Finish(&dropped, o.Value, o.Err)
	dropped.Stdout.Close()
	dropped.Stderr.Close()
}

// ended makes an item of a call that has ended.
func (r *run[In, Out]) ended(fl *flight, o tandem.Result[In, Out]) *item {
	i := r.delivery.item()
	i.Number = fl.number
	i.Cut = o.Err != nil && (fl.isCutShort() || r.Session.Running().Err() != nil)
	if r.Details {
		r.detail(i, fl, o.Input)
	}
	r.Kind.Finish(&i.Outcome, o.Value, o.Err)
	if i.Err != nil && !i.Cut {
		i.message = report.Block(report.Input{Number: i.Number, Text: r.Kind.Text(o.Input)}, i.Err, r.Quiet)
	}
	if r.OnEnd != nil && !i.Cut {
		r.OnEnd(&i.Outcome)
	}
	return i
}

// detail notes what nobody needs who only wants results.
func (r *run[In, Out]) detail(i *item, fl *flight, in In) {
	i.record = fl.more.record
	i.Input, i.Key = string(fl.input), fl.more.key
	i.Call, _ = r.Kind.Call(in) // an input that cannot run has failed because of it
	i.Attempts = fl.more.attempts
	i.Start = fl.started
	if n := len(i.Attempts); n > 0 {
		last := i.Attempts[n-1]
		i.Slot, i.Start, i.Wall = last.Slot, last.Start, last.Wall
		return
	}
	i.Wall = time.Since(fl.started)
}

// halts counts an input that has come to something, and reports whether that is what
// --halt waited for. It may be called from several goroutines.
func (r *run[In, Out]) halts(failed bool) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.halt.End(failed)
}

// haltAt ends the run and says so, which may be blocked. The last input is named,
// because its own message may wait for its turn.
func (r *run[In, Out]) haltAt(last report.Input) {
	if r.Halt.When == halting.Now {
		r.Session.Kill()
	} else {
		r.Session.Drain()
	}
	r.say(r.halt.Text(last.String()))
}

// FailureKind returns the few words that failures alike share, for an error that is
// not of a task's own.
func FailureKind(err error) string {
	if remote, ok := errors.AsType[*tandem.RemoteError](err); ok && tandem.FateOf(err) == tandem.Finished {
		return remote.Type
	}
	if call, ok := errors.AsType[*tandem.CallError](err); ok {
		return string(call.Code)
	}
	if panicked, ok := errors.AsType[*tandem.PanicError](err); ok && !panicked.Goexit {
		return "panic"
	}
	return "error"
}
