//go:build unix && !aix && !solaris

package osproc

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"syscall"
	"time"
)

// Thread starts processes one after the other and watches each with poll(2), on
// the operating-system thread of the goroutine that calls it. A process costs
// no change of thread or goroutine and little more than the system calls that
// it needs, which is what short ones are made for.
//
// Only Wake may be called from other goroutines. A Thread without a [Child]
// holds three descriptors and no thread.
type Thread struct {
	// immutable after NewThread
	null    *os.File
	alarm   int      // Wake's pipe: what poll watches
	ring    *os.File // its other end
	noPidfd bool     // tests: as on a kernel without pidfd

	rung  atomic.Bool // there is a byte in the pipe, or soon; never two
	space []byte      // what streams are read into
}

// readSize is how much is read at once: as much as a pipe holds by default.
const readSize = 64 << 10

// NewThread returns a Thread. End it with Close.
func NewThread() (*Thread, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	r, w, err := openPipe()
	if err != nil {
		null.Close()
		return nil, err
	}
	return &Thread{null: null, alarm: r, ring: os.NewFile(uintptr(w), "wake"), space: make([]byte, readSize)}, nil
}

// Close releases what t holds. There must be no [Child] that is not reaped.
func (t *Thread) Close() {
	t.ring.Close()
	t.null.Close()
	syscall.Close(t.alarm)
}

// Wake makes the [Child.Wait] that is under way, or else the next one, return
// [Woken]. Whoever calls it says before, elsewhere, what for. It never blocks
// and may be called from any goroutine, also after Close. Several calls can
// bring one Woken.
func (t *Thread) Wake() {
	if t.rung.CompareAndSwap(false, true) {
		_, _ = t.ring.Write([]byte{0}) // fails after Close; one byte always fits
	}
}

// hear takes the byte of Wake out of the pipe. A Wake that comes from now on
// puts in another, and what was said before it is seen by the caller.
func (t *Thread) hear() {
	var b [1]byte
	for {
		if _, err := syscall.Read(t.alarm, b[:]); !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	t.rung.Store(false)
}

// Start starts a process whose streams the [Child] serves, as options say. The
// streams and Files of command must be nil. Start returns when the process
// executes its file; a file that is busy being written can delay that by a
// moment (127 ms).
//
// The calling goroutine is locked to its thread until [Child.Reap], which it
// must call: so the thread that O4 is about outlives the process. On an error
// nothing is left; with [ErrConstrain] the process may have begun to run.
func (t *Thread) Start(command Command, options Options) (*Child, error) {
	if err := command.validate(); err != nil {
		return nil, err
	}
	if command.Stdin != nil || command.Stdout != nil || command.Stderr != nil || len(command.Files) > 0 {
		return nil, errors.New("command has files: want none, its streams are captured")
	}
	c := newChild(t, &options)
	err := c.connect(options.Stdin)
	if err == nil {
		runtime.LockOSThread()
		if err = c.startRetrying(command); err == nil {
			return c.constrained(command, &options)
		}
		runtime.UnlockOSThread()
	}
	c.disconnect()
	return nil, fmt.Errorf("start %q: %w", command.Path, err)
}

// constrained sets limits, and ends the process if it cannot have them.
func (c *Child) constrained(command Command, options *Options) (*Child, error) {
	if options.Memory <= 0 && !options.Nice.set {
		return c, nil
	}
	err := constrain(c.pid, options)
	if err == nil {
		return c, nil
	}
	_ = c.KillGroup() // fails only when there is nobody left
	c.Reap()
	c.out[0].drop()
	c.out[1].drop()
	return nil, fmt.Errorf("start %q: %w: %w", command.Path, ErrConstrain, err)
}

// startRetrying is what [Spawner] does about a busy file.
func (c *Child) startRetrying(command Command) error {
	pause := textBusyPause
	for try := 1; ; try++ {
		err := c.start(command)
		if try == textBusyTries || !errors.Is(err, syscall.ETXTBSY) {
			return err
		}
		time.Sleep(pause)
		pause *= 2
	}
}

func (c *Child) start(command Command) (err error) {
	in := uintptr(c.childIn)
	if c.childIn < 0 {
		in = c.thread.null.Fd() // blocking already, so that this changes nothing
	}
	pidfd := -1
	wanted := &pidfd
	if c.thread.noPidfd {
		wanted = nil
	}
	c.pid, err = startProcess(command, []uintptr{in, uintptr(c.out[0].child), uintptr(c.out[1].child)}, wanted)
	if err != nil {
		return err
	}
	closeDescriptor(&c.childIn) // so that we notice when nobody can read it
	if pidfd < 0 {
		c.watch()
	}
	c.set[onExit].Fd = int32(pidfd)
	return nil
}
