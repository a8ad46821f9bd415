package osproc

import (
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// softLimitShare is how much of the hard limit the collector may use before it
// works harder: the rest is for stacks, fragments and memory of C. More wastes
// less but ends programs whose live memory would have fitted; less collects too
// often.
const softLimitShare = 0.8

// LimitMemory limits the memory of this process, and of those that it starts,
// to bytes of private writable memory (RLIMIT_DATA), and says by which
// mechanism: "rlimit", or "" with an error that says why there is no limit. A Go
// program that needs more ends with status 2 and "out of memory", or, when it
// uses cgo and the stack of a new thread was what did not fit (8 MiB each),
// "pthread_create failed". Shared memory and files are not counted.
//
// It also sets the soft limit of the garbage collector to four fifths of bytes,
// unless one was set before. It cannot be undone. With the race detector it does
// nothing, because that needs too much memory of its own.
func LimitMemory(bytes int64) (mechanism string, err error) {
	if raceEnabled {
		return "", fmt.Errorf("memory limit: not with the race detector (%w)", errors.ErrUnsupported)
	}
	used, err := dataSize()
	if err != nil {
		return "", fmt.Errorf("memory limit: %w", err)
	}
	if bytes <= used {
		return "", fmt.Errorf("memory limit is %d bytes: want more than the %d already used", bytes, used)
	}
	if err := lowerDataLimit(uint64(bytes)); err != nil {
		return "", fmt.Errorf("memory limit: %w", err)
	}
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(int64(float64(bytes) * softLimitShare))
	}
	return "rlimit", nil
}

// lowerDataLimit never raises: only a privileged process could.
func lowerDataLimit(bytes uint64) error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_DATA, &limit); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	limit.Max = min(limit.Max, bytes)
	limit.Cur = min(limit.Cur, limit.Max)
	return os.NewSyscallError("setrlimit", unix.Setrlimit(unix.RLIMIT_DATA, &limit))
}

// constrain sets the limits of a process that has been started and is not reaped.
// One that has ended needs none.
func constrain(pid int, o *Options) error {
	if o.Memory > 0 {
		limit := unix.Rlimit{Cur: uint64(o.Memory), Max: uint64(o.Memory)}
		err := unix.Prlimit(pid, unix.RLIMIT_DATA, &limit, nil)
		if errors.Is(err, unix.EPERM) { // it has a lower hard limit, or other rights
			err = lowerDataLimitOf(pid, uint64(o.Memory))
		}
		if err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("memory limit: %w", os.NewSyscallError("prlimit", err))
		}
	}
	return o.Nice.ofGroup(pid)
}

// lowerDataLimitOf is lowerDataLimit for another process.
func lowerDataLimitOf(pid int, bytes uint64) error {
	var limit unix.Rlimit
	if err := unix.Prlimit(pid, unix.RLIMIT_DATA, nil, &limit); err != nil {
		return err
	}
	limit.Max = min(limit.Max, bytes)
	limit.Cur = min(limit.Cur, limit.Max)
	return unix.Prlimit(pid, unix.RLIMIT_DATA, &limit, nil)
}

// dataSize returns what RLIMIT_DATA counts of this process, in bytes.
func dataSize() (int64, error) {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, found := strings.CutPrefix(line, "VmData:"); found {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			return kib << 10, err
		}
	}
	return 0, errors.New("/proc/self/status has no VmData")
}
