//go:build unix && !linux && !aix && !solaris

package shm

import (
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// clockMonotonic returns the system's number of CLOCK_MONOTONIC. x/sys/unix does
// not have it for NetBSD.
func clockMonotonic() int32 {
	switch runtime.GOOS {
	case "darwin", "ios":
		return 6
	case "freebsd", "dragonfly":
		return 4
	}
	return 3 // NetBSD, OpenBSD
}

// MonotonicNow returns CLOCK_MONOTONIC in nanoseconds. Its values can be
// compared between the processes of one machine. The runtime's clock is another
// one here: on macOS it stands still while the machine sleeps.
func MonotonicNow() int64 {
	var now unix.Timespec
	if err := unix.ClockGettime(clockMonotonic(), &now); err != nil {
		panic("shm: no monotonic clock: " + err.Error())
	}
	return now.Nano()
}

// MonotonicAt returns what MonotonicNow was at t, which time.Now gave in this
// process a moment ago: late by what passes between readings of both clocks.
func MonotonicAt(t time.Time) int64 { return MonotonicNow() - int64(time.Since(t)) }
