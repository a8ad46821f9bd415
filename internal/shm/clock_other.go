//go:build !unix || aix || solaris

package shm

import "time"

var start = time.Now()

// MonotonicNow returns nanoseconds since this program began. There is no box
// here through which another process could see them.
func MonotonicNow() int64 { return int64(time.Since(start)) }

// MonotonicAt returns what MonotonicNow was at t, which time.Now gave in this
// process.
func MonotonicAt(t time.Time) int64 { return int64(t.Sub(start)) }
