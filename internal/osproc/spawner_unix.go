//go:build unix && !aix && !solaris

package osproc

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// textBusyTries is how often a start is tried while the file is open for
// writing somewhere: a concurrent fork can hold such a descriptor until its exec
// (golang/go#22315). The pauses double from textBusyPause to 127 ms in all. More
// hides a file that really is being written; fewer lets that race through.
const (
	textBusyTries = 8
	textBusyPause = time.Millisecond
)

// Spawner starts processes, all from one thread (O4).
type Spawner struct {
	// immutable after NewSpawner
	null     *os.File
	nice     Nice
	inherit  bool              // nice is that of the thread too
	requests chan startRequest // never closed; loop takes until drained
	drained  chan struct{}     // closed by whoever makes it closed with none live
	noPidfd  bool              // tests: as on a kernel without pidfd

	loop sync.WaitGroup

	mu     sync.Mutex
	closed bool // guarded by mu
	live   int  // guarded by mu: starts under way and processes not reaped
}

// startRequest is one start. The loop answers each one it takes exactly once;
// answer has room, so the loop never blocks on it.
type startRequest struct {
	command Command
	answer  chan started
}

type started struct {
	pid   int
	pidfd int // -1 without
	err   error
}

// NewSpawner returns a Spawner with its thread, whose processes get the niceness
// nice: on Linux before they execute their file, elsewhere soon after that and
// before Start returns, with what their group has become by then. End it with Close.
func NewSpawner(nice Nice) (*Spawner, error) { return newSpawner(nice, threadsAreNice) }

func newSpawner(nice Nice, inherit bool) (*Spawner, error) {
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	s := &Spawner{
		null:     null,
		nice:     nice,
		inherit:  inherit && nice.set,
		requests: make(chan startRequest),
		drained:  make(chan struct{}),
	}
	if !s.inherit {
		s.loop.Go(s.serve)
		return s, nil
	}
	ready := make(chan error, 1)
	s.loop.Go(func() { s.serveNice(ready) })
	if err := <-ready; err != nil {
		s.loop.Wait()
		null.Close()
		return nil, err
	}
	return s, nil
}

// serveNice is serve on a thread of that niceness, and says on ready when it has it.
// Nothing else is to run there, so the thread ends with the goroutine. It is never
// the main thread, which cannot end and would show its niceness as that of this
// program.
func (s *Spawner) serveNice(ready chan<- error) {
	runtime.LockOSThread() // for ever
	if onMainThread() {
		other := make(chan error)
		s.loop.Go(func() { s.serveNice(other) })
		ready <- <-other // this thread is taken until then
		runtime.UnlockOSThread()
		return
	}
	err := s.nice.ofThread()
	ready <- err
	if err == nil {
		s.serve()
	}
}

// serve makes all processes of s. It returns, and the null device is closed,
// when s is closed and no process is left. Unlocking instead of ending the
// thread spares the main thread, which cannot end.
func (s *Spawner) serve() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer s.null.Close()
	for {
		select {
		case request := <-s.requests:
			request.answer <- s.fork(request.command)
		case <-s.drained:
			return
		}
	}
}

// Start starts one process and returns when it executes its file. ctx bounds
// only the waiting: for other starts, and for a file that is busy being written.
// The life of the process is not tied to ctx. It may be called concurrently.
//
// On an error no process is left. The caller must call [Process.Reap].
func (s *Spawner) Start(ctx context.Context, command Command) (*Process, error) {
	if err := command.validate(); err != nil {
		return nil, err
	}
	if err := s.acquire(); err != nil {
		return nil, fmt.Errorf("start %q: %w", command.Path, err)
	}
	result := s.startRetrying(ctx, command)
	if result.err != nil {
		s.release()
		return nil, fmt.Errorf("start %q: %w", command.Path, result.err)
	}
	return newProcess(result, s.release), nil
}

// startRetrying pauses in the caller, not in the loop, so a busy file does not
// delay other starts.
func (s *Spawner) startRetrying(ctx context.Context, command Command) started {
	pause := textBusyPause
	for try := 1; ; try++ {
		result := s.startOnce(ctx, command)
		if try == textBusyTries || !errors.Is(result.err, syscall.ETXTBSY) {
			return result
		}
		select {
		case <-time.After(pause):
			pause *= 2
		case <-ctx.Done():
			return started{err: errors.Join(context.Cause(ctx), result.err)}
		}
	}
}

func (s *Spawner) startOnce(ctx context.Context, command Command) started {
	if ctx.Err() != nil {
		return started{err: context.Cause(ctx)}
	}
	request := startRequest{command: command, answer: make(chan started, 1)}
	select {
	case s.requests <- request:
		return <-request.answer
	case <-ctx.Done():
		return started{err: context.Cause(ctx)}
	}
}

// Close refuses new starts and ends the thread. It must come after every
// process was reaped: otherwise it returns an error at once, and the thread
// ends by itself with the last Reap, so no living process loses its parent
// thread. It may be called any number of times.
func (s *Spawner) Close() error {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	live := s.live
	s.mu.Unlock()

	if live > 0 {
		return fmt.Errorf("close spawner: %d processes are not reaped", live)
	}
	if first {
		close(s.drained)
	}
	s.loop.Wait()
	return nil
}

func (s *Spawner) acquire() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return ErrClosed
	}
	s.live++
	return nil
}

// release gives back what acquire took. After Close live only falls, so exactly
// one of release and Close sees it reach zero and closes drained.
func (s *Spawner) release() {
	s.mu.Lock()
	s.live--
	last := s.closed && s.live == 0
	s.mu.Unlock()
	if last {
		close(s.drained)
	}
}

// fork starts the process on the calling thread.
func (s *Spawner) fork(command Command) started {
	files := make([]*os.File, 0, 3+len(command.Files))
	for _, file := range []*os.File{command.Stdin, command.Stdout, command.Stderr} {
		if file == nil {
			file = s.null
		}
		files = append(files, file)
	}
	files = append(files, command.Files...)

	result := started{pidfd: -1}
	result.err = withDescriptors(files, make([]uintptr, 0, len(files)), func(fds []uintptr) error {
		pid, err := startProcess(command, fds, s.pidfdWanted(&result.pidfd))
		result.pid = pid
		return err
	})
	if result.err == nil && !s.inherit {
		result.err = s.constrain(&result)
	}
	return result
}

// constrain gives the group of a new process its niceness, and ends it if it cannot
// have it.
func (s *Spawner) constrain(p *started) error {
	err := s.nice.ofGroup(p.pid)
	if err == nil {
		return nil
	}
	_ = syscall.Kill(-p.pid, syscall.SIGKILL) // fails only when there is nobody left
	wait(p.pid)
	closeDescriptor(&p.pidfd)
	return fmt.Errorf("%w: %w", ErrConstrain, err)
}

// startProcess starts command on the calling thread, with fds as its descriptors
// and a pidfd where that is not nil and the system has them.
func startProcess(command Command, fds []uintptr, pidfd *int) (pid int, err error) {
	pid, _, err = syscall.StartProcess(command.Path, command.argv(), &syscall.ProcAttr{
		Dir:   command.Dir,
		Env:   command.Env,
		Files: fds,
		Sys:   sysProcAttr(pidfd),
	})
	return pid, explainDir(command.Dir, err)
}

func (s *Spawner) pidfdWanted(pidfd *int) *int {
	if s.noPidfd {
		return nil
	}
	return pidfd
}

// withDescriptors calls do with the descriptors of files appended to fds. It
// does not use [os.File.Fd], which makes a description blocking for everyone
// who holds it.
func withDescriptors(files []*os.File, fds []uintptr, do func([]uintptr) error) error {
	if len(files) == 0 {
		return do(fds)
	}
	conn, err := files[0].SyscallConn()
	if err != nil {
		return err
	}
	var inner error
	err = conn.Control(func(fd uintptr) {
		inner = withDescriptors(files[1:], append(fds, fd), do)
	})
	if err != nil { // its only one: the file is closed
		return fmt.Errorf("%s: %w", files[0].Name(), os.ErrClosed)
	}
	return inner
}

// explainDir replaces err by the reason why dir cannot be the working
// directory. The kernel's "no such file" does not say which file.
func explainDir(dir string, err error) error {
	if err == nil || dir == "" {
		return err
	}
	if _, statErr := os.Stat(dir); statErr != nil {
		return fmt.Errorf("Dir: %w", statErr)
	}
	return err
}
