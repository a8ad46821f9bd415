//go:build unix && !aix && !solaris

package osproc

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// ofGroup gives the group of pid, whose leader is not reaped, the niceness n. One
// that has ended needs none.
func (n Nice) ofGroup(pid int) error {
	err := n.apply(unix.PRIO_PGRP, pid)
	if errors.Is(err, unix.ESRCH) {
		return nil
	}
	return err
}

// ofThread gives the calling thread the niceness n. It is for systems with
// [threadsAreNice], and cannot be undone without more rights.
func (n Nice) ofThread() error { return n.apply(unix.PRIO_PROCESS, 0) }

func (n Nice) apply(which, who int) error {
	if !n.set {
		return nil
	}
	if err := unix.Setpriority(which, who, n.value); err != nil {
		return fmt.Errorf("niceness %d: %w", n.value, os.NewSyscallError("setpriority", err))
	}
	return nil
}

// Niceness returns that of this program.
func Niceness() (int, error) {
	nice, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		return 0, os.NewSyscallError("getpriority", err)
	}
	return niceOf(nice), nil
}
