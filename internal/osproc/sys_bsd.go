//go:build unix && !linux && !aix && !solaris

package osproc

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// maxRSSUnit is the unit of Rusage.Maxrss in bytes.
var maxRSSUnit = maxRSSUnitOf(runtime.GOOS)

func maxRSSUnitOf(system string) int64 {
	if system == "darwin" || system == "ios" {
		return 1
	}
	return 1024
}

// sysProcAttr asks for an own group.
func sysProcAttr(*int) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// kqueuePause is the time between two tries to get a descriptor for the event
// queue. Nothing tells when the descriptor table has room again.
const kqueuePause = 50 * time.Millisecond

// awaitExit blocks until pid has ended and does not reap it. It holds a thread.
// The kernel can tell of the end a moment before wait4 sees it; Reap then
// blocks for that moment.
func awaitExit(pid, _ int) (ours bool) {
	queue, err := unix.Kqueue() // forks do not inherit it
	for err != nil {
		time.Sleep(kqueuePause)
		queue, err = unix.Kqueue()
	}
	defer unix.Close(queue)

	changes := make([]unix.Kevent_t, 1)
	unix.SetKevent(&changes[0], pid, unix.EVFILT_PROC, unix.EV_ADD|unix.EV_ONESHOT)
	changes[0].Fflags = unix.NOTE_EXIT
	events := make([]unix.Kevent_t, 1)
	for {
		_, err := unix.Kevent(queue, changes, events, nil)
		if !errors.Is(err, unix.EINTR) {
			return true // ESRCH: it has ended and is not reaped
		}
	}
}

// hasEnded is not asked here: no process has a pidfd.
func hasEnded(int) (bool, error) { return false, errors.ErrUnsupported }

// Self returns the path of this program's file.
func Self() (string, error) { return os.Executable() }

// threadsAreNice says that each thread has its own niceness, which processes inherit
// that it starts. Here processes have one.
const threadsAreNice = false

// onMainThread is not asked here: no thread gets a niceness of its own.
func onMainThread() bool { return false }

// niceOf returns what the library call answers, which is a niceness.
func niceOf(answer int) int { return answer }

// constrain sets the limits of a process that has been started and is not reaped.
func constrain(pid int, o *Options) error {
	if o.Memory > 0 {
		return fmt.Errorf("memory limit: %w", errors.ErrUnsupported)
	}
	return o.Nice.ofGroup(pid)
}

// ResidentSize is not supported here: it returns an error that wraps
// [errors.ErrUnsupported].
func ResidentSize(int) (int64, error) {
	return 0, fmt.Errorf("resident size: %w", errors.ErrUnsupported)
}
