//go:build unix && !aix && !solaris

package osproc

import (
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
)

// Process is one started process, the leader of its own group. Its states are
// in the package comment. The owner must call Reap once it is done with it.
type Process struct {
	// immutable after newProcess
	pid     int
	exited  chan struct{} // closed by watch
	release func()        // called once, by the Reap that reaps
	adopted *adopted      // nil for a child of this program

	watcher sync.WaitGroup

	mu       sync.Mutex
	gone     bool // guarded by mu: the number is no longer ours (O2)
	released bool // guarded by mu
	exit     Exit // guarded by mu; valid once gone; of an adopted one, once it was reaped
}

func newProcess(s started, release func()) *Process {
	p := &Process{pid: s.pid, exited: make(chan struct{}), release: release}
	p.watcher.Go(func() { p.watch(s.pidfd) })
	return p
}

// watch waits until the leader has ended, without reaping it.
func (p *Process) watch(pidfd int) {
	defer close(p.exited)
	if ours := awaitExit(p.pid, pidfd); !ours {
		p.mu.Lock()
		p.goneLocked(Exit{Code: CodeUnknown})
		p.mu.Unlock()
	}
}

func (p *Process) goneLocked(exit Exit) {
	p.gone = true
	p.exit = exit
}

// PID returns the process number, which is also the number of its group. After
// Reap the system may give it to another process.
func (p *Process) PID() int { return p.pid }

// Exited returns a channel that is closed when the leader has ended. Others of
// the group may still live, and the process is not reaped.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Signal sends sig to every process of the group. It never blocks. A leader that
// has ended takes a signal without effect. After Reap nothing is sent and the
// error is [os.ErrProcessDone].
func (p *Process) Signal(sig syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return os.ErrProcessDone
	}
	return p.signalLocked(sig)
}

// KillGroup sends SIGKILL to every process of the group, stopped ones too, also
// when the leader has already ended. It never blocks; Exited tells the end of
// the leader. After Reap nothing is sent and the error is [os.ErrProcessDone].
func (p *Process) KillGroup() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return os.ErrProcessDone
	}
	return p.killLocked()
}

// killLocked aims at the leader too, in case it moved to another group.
func (p *Process) killLocked() error {
	groupErr := p.signalLocked(syscall.SIGKILL)
	if err := p.sendLocked(syscall.SIGKILL, true); err == nil {
		return nil
	}
	return groupErr
}

// sendLocked sends sig to the group, and with leader to the leader only.
func (p *Process) sendLocked(sig syscall.Signal, leader bool) error {
	switch {
	case p.adopted != nil:
		return p.adopted.signal(p.pid, sig, leader)
	case leader:
		return syscall.Kill(p.pid, sig)
	}
	return syscall.Kill(-p.pid, sig)
}

func (p *Process) signalLocked(sig syscall.Signal) error {
	err := p.sendLocked(sig, false)
	if errors.Is(err, syscall.ESRCH) || (errors.Is(err, syscall.EPERM) && p.hasExited()) {
		return os.ErrProcessDone // macOS says EPERM for a group of zombies
	}
	return os.NewSyscallError("kill", err)
}

func (p *Process) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// Reap blocks until the leader has ended, kills what is left of the group,
// reaps the leader and says how it ended. It does not end the leader: call
// KillGroup for that. It may be called any number of times and concurrently; the
// answer is always the same.
func (p *Process) Reap() Exit {
	p.watcher.Wait()
	if p.adopted != nil {
		return p.reapAdopted()
	}

	p.mu.Lock()
	if !p.gone {
		_ = p.killLocked() // O3; none left is fine
		p.goneLocked(wait(p.pid))
	}
	exit := p.exit
	first := !p.released
	p.released = true
	p.mu.Unlock()

	if first {
		p.release()
	}
	return exit
}

// wait reaps pid, which has ended.
func wait(pid int) Exit {
	var status syscall.WaitStatus
	var usage syscall.Rusage
	for {
		_, err := syscall.Wait4(pid, &status, 0, &usage)
		if err == nil {
			return newExit(status, &usage)
		}
		if !errors.Is(err, syscall.EINTR) {
			return Exit{Code: CodeUnknown}
		}
	}
}

func newExit(status syscall.WaitStatus, usage *syscall.Rusage) Exit {
	exit := Exit{
		Code:       status.ExitStatus(),
		UserTime:   time.Duration(usage.Utime.Nano()),
		SystemTime: time.Duration(usage.Stime.Nano()),
		MaxRSS:     int64(usage.Maxrss) * maxRSSUnit,
	}
	if status.Signaled() {
		exit.Code = CodeSignaled
		exit.Signal = status.Signal()
		exit.CoreDumped = status.CoreDump()
	}
	return exit
}
