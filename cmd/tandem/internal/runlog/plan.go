package runlog

import (
	"cmp"
	"slices"

	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
)

// plan is what is left of the earlier runs: calls that need not run again. Each
// input takes one.
type plan struct {
	finished map[outcome.Key]uint32    // how many have finished and are written
	replays  map[outcome.Key][]pending // what has finished and is not written, in order
	failed   map[outcome.Key][]int32   // see FailedPlaces
}

// plan returns what a run in the given mode need not repeat. It uses up the
// index.
func (x *index) plan(mode Mode) plan {
	p := plan{finished: x.succeeded, replays: map[outcome.Key][]pending{}}
	if mode == Resume {
		for key, f := range x.failed {
			if f.count > 0 {
				p.finished[key] += uint32(f.count)
			}
		}
	}
	if mode == ResumeFailed {
		p.failed = x.failedPlaces()
	}
	for _, held := range x.pending {
		if held.failed && mode != Resume || p.finished[held.key] == 0 {
			continue
		}
		p.replays[held.key] = append(p.replays[held.key], held)
		if p.finished[held.key]--; p.finished[held.key] == 0 {
			delete(p.finished, held.key)
		}
	}
	for _, held := range p.replays {
		slices.SortFunc(held, comparePending)
	}
	*x = *newIndex()
	return p
}

func comparePending(a, b pending) int { return compareID(a.id, b.id) }

func compareID(a, b id) int {
	return cmp.Or(cmp.Compare(a.run, b.run), cmp.Compare(a.number, b.number))
}

// take decides about the next input with the key: it is skipped while finished
// ones are left, then replayed, then run.
func (p plan) take(key outcome.Key) (Action, pending) {
	if n := p.finished[key]; n > 1 {
		p.finished[key] = n - 1
		return Skip, pending{}
	} else if n == 1 {
		delete(p.finished, key)
		return Skip, pending{}
	}
	held := p.replays[key]
	if len(held) == 0 {
		return Run, pending{}
	}
	if p.replays[key] = held[1:]; len(held) == 1 {
		delete(p.replays, key)
	}
	return Replay, held[0]
}
