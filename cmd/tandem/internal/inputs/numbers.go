package inputs

import (
	"sort"
	"sync"
)

// Numbers knows the number of each input although some are left out before they
// become calls. Numbers count from 1, the indexes of calls from 0. Its methods
// may be called at the same time from several goroutines.
type Numbers struct {
	mu      sync.Mutex
	taken   int
	skipped []int // for each input that was left out: the index of the next call
}

// Take counts an input that becomes a call.
func (n *Numbers) Take() {
	n.mu.Lock()
	n.taken++
	n.mu.Unlock()
}

// Skip counts an input that does not, and returns its number.
func (n *Numbers) Skip() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.skipped = append(n.skipped, n.taken)
	return n.taken + len(n.skipped)
}

// Of returns the number of the input of the call with the given index.
func (n *Numbers) Of(index int) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	before := sort.Search(len(n.skipped), func(i int) bool { return n.skipped[i] > index })
	return index + 1 + before
}

// Seen returns how many inputs there have been.
func (n *Numbers) Seen() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.taken + len(n.skipped)
}
