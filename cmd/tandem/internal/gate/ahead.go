package gate

import "time"

const (
	// aheadTime is how long the calls that are let through ahead may take.
	// Longer starts more calls after Ctrl-C; shorter lets workers wait.
	aheadTime = 20 * time.Millisecond

	// mostAhead bounds the calls that are let through ahead. It is the window of
	// a Map: more would wait there.
	mostAhead = 4096

	// measureTime is how long the rate is measured. Longer notices late that calls
	// have become slow; shorter sees too few ends to tell.
	measureTime = 5 * time.Millisecond
)

// speed measures how fast calls end.
type speed struct {
	since time.Time
	ended int64
}

// ahead returns how many calls more than places to let through, given that ended
// calls have ended by now. Between two measurements it is what it was.
func (s *speed) ahead(now time.Time, ended int64, places, before int) int {
	if s.since.IsZero() {
		s.since, s.ended = now, ended
		return 0
	}
	took, n := now.Sub(s.since), ended-s.ended
	if took < measureTime || n == 0 && took < aheadTime {
		return before
	}
	s.since, s.ended = now, ended
	ahead := Ahead(n, took, places)
	if took < aheadTime {
		return max(ahead, before/2) // ends come in bursts, and this time can lie between two
	}
	return ahead
}

// Ahead returns how many calls more than places to let through when n calls ended
// in the given time: those that end in 20 ms, and none when each takes as long.
func Ahead(n int64, took time.Duration, places int) int {
	if n <= 0 || took <= 0 || int64(took)*int64(places) >= n*int64(aheadTime) {
		return 0
	}
	return int(min(mostAhead, n*int64(aheadTime)/int64(took)))
}
