package runlog_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/runlog"
)

// shelf is what is kept of equal inputs, as a folder of --results keeps it: whether
// it is of a failure.
type shelf struct {
	kept []bool

	failed, left []int32 // in this run, as the log has them
	last         int32
}

func (s *shelf) begin(failed []int32) { s.failed, s.left, s.last = failed, failed, 0 }

func (s *shelf) skip() {
	for s.last++; slices.Contains(s.failed, s.last); s.last++ {
	}
}

func (s *shelf) put(failed bool) {
	var at int32
	if len(s.left) > 0 {
		at, s.left = s.left[0], s.left[1:]
	} else {
		s.skip()
		at = s.last
	}
	for len(s.kept) < int(at) {
		s.kept = append(s.kept, false)
	}
	s.kept[at-1] = failed
}

// failures returns the places of failures, nil when nothing else is behind them.
func (s *shelf) failures() (places []int32) {
	suffix := true
	for i, failed := range s.kept {
		if failed {
			places = append(places, int32(i+1))
		} else if len(places) > 0 {
			suffix = false
		}
	}
	if suffix {
		return nil
	}
	return places
}

// The log knows where failures are kept: after runs in any order, with more inputs each
// time, and ended at any moment. A run with --resume-failed that is killed while outputs
// wait for their turn is left out: their places are not known then.
func TestFailedPlaces(t *testing.T) {
	const seeds, runs = 300, 7
	asked := 0
	for seed := range uint64(seeds) {
		random := rand.New(rand.NewPCG(seed, 1))
		inputs := 0
		path, shelves := newPath(t, ""), map[string]*shelf{"a": {}, "b": {}, "c": {}}
		for run := range runs {
			mode := []runlog.Mode{runlog.Resume, runlog.ResumeFailed}[random.IntN(2)]
			if run == 0 {
				mode = runlog.New
			}
			log, _ := open(t, path, mode)
			places := log.FailedPlaces()
			for text, s := range shelves {
				in := record(text)
				var got []int32
				if places != nil {
					got = places(&in)
				}
				if want := s.failures(); mode == runlog.ResumeFailed && !slices.Equal(got, want) {
					t.Fatalf("seed %d, run %d: failures of %s at %v, want %v of %v", seed, run, text, got, want, s.kept)
				} else if mode == runlog.ResumeFailed && want != nil {
					asked++
				}
				s.begin(got)
			}
			inputs += random.IntN(4)
			somethingRuns(t, random, log, mode, inputs, shelves)
			check(t, log.Flush(), log.Close(runlog.Summary{}))
		}
	}
	if asked < seeds/2 {
		t.Errorf("%d of %d seeds had something to say", asked, seeds)
	}
}

// somethingRuns plans inputs and delivers some of them, in any order.
func somethingRuns(t *testing.T, random *rand.Rand, log *runlog.Log, mode runlog.Mode, inputs int, shelves map[string]*shelf) {
	var ends []*outcome.Outcome
	replays := map[*outcome.Outcome]bool{}
	for number := range inputs {
		text := string("abacab"[number%6])
		d, err := log.Plan(number+1, record(text))
		check(t, err)
		switch d.Action {
		case runlog.Skip:
			shelves[text].skip()
		case runlog.Replay:
			d.Outcome.Input = text
			ends, replays[d.Outcome] = append(ends, d.Outcome), true
		case runlog.Run:
			o := ended(number+1, text, nil)
			if random.IntN(2) == 0 {
				o.Err = errors.New("bad")
			}
			ends = append(ends, o)
		}
	}
	random.Shuffle(len(ends), func(i, j int) { ends[i], ends[j] = ends[j], ends[i] })
	for _, o := range ends {
		held := random.IntN(2) == 0
		switch written := random.IntN(4) > 0 || held && mode == runlog.ResumeFailed; {
		case held && !replays[o]:
			check(t, log.Held(o))
			fallthrough
		case replays[o]:
			if !written {
				continue
			}
			check(t, log.Written(o.Number))
		case !written:
			continue // killed before it ended
		default:
			check(t, log.Ended(o))
		}
		shelves[o.Input].put(o.Err != nil)
	}
}
