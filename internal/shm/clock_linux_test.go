package shm_test

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gotandem/tandem/internal/shm"
)

func TestMonotonicNowIsTheKernelsClock(t *testing.T) {
	read := func() int64 {
		var now unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
			t.Fatal(err)
		}
		return now.Nano()
	}
	const slack = 1e6 // one preemption while the two clocks were compared
	for range 1000 {
		before, now, after := read(), shm.MonotonicNow(), read()
		if now < before-slack || now > after+slack {
			t.Fatalf("MonotonicNow = %d, kernel says %d to %d", now, before, after)
		}
	}
}

// What lies between two moments is the same on both clocks, however long after
// them it is asked.
func TestMonotonicAtKeepsDistances(t *testing.T) {
	moment := time.Now()
	before := shm.MonotonicNow()
	first := shm.MonotonicAt(moment)
	for _, later := range []time.Duration{1, time.Microsecond, time.Hour} {
		if got := shm.MonotonicAt(moment.Add(later)) - first; got != int64(later) {
			t.Errorf("%d ns after %v", got, later)
		}
	}
	if first > before {
		t.Errorf("a moment is %d, later it was %d", first, before)
	}
}
