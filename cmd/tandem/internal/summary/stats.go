package summary

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
)

const (
	slowestMost = 5    // calls
	kindsMost   = 50   // kinds of failures
	slotsMost   = 4096 // slots
	inputMost   = 200  // bytes of an input
)

// otherKinds stands for the kinds that came after kindsMost.
const otherKinds = "other"

// Stats gathers. Make one with [New].
type Stats struct {
	started time.Time

	times times // written under mu; its median is atomic

	mu        sync.Mutex
	succeeded int64
	failed    int64
	cut       int64
	repeated  int64 // attempts after the first ones
	cpu       time.Duration
	peak      int64
	slowest   []Call // the slowest first
	kinds     map[string]*Failures
	slots     map[int]*slot
}

// slot is what is known of a slot.
type slot struct {
	first   time.Duration // start of its first attempt
	last    time.Duration // end of its last attempt
	work    time.Duration
	cpu     time.Duration
	calls   int64
	threads int
	pid     int
	workers int // processes it has had
}

// New returns an empty Stats of a run that began then.
func New(started time.Time) *Stats {
	return &Stats{started: started, kinds: map[string]*Failures{}, slots: map[int]*slot{}}
}

// Add takes a call that has ended. It keeps nothing of o.
func (s *Stats) Add(o *outcome.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range o.Attempts {
		s.addAttempt(a)
	}
	s.repeated += int64(max(0, len(o.Attempts)-1))
	switch {
	case o.Cut:
		s.cut++
		return
	case o.Err != nil:
		s.failed++
		s.addFailure(o)
	default:
		s.succeeded++
		s.times.add(o.Wall)
	}
	s.addSlow(o)
}

// Median returns the median time of the calls that succeeded, and whether there
// is one.
func (s *Stats) Median() (time.Duration, bool) {
	median := s.times.median.Load()
	return time.Duration(median), median > 0
}

func (s *Stats) addAttempt(a tandem.Attempt) {
	s.cpu += a.CPU
	s.peak = max(s.peak, a.PeakRSS)
	at := s.slots[a.Slot]
	if at == nil {
		if a.Slot < 1 || len(s.slots) >= slotsMost {
			return
		}
		at = &slot{first: a.Start.Sub(s.started)}
		s.slots[a.Slot] = at
	}
	if a.PID != at.pid {
		at.pid = a.PID
		at.workers++
	}
	at.first = min(at.first, a.Start.Sub(s.started))
	at.last = max(at.last, a.Start.Sub(s.started)+a.Wall)
	at.work += a.Wall
	at.cpu += a.CPU
	at.calls++
	at.threads = max(at.threads, a.Thread+1)
}

func (s *Stats) addFailure(o *outcome.Outcome) {
	kind := o.Kind
	if s.kinds[kind] == nil && len(s.kinds) >= kindsMost {
		kind = otherKinds
	}
	f := s.kinds[kind]
	if f == nil {
		f = &Failures{Kind: strings.Clone(kind), Number: o.Number, Input: shortened(o.Input)}
		s.kinds[f.Kind] = f
	}
	f.Count++
}

func (s *Stats) addSlow(o *outcome.Outcome) {
	if n := len(s.slowest); n == slowestMost && s.slowest[n-1].wall >= o.Wall {
		return
	}
	call := Call{Number: o.Number, Input: shortened(o.Input), Seconds: o.Wall.Seconds(), wall: o.Wall}
	at, _ := slices.BinarySearchFunc(s.slowest, call, func(a, b Call) int {
		return cmp.Or(cmp.Compare(b.wall, a.wall), -1) // behind those that are equal
	})
	s.slowest = slices.Insert(s.slowest, at, call)
	s.slowest = s.slowest[:min(len(s.slowest), slowestMost)]
}

// shortened returns the beginning of an input, without holding on to the rest.
func shortened(input string) string {
	if len(input) <= inputMost {
		return strings.Clone(input)
	}
	return strings.ToValidUTF8(strings.Clone(input[:inputMost]), "") + "…"
}
