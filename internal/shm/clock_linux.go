package shm

import (
	"math"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// epoch ties the runtime's monotonic clock, which is CLOCK_MONOTONIC on Linux
// and cheap to read, to the kernel's numbers.
type epoch struct {
	at time.Time
	ns int64
}

// epochTries is how often the two clocks are read side by side to find the
// closest pair. More costs a microsecond of the first call; fewer lets one
// preemption between the two readings through.
const epochTries = 8

var readEpoch = sync.OnceValue(func() epoch {
	var best epoch
	gap := time.Duration(math.MaxInt64)
	for range epochTries {
		before := time.Now()
		var now unix.Timespec
		if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &now); err != nil {
			panic("shm: no monotonic clock: " + err.Error())
		}
		if g := time.Since(before); g < gap {
			gap = g
			best = epoch{at: before.Add(g / 2), ns: now.Nano()}
		}
	}
	return best
})

// MonotonicNow returns CLOCK_MONOTONIC in nanoseconds. Its values can be
// compared between the processes of one machine; each process is off by at most
// the microsecond or so that reading two clocks once takes.
func MonotonicNow() int64 {
	start := readEpoch()
	return start.ns + int64(time.Since(start.at))
}

// MonotonicAt returns what MonotonicNow was at t, which time.Now gave in this
// process. Between readings of both clocks a thread may be kept from running.
func MonotonicAt(t time.Time) int64 {
	start := readEpoch()
	return start.ns + int64(t.Sub(start.at))
}
