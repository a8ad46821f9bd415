package worker

import (
	"os"
	"syscall"
)

// endBySocket makes the end of the parent end this process by the end of the
// socket instead of by a signal from the kernel. That signal comes first, and
// would leave no time to end the children of this process as well. It is called
// when the socket is about to be read for good.
//
// The setting belongs to the main thread, to which Main has locked its goroutine
// if it began there. On another thread the kernel's signal stays in force, which
// ends this process and not its children.
func endBySocket() {
	if syscall.Gettid() == os.Getpid() {
		syscall.RawSyscall(syscall.SYS_PRCTL, syscall.PR_SET_PDEATHSIG, 0, 0)
	}
}
