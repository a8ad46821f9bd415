package mapping

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/stopping"
)

// grace is how long calls may go on after SIGTERM. Longer keeps whoever ended us
// waiting; shorter kills calls that were about to end.
const grace = time.Second

var errStopped = errors.New("stopped")

// Session is the life of one run as signals see it.
type Session struct {
	console *console.Console
	events  chan stopping.Event
	signals chan os.Signal
	done    chan struct{} // closed by End
	watcher sync.WaitGroup
	timer   *time.Timer // sends GraceOver
	quit    func(status int)

	// taking ends when no more input is to be taken, running when what runs is
	// to be killed.
	taking, running   context.Context
	stopTaking        context.CancelFunc
	stopRunning       context.CancelCauseFunc
	closing           sync.WaitGroup
	reason            atomic.Int32 // the first event, plus 1
	mu                sync.Mutex
	unfinished        func() int  // how many calls were taken and have not ended
	stopInput, killer func()      // of the run, once it has begun
	closed            atomic.Bool // the output was closed
}

// NewSession takes over the signals that end a program. Broken pipes become
// errors of the write. quit ends the program at once.
func NewSession(c *console.Console, quit func(status int)) *Session {
	s := &Session{
		console: c,
		events:  make(chan stopping.Event, 8),
		signals: make(chan os.Signal, 8),
		done:    make(chan struct{}),
		quit:    quit,
	}
	s.taking, s.stopTaking = context.WithCancel(context.Background())
	s.running, s.stopRunning = context.WithCancelCause(context.Background())
	s.timer = time.AfterFunc(time.Hour, func() { s.send(stopping.GraceOver) })
	s.timer.Stop()
	// Notify rather than Ignore: programs that are started inherit the latter.
	signal.Notify(s.signals, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE)
	s.watcher.Go(s.watch)
	return s
}

// Taking returns a context that ends when no more input is to be taken.
func (s *Session) Taking() context.Context { return s.taking }

// Running returns a context that ends when what runs is to be killed.
func (s *Session) Running() context.Context { return s.running }

// Begin tells the session how to stop the input, how to kill what runs, and how
// many calls have been taken and not ended. The functions may be called at once.
func (s *Session) Begin(stopInput, kill func(), unfinished func() int) {
	s.mu.Lock()
	s.stopInput, s.killer, s.unfinished = stopInput, kill, unfinished
	s.mu.Unlock()
	if s.taking.Err() != nil {
		stopInput()
	}
	if s.running.Err() != nil {
		s.closing.Go(kill)
	}
}

// CloseOutput tells that the output cannot be written any more.
func (s *Session) CloseOutput() {
	s.closed.Store(true)
	s.send(stopping.OutputClosed)
}

// Stopped returns the exit status of a run that was stopped, and whether it was.
func (s *Session) Stopped() (status int, stopped bool) {
	if reason := s.reason.Load(); reason != 0 {
		return stopping.Status(stopping.Event(reason - 1)), true
	}
	return 0, false
}

// End gives the signals back and returns when nothing of the session goes on.
func (s *Session) End() {
	signal.Stop(s.signals)
	s.timer.Stop()
	close(s.done)
	s.watcher.Wait()
	s.closing.Wait()
	s.stopTaking()
	s.stopRunning(errStopped)
}

// send delivers an event unless the session has ended.
func (s *Session) send(e stopping.Event) {
	select {
	case s.events <- e:
	case <-s.done:
	}
}

// watch owns the state.
func (s *Session) watch() {
	state := stopping.Taking
	for {
		var event stopping.Event
		select {
		case <-s.done:
			return
		case event = <-s.events:
		case sig := <-s.signals:
			if sig == syscall.SIGPIPE {
				continue // the write that caused it has the error
			}
			event = eventOf(sig)
		}
		next, actions := stopping.Next(state, event)
		if state == stopping.Taking && next != state {
			s.reason.Store(int32(event) + 1)
		}
		state = next
		for _, a := range actions {
			s.do(a)
		}
	}
}

func eventOf(sig os.Signal) stopping.Event {
	switch sig {
	case os.Interrupt:
		return stopping.Interrupt
	case syscall.SIGHUP:
		return stopping.Hangup
	}
	return stopping.Terminate
}

// do carries out one action. It does not block.
func (s *Session) do(a stopping.Action) {
	s.mu.Lock()
	stopInput, kill, unfinished := s.stopInput, s.killer, s.unfinished
	s.mu.Unlock()
	switch a {
	case stopping.StopInput:
		s.stopTaking()
		if stopInput != nil {
			stopInput()
		}
	case stopping.SayDrain:
		if unfinished != nil {
			s.sayDrain(unfinished())
		}
	case stopping.StartGrace:
		s.timer.Reset(grace)
	case stopping.Kill:
		s.stopRunning(errStopped)
		if kill != nil {
			s.closing.Go(kill)
		}
	case stopping.Quit:
		s.console.Erase()
		status, _ := s.Stopped()
		s.quit(status)
	}
}

func (s *Session) sayDrain(n int) {
	switch {
	case n == 1:
		s.console.Print("tandem: finishing 1 call, press Ctrl-C again to stop it\n")
	case n > 1:
		s.console.Print(fmt.Sprintf("tandem: finishing %d calls, press Ctrl-C again to stop them\n", n))
	}
}
