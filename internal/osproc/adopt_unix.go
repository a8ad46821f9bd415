//go:build unix && !aix && !solaris

package osproc

import (
	"os"
	"sync"
)

// adopted is what a [Process] has that is the child of another process.
type adopted struct {
	pidfd *os.File    // until reaped
	ask   func() Exit // has the parent reap it
	once  sync.Once
}

// Adopt returns a Process for pid, a child of parent and the leader of its own
// group, that parent does not reap unless reap asks it to: so the number stays
// that of the child while parent lives. Signals go through a pidfd, so that they
// cannot hit a stranger when parent has died either.
//
// The Process is like one that was started, but Reap blocks while reap does. The
// function is called once, when the process has ended and its group was killed;
// it returns how the process ended, with [CodeUnknown] when parent cannot tell.
//
// The error says that pid is no child of parent, perhaps because parent has
// ended, or matches [errors.ErrUnsupported]: see [CanAdopt].
func Adopt(parent *Process, pid int, reap func() Exit) (*Process, error) {
	pidfd, err := openChild(parent.pid, pid)
	if err != nil {
		return nil, err
	}
	p := &Process{pid: pid, exited: make(chan struct{}), adopted: &adopted{pidfd: pidfd, ask: reap}}
	p.watcher.Go(func() {
		defer close(p.exited)
		awaitStranger(pidfd)
	})
	return p, nil
}

// reapAdopted is Reap, once the process has ended.
func (p *Process) reapAdopted() Exit {
	p.adopted.once.Do(func() {
		p.mu.Lock()
		_ = p.killLocked() // O3; none left is fine
		p.gone = true
		p.mu.Unlock()

		p.adopted.pidfd.Close() // nobody uses it once the process is gone
		p.exit = p.adopted.ask()
	})
	return p.exit
}
