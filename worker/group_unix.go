//go:build unix && !aix && !solaris

package worker

import (
	"os"
	"syscall"
)

// endGroup ends this process and its children, if it leads their group.
func endGroup() {
	if pid := os.Getpid(); syscall.Getpgrp() == pid {
		syscall.Kill(-pid, syscall.SIGKILL)
	}
}
