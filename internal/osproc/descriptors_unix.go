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
