//go:build unix && !aix && !solaris

package osproc

import (
	"errors"
	"math"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Places in the set of descriptors that a [Child] polls.
const (
	onExit = iota // pidfd; none where the watcher waits
	onWake
	onOutput // 2: standard output and standard error
	onInput  = onOutput + 2
	polled   = onInput + 1
)

// Child is a process that a [Thread] started, the leader of its own group, in
// the states of the package comment. It belongs to the goroutine that started
// it; none of its methods may be called from another.
type Child struct {
	thread *Thread
	pid    int
	set    [polled]unix.PollFd // our ends; Fd is -1 where there is none
	out    [2]captured
	left   int64 // how much may still be written; negative: exceeded
	spill  Spill
	sink   func(stream int, p []byte) error
	broken error // why a stream could not be kept or passed on

	input   []byte // not yet written
	childIn int    // the child's end until it has started, or -1

	watcher sync.WaitGroup // for the exit, where no descriptor tells it
	watched atomic.Bool    // the watcher has seen the exit
	stolen  bool           // other code took the exit status; owned by the watcher until watched

	exited, reaped bool
	exit           Exit // valid once reaped
}

// Event is why [Child.Wait] returned.
type Event uint8

const (
	Exited     Event = iota + 1 // the process has ended; nothing else comes after it
	Woken                       // by [Thread.Wake], perhaps called before the start
	Expired                     // the deadline has passed
	Overflowed                  // the output has exceeded its limit, or [Child.Broken] says why it is lost; comes once
)

func newChild(t *Thread, o *Options) *Child {
	c := &Child{thread: t, left: o.MaxOutput, spill: o.Spill, sink: o.Sink, childIn: -1}
	for i := range c.set {
		c.set[i] = unix.PollFd{Fd: -1, Events: unix.POLLIN}
	}
	c.set[onWake].Fd = int32(t.alarm)
	c.set[onInput].Events = unix.POLLOUT
	c.out[0].child, c.out[1].child = -1, -1
	return c
}

// connect opens the streams. After an error disconnect is due. Our ends never
// block: another process can read or fill a pipe between poll and our turn.
func (c *Child) connect(stdin []byte) error {
	for i := range c.out {
		r, w, err := openPipe()
		if err != nil {
			return err
		}
		c.set[onOutput+i].Fd, c.out[i].child = int32(r), w
		setNonblocking(r)
	}
	if stdin == nil {
		return nil
	}
	r, w, err := openPipe()
	if err != nil {
		return err
	}
	c.set[onInput].Fd, c.childIn = int32(w), r
	setNonblocking(w)
	c.input = stdin
	c.feed()
	return nil
}

// setNonblocking is for new pipes, which have no other flags to keep.
func setNonblocking(fd int) {
	_, _ = unix.FcntlInt(uintptr(fd), unix.F_SETFL, unix.O_NONBLOCK) // a pipe always can
}

// disconnect closes all that is open.
func (c *Child) disconnect() {
	closeDescriptor(&c.childIn)
	for i := range c.out {
		closeDescriptor(&c.out[i].child)
		c.close(onOutput + i)
	}
	c.close(onInput)
	c.close(onExit)
}

func (c *Child) close(place int) {
	fd := int(c.set[place].Fd)
	closeDescriptor(&fd)
	c.set[place].Fd = -1
}

func closeDescriptor(fd *int) {
	if *fd >= 0 {
		syscall.Close(*fd)
		*fd = -1
	}
}

// PID returns the process number, which is also the number of its group.
func (c *Child) PID() int { return c.pid }

// Wait blocks until there is an [Event]; meanwhile it reads what the process
// writes, and writes what it can read. A zero deadline never passes. After
// Exited it returns Exited.
func (c *Child) Wait(deadline time.Time) Event {
	for !c.exited {
		timeout := pollTimeout(deadline)
		if _, err := unix.Poll(c.set[:], timeout); err != nil {
			continue // EINTR; so few descriptors bring no other error
		}
		if event := c.attend(); event != 0 {
			return event
		}
		if timeout == 0 {
			return Expired
		}
	}
	return Exited
}

// pollTimeout returns the milliseconds until deadline, rounded up, as poll takes
// them: -1 for ever, 0 when deadline has passed.
func pollTimeout(deadline time.Time) int {
	if deadline.IsZero() {
		return -1
	}
	left := time.Until(deadline)
	if left <= 0 {
		return 0
	}
	return int(min(int64((left-1)/time.Millisecond)+1, math.MaxInt32))
}

// attend does what poll found to do. It returns 0 when that is no event.
func (c *Child) attend() Event {
	if c.set[onExit].Fd >= 0 && c.set[onExit].Revents != 0 && c.checkExit() {
		return Exited
	}
	for i := range c.out {
		place := onOutput + i
		if c.set[place].Fd >= 0 && c.set[place].Revents != 0 && c.read(i) == spent {
			return Overflowed
		}
	}
	if c.set[onInput].Fd >= 0 && c.set[onInput].Revents != 0 {
		c.feed()
	}
	if c.set[onWake].Revents != 0 {
		c.thread.hear()
		if c.watched.Load() {
			c.exited = true
			return Exited
		}
		return Woken
	}
	return 0
}

// checkExit reports whether the process has ended, now that its pidfd tells so.
// Kernels before 5.4 have pidfds that cannot be waited for.
func (c *Child) checkExit() bool {
	ended, err := hasEnded(int(c.set[onExit].Fd))
	c.stolen = errors.Is(err, syscall.ECHILD)
	c.exited = ended || c.stolen
	if !c.exited {
		c.close(onExit)
		c.watch()
	}
	return c.exited
}

// watch waits for the exit on another goroutine, which Reap joins.
func (c *Child) watch() {
	c.watcher.Go(func() {
		c.stolen = !awaitExit(c.pid, -1)
		c.watched.Store(true)
		c.thread.Wake()
	})
}

// reading says what a read found.
type reading uint8

const (
	full  reading = iota // as much as was asked for: there may be more
	empty                // nothing more for now, or at all
	spent                // more than the limit allows, or than can be kept
)

// read reads once. It is the one place where captured bytes go. When that fails,
// both streams are closed.
func (c *Child) read(stream int) reading {
	n, err := syscall.Read(int(c.set[onOutput+stream].Fd), c.thread.space)
	switch {
	case errors.Is(err, syscall.EINTR):
		return full
	case err != nil || n <= 0:
		return empty // EAGAIN; there is no end while we hold the child's end
	}
	if c.left -= int64(n); c.left >= 0 {
		c.broken = c.keep(stream, c.thread.space[:n])
	}
	if c.left < 0 || c.broken != nil {
		c.close(onOutput)
		c.close(onOutput + 1)
		c.out[0].drop()
		c.out[1].drop()
		return spent
	}
	if n < len(c.thread.space) {
		return empty
	}
	return full
}

// keep does with output what was asked for.
func (c *Child) keep(stream int, p []byte) error {
	if c.sink != nil {
		return c.out[stream].pass(p, func() error { return c.sink(stream, p) })
	}
	return c.out[stream].keep(p, c.spill)
}

// feed writes once what the pipe takes, and closes it when all is written or
// nobody can read it. A process that does not read its input is none of our
// business.
func (c *Child) feed() {
	n := 0
	if len(c.input) > 0 {
		var err error
		n, err = syscall.Write(int(c.set[onInput].Fd), c.input)
		if errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR) {
			return
		}
		if err != nil {
			n = len(c.input)
		}
	}
	c.input = c.input[n:]
	if len(c.input) == 0 {
		c.input = nil
		c.close(onInput)
	}
}

// Signal sends sig to every process of the group. It never blocks. Once the end
// of the leader was seen nothing is sent and the error is [os.ErrProcessDone].
func (c *Child) Signal(sig syscall.Signal) error {
	if c.exited {
		return os.ErrProcessDone
	}
	return os.NewSyscallError("kill", syscall.Kill(-c.pid, sig))
}

// KillGroup sends SIGKILL to every process of the group, stopped ones too, and
// to the leader in case it moved to another group. It is like Signal else.
func (c *Child) KillGroup() error {
	groupErr := c.Signal(syscall.SIGKILL)
	if c.exited || syscall.Kill(c.pid, syscall.SIGKILL) != nil {
		return groupErr
	}
	return nil
}

// Reap blocks until the leader has ended, kills what is left of the group, reaps
// the leader, reads what waits in the streams, and says how the leader ended. It
// waits for no process that holds a stream: its next write fails. It may be
// called again; the answer is always the same.
func (c *Child) Reap() Exit {
	if c.reaped {
		return c.exit
	}
	for c.Wait(time.Time{}) != Exited {
	}
	c.watcher.Wait()
	c.exit = Exit{Code: CodeUnknown}
	if !c.stolen {
		_ = syscall.Kill(-c.pid, syscall.SIGKILL) // O3; none left is fine
		c.exit = wait(c.pid)
	}
	c.reaped = true
	for i := range c.out {
		c.drain(i)
	}
	c.disconnect()
	runtime.UnlockOSThread()
	return c.exit
}

// maxDrain bounds what drain reads, so that a process that never stops writing
// cannot hold it. More than any pipe holds.
const maxDrain = 16 << 20

func (c *Child) drain(stream int) {
	if c.set[onOutput+stream].Fd < 0 {
		return // the limit was exceeded
	}
	for range maxDrain / readSize {
		if c.read(stream) != full {
			return
		}
	}
}

// Output returns what the process wrote to its streams. It comes after Reap, once;
// the caller owns what it returns, files too. When the limit was exceeded or the
// child is Broken, there is only the tail of what was written until then.
func (c *Child) Output() (stdout, stderr Captured, exceeded bool) {
	stdout, outErr := c.out[0].result()
	stderr, errErr := c.out[1].result()
	if c.broken == nil {
		c.broken = errors.Join(outErr, errErr)
	}
	return stdout, stderr, c.left < 0
}

// Broken returns why output could not be kept or passed on, nil if it could: the
// error of the sink or of a file.
func (c *Child) Broken() error { return c.broken }
