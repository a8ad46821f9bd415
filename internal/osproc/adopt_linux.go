package osproc

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// CanAdopt returns why this system does not let [Adopt] work, or nil.
func CanAdopt() error {
	fd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		return fmt.Errorf("this kernel has no pidfd: %w", errors.Join(errors.ErrUnsupported, err))
	}
	defer unix.Close(fd)
	if err := unix.PidfdSendSignal(fd, 0, nil, 0); err != nil {
		return fmt.Errorf("signals by pidfd are refused here: %w", errors.Join(errors.ErrUnsupported, err))
	}
	if _, err := parentOf(os.Getpid()); err != nil {
		return fmt.Errorf("this system tells nothing of processes: %w", errors.Join(errors.ErrUnsupported, err))
	}
	return nil
}

// openChild returns a pidfd of pid, which is a child of parent. That is looked at
// afterwards: a child cannot have got its number since, because parent makes no
// other meanwhile.
func openChild(parent, pid int) (*os.File, error) {
	fd, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return nil, fmt.Errorf("process %d: %w", pid, os.NewSyscallError("pidfd_open", err))
	}
	_ = unix.SetNonblock(fd, true) // for the poller; without it, watching holds a thread
	file := os.NewFile(uintptr(fd), "pidfd")
	if real, err := parentOf(pid); err != nil || real != parent {
		file.Close()
		return nil, fmt.Errorf("process %d is not a child of process %d", pid, parent)
	}
	return file, nil
}

// parentOf reads the number of a process's parent.
func parentOf(pid int) (int, error) {
	text, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0, err
	}
	// PID (NAME) STATE PPID: the name may have parentheses and spaces.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 2 {
		return 0, fmt.Errorf("stat of process %d is short", pid)
	}
	return strconv.Atoi(string(fields[1]))
}

// awaitStranger blocks until the process of pidfd, which may be nobody's child of
// ours, has ended.
func awaitStranger(pidfd *os.File) {
	conn, err := pidfd.SyscallConn()
	if err != nil {
		return // closed; its owner closes it after this
	}
	if err := conn.Read(func(fd uintptr) bool { return strangerEnded(fd, 0) }); err == nil {
		return
	}
	// The poller does not take it.
	_ = conn.Control(func(fd uintptr) {
		for !strangerEnded(fd, -1) {
		}
	})
}

// strangerEnded asks a pidfd, for at most timeout milliseconds; -1 is for ever.
func strangerEnded(fd uintptr, timeout int) bool {
	set := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
	n, err := unix.Poll(set, timeout)
	return err == nil && n > 0
}

// signal sends sig to the group of pid, and with leader to that process only.
func (a *adopted) signal(pid int, sig syscall.Signal, leader bool) error {
	conn, err := a.pidfd.SyscallConn()
	if err != nil {
		return err
	}
	var sent error
	if err := conn.Control(func(fd uintptr) { sent = signalByPidfd(int(fd), pid, sig, leader) }); err != nil {
		return err
	}
	return sent
}

// signalByPidfd aims at the group through the pidfd where the kernel can (Linux
// 6.9), also when the leader was reaped. Elsewhere it does not aim at the group of
// a leader that was reaped, which only happens when its parent has died: the
// number may be that of another group a moment later.
func signalByPidfd(fd, pid int, sig syscall.Signal, leader bool) error {
	if leader {
		return unix.PidfdSendSignal(fd, sig, nil, 0)
	}
	err := unix.PidfdSendSignal(fd, sig, nil, unix.PIDFD_SIGNAL_PROCESS_GROUP)
	if !errors.Is(err, unix.EINVAL) {
		return err
	}
	return signalByNumber(fd, pid, sig)
}

// signalByNumber sends sig to the group of pid, whose leader is not reaped.
func signalByNumber(fd, pid int, sig syscall.Signal) error {
	if err := unix.PidfdSendSignal(fd, 0, nil, 0); err != nil {
		return err
	}
	return syscall.Kill(-pid, sig)
}

// ExitOf returns what a wait4 of another process found: the raw status,
// processor time, and the largest resident set in bytes.
func ExitOf(status int, user, system time.Duration, maxRSS int64) Exit {
	exit := newExit(syscall.WaitStatus(uint32(status)), &syscall.Rusage{})
	exit.UserTime, exit.SystemTime, exit.MaxRSS = user, system, maxRSS
	return exit
}
