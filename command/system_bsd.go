//go:build unix && !linux && !aix && !solaris

package command

import "syscall"

const sigContinue = syscall.SIGCONT

// argumentLimits returns how many bytes this system allows for all arguments
// with the environment, and for one of them. 0 is unknown.
func argumentLimits() (all, one int) {
	limit, err := syscall.SysctlUint32("kern.argmax")
	if err != nil {
		return 0, 0
	}
	return int(limit), 0
}

// descriptorLimit returns how many descriptors this process may have, 0 when that
// is not known.
func descriptorLimit() uint64 {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		return 0
	}
	return uint64(limit.Cur)
}
