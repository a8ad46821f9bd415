package runlog

import (
	"slices"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
)

// places are where the outputs of equal inputs are that have been written, counted
// from 1 in the order in which they were: a folder of --results has them there.
//
// P1: a run with --resume-failed puts what it writes of a key into the places of
// failures before it, the lowest first, and behind the last place when there is none
// left. Any other run puts all behind the last place.
//
// Most keys have one place, or no failure: nothing is kept of them.
type places struct {
	total  int32   // places
	run    int32   // the run that put something last
	failed []int32 // those of failures before that run, ascending
	fresh  []int32 // those of failures in it
}

// put returns the place of an output that a run writes.
func (p *places) put(run int32, mode Mode, failed bool) {
	if p.run != run {
		p.run, p.failed, p.fresh = run, p.ofFailures(), nil
	}
	at := p.total + 1
	if mode == ResumeFailed && len(p.failed) > 0 {
		at, p.failed = p.failed[0], p.failed[1:]
	} else {
		p.total++
	}
	if failed {
		p.fresh = append(p.fresh, at)
	}
}

// ofFailures returns the places of all failures, ascending.
func (p *places) ofFailures() []int32 {
	all := slices.Concat(p.failed, p.fresh)
	slices.Sort(all)
	return all
}

// between reports whether a success stands behind a failure.
func (p *places) between(failed []int32) bool {
	return len(failed) > 0 && int(p.total-failed[0]) >= len(failed)
}

// put notes the place of an output that was written.
func (x *index) put(key outcome.Key, failed bool) {
	f, ok := x.failed[key]
	if !ok {
		return
	}
	run, mode := int32(x.runs), x.last.Mode
	before := int32(x.succeeded[key] - x.unwritten[key]) // places, if this is the first failure
	switch {
	case f.places != nil:
	case f.only != 0 && f.only != run && mode == ResumeFailed: // in its place
		if f.only = 0; failed {
			f.only = run
		}
		x.failed[key] = f
		return
	case f.only != 0:
		f.places = &places{total: 1, run: f.only, fresh: []int32{1}}
	case !failed:
		return
	case before == 0:
		f.only = run
		x.failed[key] = f
		return
	default:
		f.places = &places{total: before}
	}
	f.places.put(run, mode, failed)
	x.failed[key] = f
}

// failedPlaces returns the places of failures of all keys that have successes behind
// them.
func (x *index) failedPlaces() map[outcome.Key][]int32 {
	var found map[outcome.Key][]int32
	for key, f := range x.failed {
		if f.places == nil {
			continue
		}
		if failed := f.places.ofFailures(); f.places.between(failed) {
			if found == nil {
				found = map[outcome.Key][]int32{}
			}
			found[key] = failed
		}
	}
	return found
}

// FailedPlaces returns a function for a store of the run: which of the outputs that
// were written of inputs equal to one are of failures, counted from 1 in the order
// in which they were written. They are what this run repeats first (P1). It returns
// nothing where those are the last ones. FailedPlaces returns nil when that is so
// of all inputs. It is called before Plan; the function serves one goroutine.
func (l *Log) FailedPlaces() func(in *inputs.Record) []int32 {
	failed := l.left.failed
	if failed == nil {
		return nil
	}
	keyer := &Keyer{task: l.keyer.task, byName: l.keyer.byName, whole: l.keyer.whole}
	return func(in *inputs.Record) []int32 { return failed[keyer.Key(*in)] }
}
