package shm_test

import (
	"testing"

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
