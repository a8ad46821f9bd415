//go:build unix && !aix && !solaris

package osproc

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// setNice sets the niceness of the group of pid, whose leader is not reaped.
func setNice(pid int, o *Options) error {
	if !o.SetNice {
		return nil
	}
	err := unix.Setpriority(unix.PRIO_PGRP, pid, o.Nice)
	if err == nil || errors.Is(err, unix.ESRCH) {
		return nil
	}
	return fmt.Errorf("niceness %d: %w", o.Nice, os.NewSyscallError("setpriority", err))
}

// Niceness returns that of this process.
func Niceness() (int, error) {
	nice, err := unix.Getpriority(unix.PRIO_PROCESS, 0)
	if err != nil {
		return 0, os.NewSyscallError("getpriority", err)
	}
	return niceOf(nice), nil
}
