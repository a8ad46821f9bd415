//go:build unix && !linux && !aix && !solaris

package osproc

import (
	"os"
	"syscall"
)

// openPipe returns a pipe whose ends are blocking and close-on-exec. It holds
// the lock that keeps forks from inheriting the pipe before it is that.
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
