//go:build unix && !aix && !solaris

package command

import (
	"errors"
	"os"
	"syscall"
)

const sigContinue = syscall.SIGCONT

// maxDrain bounds what drain reads, so that a process that never stops writing
// cannot hold it. More than any pipe holds.
const maxDrain = 16 << 20

// openOutput returns a pipe that programs write and we read. Our end is in the
// runtime's poller, theirs is blocking: programs other than Go ones expect that.
func openOutput() (ours, child *os.File, err error) {
	r, w, err := openPipe()
	if err != nil {
		return nil, nil, err
	}
	return pollable(r, "output"), os.NewFile(uintptr(w), "output"), nil
}

// openInput returns a pipe that we write and programs read, like openOutput.
func openInput() (ours, child *os.File, err error) {
	r, w, err := openPipe()
	if err != nil {
		return nil, nil, err
	}
	return pollable(w, "input"), os.NewFile(uintptr(r), "input"), nil
}

// pollable returns a file whose reads and writes wait in the runtime's poller.
func pollable(fd int, name string) *os.File {
	_ = syscall.SetNonblock(fd, true) // a new pipe always can
	return os.NewFile(uintptr(fd), name)
}

// drain hands what waits in pipe to keep, past the pipe's deadline, until keep
// returns false. It never blocks.
func drain(pipe *os.File, space []byte, keep func([]byte) bool) {
	conn, err := pipe.SyscallConn()
	if err != nil {
		return // closed
	}
	_ = conn.Control(func(fd uintptr) {
		for total := 0; total < maxDrain; {
			n, err := syscall.Read(int(fd), space)
			if errors.Is(err, syscall.EINTR) {
				continue
			}
			if n <= 0 || err != nil || !keep(space[:n]) {
				return // empty, or the end
			}
			total += n
		}
	})
}
