package process

import (
	"math"
	"testing"
	"time"

	"github.com/gotandem/tandem/internal/wire"
)

// Whatever a worker says, an attempt lies between being sent and being answered.
func TestSpanIsClamped(t *testing.T) {
	const sent, known = 1000, 5000
	for name, test := range map[string]struct {
		start uint64
		wall  time.Duration
		from  int64
		took  time.Duration
	}{
		"within":       {2000, 500, 2000, 500},
		"not measured": {0, math.MaxInt64, sent, known - sent},
		"too early":    {999, 10, sent, 10},
		"too late":     {5001, 10, known, 0},
		"negative":     {1 << 63, 10, known, 0},
		"too long":     {4000, 1001, 4000, 1000},
		"everything":   {math.MaxUint64, math.MaxInt64, known, 0},
	} {
		from, took := clampSpan(wire.Measure{Start: test.start, Wall: test.wall}, sent, known)
		if from != test.from || took != test.took {
			t.Errorf("%s: %d for %d, want %d for %d", name, from, took, test.from, test.took)
		}
	}
}
