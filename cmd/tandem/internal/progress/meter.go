package progress

import "time"

// recent is how long ago counts for the rate. Longer follows a change late; shorter
// makes the time that is left jump.
const recent = 15 * time.Second

// meter measures how many inputs a second come to something.
type meter struct {
	samples []sample // the oldest first, recent ones and one before them
}

type sample struct {
	at   time.Duration // after the beginning
	done int64
}

// rate returns the rate of recent time, 0 when there is none yet.
func (m *meter) rate(s Snapshot) float64 {
	if len(m.samples) == 0 {
		m.samples = append(m.samples, sample{})
	}
	last := m.samples[len(m.samples)-1]
	if s.Elapsed-last.at >= recent/30 || len(m.samples) == 1 {
		m.samples = append(m.samples, sample{s.Elapsed, s.Done()})
	}
	for len(m.samples) > 2 && s.Elapsed-m.samples[1].at >= recent {
		m.samples = m.samples[1:]
	}
	first := m.samples[0]
	took := (s.Elapsed - first.at).Seconds()
	if took <= 0 {
		return 0
	}
	return float64(s.Done()-first.done) / took
}
