package trace

import (
	"math"
	"slices"
	"sort"
	"strconv"
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

	// remembered is how many slices of a track can at least be compared with one
	// that is reported late, because its call went on elsewhere or a batch of
	// short calls ended while the one before was being reported.
	remembered = 256

	// mostTracks bounds the tracks in memory. Forgetting one costs that a late
	// slice of it gets a new track.
	mostTracks = 4096

	// mostLower bounds the tracks that are made because they come before another.
	mostLower = 1024
)

// span is a time, from the beginning of the run. It is not empty: nothing could
// lead to it.
type span struct{ start, end time.Duration }

// within returns s shortened so that it is in room, or moved where that would
// leave less than half of it, and whether clock errors explain the difference.
func (s span) within(room span) (span, bool) {
	length := s.end - s.start
	fitted := span{max(s.start, room.start), min(s.end, room.end)}
	if fitted.end-fitted.start < (length+1)/2 {
		fitted.start = max(room.start, min(s.start, room.end-length))
		fitted.end = min(room.end, fitted.start+length)
	}
	if fitted.end-fitted.start < (length+1)/2 {
		return s, false
	}
	off := max((fitted.start - s.start).Abs(), (fitted.end - s.end).Abs())
	return fitted, off <= clockError
}

// place is where a slice was, as the executor says.
type place struct{ pid, slot, thread int }

// name is what the track of p is called.
func (p place) name() string {
	if p.pid == slotProcess {
		return "slot " + strconv.Itoa(p.slot)
	}
	return "thread " + strconv.Itoa(p.thread)
}

// lower returns the place before p in its process, and whether there is one:
// slots count from 1, threads from 0.
func (p place) lower() (place, bool) {
	if p.pid == slotProcess {
		p.slot--
		return p, p.slot > 0
	}
	p.thread--
	return p, p.thread >= 0
}

// track is one line of the trace.
type track struct {
	place  place
	tid    int
	spans  []span // the last ones, by start
	forgot bool   // those before
}

// fit returns s as it overlaps none of the track's slices, and whether clock
// errors explain the difference. It notes the slice if so.
func (t *track) fit(s span) (span, bool) {
	at := sort.Search(len(t.spans), func(i int) bool { return t.spans[i].start > s.start })
	for _, gap := range [...]int{at, at + 1, at - 1} {
		if fitted, ok := s.within(t.room(gap)); ok {
			t.spans = slices.Insert(t.spans, gap, fitted)
			if len(t.spans) == 2*remembered {
				t.spans, t.forgot = slices.Delete(t.spans, 0, remembered), true
			}
			return fitted, true
		}
	}
	return s, false
}

// room is what the track has free before its slice i. Where that cannot be
// known, because a slice is forgotten, there is none.
func (t *track) room(i int) span {
	switch {
	case i < 0 || i > len(t.spans) || i == 0 && t.forgot:
		return span{}
	case len(t.spans) == 0:
		return span{0, math.MaxInt64}
	case i == 0:
		return span{0, t.spans[0].start}
	case i == len(t.spans):
		return span{t.spans[i-1].end, math.MaxInt64}
	}
	return span{t.spans[i-1].end, t.spans[i].start}
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
	added := t.add(p)
	fitted, _ := added.fit(s)
	return added, fitted
}

// add makes a track for p, and those that come before it and are missing:
// viewers show tracks in the order of their first event or of their ids.
func (t *tracks) add(p place) *track {
	if t.known == nil || len(t.known) >= mostTracks && t.known[p] == nil {
		t.known = map[place][]*track{}
	}
	missing := []place{p}
	for lower, ok := p.lower(); ok && t.known[lower] == nil && len(missing) < mostLower; lower, ok = lower.lower() {
		missing = append(missing, lower)
	}
	var added *track
	for _, p := range slices.Backward(missing) {
		added = &track{place: p, tid: firstThread + t.made}
		t.made++
		t.known[p] = append(t.known[p], added)
	}
	return added
}

// upTo returns the tracks that come before t in its process, and t.
func (t *tracks) upTo(last *track) []*track {
	found := []*track{last}
	for lower, ok := last.place.lower(); ok && t.known[lower] != nil && len(found) < mostLower; lower, ok = lower.lower() {
		found = append(found, t.known[lower][0])
	}
	slices.Reverse(found)
	return found
}
