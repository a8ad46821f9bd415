package process

import (
	"sync"
	"sync/atomic"

	"github.com/gotandem/tandem"
)

// suspectAfter is after how many workers that ended with nothing but one call in
// their hands, which they had not started, the call is taken for the cause. More
// costs more workers for a call that cannot even be received; fewer blames
// calls whose workers were killed from outside.
const suspectAfter = 2

// suspects counts the workers that ended as they received a call. Without it,
// such a call would be passed from worker to worker for ever.
type suspects struct {
	some atomic.Bool // there are entries

	mu    sync.Mutex
	ended map[tandem.Call]int
}

// note counts a worker for c and reports whether c is to fail.
func (s *suspects) note(c tandem.Call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended == nil {
		s.ended = make(map[tandem.Call]int)
	}
	s.ended[c]++
	s.some.Store(true)
	return s.ended[c] >= suspectAfter
}

// forget removes c, which has finished.
func (s *suspects) forget(c tandem.Call) {
	if !s.some.Load() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.ended, c)
	s.some.Store(len(s.ended) > 0)
}
