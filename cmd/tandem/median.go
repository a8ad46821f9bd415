package main

import (
	"slices"
	"sync"
	"time"

	outcomes "github.com/gotandem/tandem/cmd/tandem/internal/outcome"
)

// medianOf is how many of the last successful calls the median is of.
const medianOf = 1000

// median is that of how long successful calls took.
type median struct {
	mu     sync.Mutex
	sorted []time.Duration
	last   []time.Duration // the same, the oldest first
}

func newMedian() *median { return new(median) }

// add counts a call if it succeeded.
func (m *median) add(o *outcomes.Outcome) {
	if o.Err != nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.last) == medianOf {
		at, _ := slices.BinarySearch(m.sorted, m.last[0])
		m.sorted, m.last = slices.Delete(m.sorted, at, at+1), m.last[1:]
	}
	at, _ := slices.BinarySearch(m.sorted, o.Wall)
	m.sorted, m.last = slices.Insert(m.sorted, at, o.Wall), append(m.last, o.Wall)
}

// get returns the median, and whether there is one.
func (m *median) get() (time.Duration, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.sorted) == 0 {
		return 0, false
	}
	return m.sorted[len(m.sorted)/2], true
}
