package osproc

import (
	"os"
	"syscall"
)

// openPipe returns a pipe whose ends are blocking and close-on-exec. It does
// less than [os.Pipe], which puts both ends into the runtime's poller.
func openPipe() (r, w int, err error) {
	var p [2]int
	if err := syscall.Pipe2(p[:], syscall.O_CLOEXEC); err != nil {
		return -1, -1, os.NewSyscallError("pipe2", err)
	}
	return p[0], p[1], nil
}
