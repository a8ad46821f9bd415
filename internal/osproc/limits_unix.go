//go:build unix && !aix && !solaris

package osproc

import (
	"math"
	"syscall"
)

// DescriptorLimit returns how many descriptors this process may have, 0 when that
// is not known.
func DescriptorLimit() int {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return int(min(uint64(limit.Cur), math.MaxInt32))
}

// FileSizeLimit returns how large a file of this process may be. To write more is a
// signal that ends the program (SIGXFSZ).
func FileSizeLimit() int64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil || uint64(limit.Cur) > math.MaxInt64 {
		return math.MaxInt64
	}
	return int64(limit.Cur)
}
