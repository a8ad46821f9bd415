package process

import (
	"testing"

	"github.com/gotandem/tandem"
)

// Which slot starts its first worker on demand.
func TestReserveStart(t *testing.T) {
	for name, test := range map[string]struct {
		number            int
		ready             bool
		retired, starting int
		room              []int32 // of the slots: free threads, or minus calls that wait in the worker
		want              bool
	}{
		"the first":                          {0, false, 0, 0, []int32{0, 0, 0}, true},
		"no calls":                           {1, true, 0, 0, []int32{2, 0, 0}, false},
		"calls sent in advance":              {1, true, 0, 0, []int32{-1, 0, 0}, true},
		"they fit a free worker":             {2, true, 0, 0, []int32{-2, 2, 0}, false},
		"they fit one that starts":           {2, true, 0, 1, []int32{-2, 0, 0}, false},
		"more than that one takes":           {2, true, 0, 1, []int32{-3, 0, 0}, true},
		"in the place of one":                {1, true, 1, 0, []int32{0, 0, 0}, true},
		"not in the place of one":            {2, true, 1, 0, []int32{0, 0, 0}, false},
		"one failed and none has been ready": {2, false, 1, 1, []int32{0, 0, 0}, true},
	} {
		ex := &Executor{
			config: Config{Threads: 2, OnDemand: true}, queue: tandem.NewQueue(1), ready: make(chan struct{}),
			retired: test.retired, starting: test.starting,
		}
		if test.ready {
			ex.noteReady()
		}
		for i, room := range test.room {
			s := newSlot(ex, i)
			s.room.Store(room)
			ex.slots = append(ex.slots, s)
		}
		if got := ex.reserveStart(test.number); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
		if got := ex.starting - test.starting; got == 1 != test.want {
			t.Errorf("%s: %d starts reserved", name, got)
		}
	}
}
