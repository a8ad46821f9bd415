//go:build !unix || aix || solaris

package shm

import "time"

var start = time.Now()

// MonotonicNow returns nanoseconds since this program began. There is no box
// here through which another process could see them.
func MonotonicNow() int64 { return int64(time.Since(start)) }
