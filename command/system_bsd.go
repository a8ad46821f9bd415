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
