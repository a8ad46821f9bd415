package summary

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// steps is how many steps a doubling of time has. More needs more memory and is
// not more than clocks can tell, less is seen in a median.
const (
	stepBits = 7
	steps    = 1 << stepBits
)

// times counts durations in steps that grow with them, and keeps the middle.
//
// T1: below counts the durations in steps before middle.
// T2: below <= (count-1)/2 < below + counts[middle], when count is above 0.
type times struct {
	counts   [(64 - stepBits) * steps]uint64
	count    uint64
	middle   int
	below    uint64
	min, max time.Duration

	median atomic.Int64 // 0 while there is none
}

// step returns the step of d: exact up to 2*steps nanoseconds, then steps each
// doubling.
func step(d time.Duration) int {
	v := uint64(max(0, d))
	exponent := bits.Len64(v >> stepBits)
	if exponent <= 1 {
		return int(v)
	}
	return (exponent-1)<<stepBits + int(v>>(exponent-1))
}

// middleOf returns the duration in the middle of a step.
func middleOf(step int) time.Duration {
	if step < 2*steps {
		return time.Duration(step)
	}
	exponent := step>>stepBits - 1
	low := uint64(step&(steps-1)+steps) << exponent
	return time.Duration(low + 1<<exponent/2)
}

// add counts d and moves the middle.
func (t *times) add(d time.Duration) {
	d = max(0, d)
	if t.count == 0 {
		t.min, t.max, t.middle = d, d, step(d)
	}
	t.min, t.max = min(t.min, d), max(t.max, d)
	at := step(d)
	t.counts[at]++
	t.count++
	if at < t.middle {
		t.below++
	}
	rank := (t.count - 1) / 2
	for t.below > rank {
		for t.middle--; t.counts[t.middle] == 0; t.middle-- {
		}
		t.below -= t.counts[t.middle]
	}
	for t.below+t.counts[t.middle] <= rank {
		t.below += t.counts[t.middle]
		for t.middle++; t.counts[t.middle] == 0; t.middle++ {
		}
	}
	t.median.Store(int64(t.within(t.middle)))
}

// within is the middle of a step, but no time that cannot have been.
func (t *times) within(step int) time.Duration {
	return max(1, min(t.max, max(t.min, middleOf(step))))
}

// percentile returns the duration that at least p percent do not exceed.
func (t *times) percentile(p uint64) time.Duration {
	if t.count == 0 {
		return 0
	}
	many, seen := (t.count*p+99)/100, uint64(0)
	for at, n := range t.counts[:] {
		if seen += n; seen >= many {
			return t.within(at)
		}
	}
	return t.max
}
