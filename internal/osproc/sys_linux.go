package osproc

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// maxRSSUnit is the unit of Rusage.Maxrss in bytes.
const maxRSSUnit = 1024

// sysProcAttr asks for an own group, for death with the calling thread, and for
// a pidfd when pidfd is not nil.
func sysProcAttr(pidfd *int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, PidFD: pidfd}
}

// awaitExit blocks until pid has ended, does not reap it, and closes pidfd. It
// returns false when someone else reaped it.
func awaitExit(pid, pidfd int) (ours bool) {
	if pidfd >= 0 {
		if ours, err := awaitPidfd(pidfd); err == nil {
			return ours
		}
	}
	for {
		err := unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			return err == nil
		}
	}
}

// awaitPidfd waits in the runtime's poller. It returns an error where the
// kernel or the poller cannot do that.
func awaitPidfd(pidfd int) (ours bool, err error) {
	if err := unix.SetNonblock(pidfd, true); err != nil {
		unix.Close(pidfd)
		return false, err
	}
	file := os.NewFile(uintptr(pidfd), "pidfd")
	defer file.Close()
	conn, err := file.SyscallConn()
	if err != nil {
		return false, err
	}
	var waitErr error
	err = conn.Read(func(fd uintptr) (done bool) {
		done, waitErr = hasEnded(int(fd))
		return done || waitErr != nil
	})
	if errors.Is(waitErr, unix.ECHILD) {
		return false, err
	}
	return true, errors.Join(err, waitErr)
}

// hasEnded says whether the process has ended. It neither blocks nor reaps.
func hasEnded(pidfd int) (bool, error) {
	var info unix.Siginfo
	err := unix.Waitid(unix.P_PIDFD, pidfd, &info, unix.WEXITED|unix.WNOWAIT|unix.WNOHANG, nil)
	return err == nil && info.Signo != 0, err
}

// Self returns a path that executes the file of this program again, also after
// the file was replaced or removed.
func Self() (string, error) {
	const self = "/proc/self/exe"
	if _, err := os.Stat(self); err == nil {
		return self, nil
	}
	return os.Executable()
}

// threadsAreNice says that each thread has its own niceness, which processes inherit
// that it starts.
const threadsAreNice = true

// onMainThread reports whether the calling thread is the first of this program,
// whose niceness is shown as that of the program.
func onMainThread() bool { return unix.Gettid() == unix.Getpid() }

// niceOf turns what the system call answers into a niceness: it has no negative
// answers.
func niceOf(answer int) int { return 20 - answer }

// ResidentSize returns the resident set of process pid in bytes. It is 0 for a
// process that has ended and is not reaped. It returns an error that wraps
// [os.ErrNotExist] when there is no such process, and one that wraps
// [errors.ErrUnsupported] where the system does not tell.
func ResidentSize(pid int) (int64, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/statm")
	if err != nil {
		return 0, fmt.Errorf("resident size: %w", err)
	}
	fields := strings.Fields(string(text))
	if len(fields) < 2 {
		return 0, fmt.Errorf("resident size: statm of process %d has %d fields: want 2 or more", pid, len(fields))
	}
	pages, err := strconv.ParseInt(fields[1], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("resident size: %w", err)
	}
	return pages * int64(os.Getpagesize()), nil
}
