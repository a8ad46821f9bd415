//go:build unix && !linux && !aix && !solaris

package command

import (
	"os"
	"syscall"
)

// openPipe holds the lock that keeps forks from inheriting the pipe before it
// is close-on-exec.
func openPipe() (r, w int, err error) {
	var p [2]int
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	if err := syscall.Pipe(p[:]); err != nil {
		return -1, -1, os.NewSyscallError("pipe", err)
	}
	syscall.CloseOnExec(p[0])
	syscall.CloseOnExec(p[1])
	return p[0], p[1], nil
}

// argumentLimits returns how many bytes this system allows for all arguments
// with the environment, and for one of them. 0 is unknown.
func argumentLimits() (all, one int) {
	limit, err := syscall.SysctlUint32("kern.argmax")
	if err != nil {
		return 0, 0
	}
	return int(limit), 0
}
