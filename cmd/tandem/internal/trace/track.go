package trace

import (
	"slices"
	"sort"
	"time"
)

const (
	// firstThread is above all process ids that systems give, so that the id of a
	// track is never that of a process: tools take that one for the main thread.
	firstThread = 5_000_000

	// slotProcess is the process of the trace for attempts that have no worker.
	slotProcess = firstThread - 1

	// clockError is how much of an overlap clocks and rounding explain. More hides
	// what did run at the same time, less makes tracks that mean nothing.
	clockError = 50 * time.Microsecond

	// remembered is how many slices of a track can be compared with one that is
	// reported late, because its call went on elsewhere.
	remembered = 64

	// mostTracks bounds the tracks in memory. Forgetting one costs that a late
	// slice of it gets a new track.
	mostTracks = 4096
)

// span is a time, from the beginning of the run. It is not empty: nothing could
// lead to it.
type span struct{ start, end time.Duration }

// place is where a slice was, as the executor says.
type place struct{ pid, slot, thread int }

// track is one line of the trace.
type track struct {
	place place
	tid   int
	spans []span // the last ones, by start
}

// fit returns s shortened so that it overlaps none of the track's slices, and
// whether clock errors explain what is missing. It notes the slice if so.
func (t *track) fit(s span) (span, bool) {
	at := sort.Search(len(t.spans), func(i int) bool { return t.spans[i].start > s.start })
	if at == 0 && len(t.spans) == remembered {
		return s, false // its neighbour before it is forgotten
	}
	fitted := s
	if at > 0 {
		fitted.start = max(s.start, t.spans[at-1].end)
	}
	if at < len(t.spans) {
		fitted.end = min(s.end, t.spans[at].start)
	}
	lost := max(fitted.start-s.start, s.end-fitted.end)
	if lost > clockError || fitted.end-fitted.start < (s.end-s.start+1)/2 {
		return s, false // too much of it, or too little left
	}
	t.spans = slices.Insert(t.spans, at, fitted)
	if len(t.spans) > remembered {
		t.spans = slices.Delete(t.spans, 0, 1)
	}
	return fitted, true
}

// tracks finds the track for each slice.
type tracks struct {
	known map[place][]*track
	made  int
}

// find returns the track of a slice and the slice as it fits there.
func (t *tracks) find(p place, s span) (*track, span) {
	for _, known := range t.known[p] {
		if fitted, ok := known.fit(s); ok {
			return known, fitted
		}
	}
	if t.known == nil || len(t.known) >= mostTracks && t.known[p] == nil {
		t.known = map[place][]*track{}
	}
	added := &track{place: p, tid: firstThread + t.made}
	t.made++
	t.known[p] = append(t.known[p], added)
	fitted, _ := added.fit(s)
	return added, fitted
}
