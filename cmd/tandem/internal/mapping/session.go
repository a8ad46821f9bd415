package mapping

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/stopping"
)

var errStopped = errors.New("stopped")

// Session is the life of one run as signals see it.
type Session struct {
	console *console.Console
	events  chan stopping.Event
	signals chan os.Signal
	taken   chan struct{} // closed when the signals are taken over
	done    chan struct{} // closed by Leave
	watcher sync.WaitGroup
	quit    func(status int)

	// taking ends when no more input is to be taken, running when what runs is
	// to be killed.
	taking, running context.Context
	stopTaking      context.CancelFunc
	stopRunning     context.CancelCauseFunc
	closing         sync.WaitGroup
	speaking        sync.WaitGroup
	reason          atomic.Int32 // the first event, plus 1
	closed          atomic.Bool  // the output was closed

	mu   sync.Mutex
	work Work // guarded by mu: of the run, once it has begun
}

// Work is what a session can do with a run. The functions may be called at once,
// from the session's goroutine, and must not block; nil ones are left out.
type Work struct {
	StopInput  func()          // take no more inputs
	Kill       func()          // end what runs; the only one that may block, on a goroutine of its own
	Unfinished func() int      // how many calls will still be finished once input has stopped
	Running    func() []string // a line for each call that runs, for SIGUSR1
	Groups     func() []int    // the process groups of calls, which stop with this program on Ctrl-Z
}

// GroupsOf returns a function for [Work] that returns the process groups of the
// workers of ex. Each worker leads its own.
func GroupsOf(ex tandem.Executor) func() []int {
	return func() []int {
		var groups []int
		for _, worker := range ex.Stats().Workers {
			if worker.PID > 0 {
				groups = append(groups, worker.PID)
			}
		}
		return groups
	}
}

// NewSession takes over the signals that end, stop and question a program, until
// [Session.Begin] returns at the latest. Those that the program was started to ignore
// (nohup, a job in the background of a script) stay ignored. Broken pipes become errors
// of the write. quit ends the program at once. The caller must call End or Leave.
func NewSession(c *console.Console, quit func(status int)) *Session {
	s := &Session{
		console: c,
		events:  make(chan stopping.Event, 8),
		signals: make(chan os.Signal, 8),
		taken:   make(chan struct{}),
		done:    make(chan struct{}),
		quit:    quit,
	}
	s.taking, s.stopTaking = context.WithCancel(context.Background())
	s.running, s.stopRunning = context.WithCancelCause(context.Background())
	s.watcher.Go(func() {
		s.takeOver()
		s.watch()
	})
	return s
}

// takeOver takes over the signals. Each costs the runtime two changes of threads,
// which is why it happens beside what else a run has to prepare.
func (s *Session) takeOver() {
	defer close(s.taken)
	for _, sig := range watchedSignals {
		if !signal.Ignored(sig) {
			// Notify rather than Ignore: programs that are started inherit the latter.
			signal.Notify(s.signals, sig)
		}
	}
}

// Taking returns a context that ends when no more input is to be taken.
func (s *Session) Taking() context.Context { return s.taking }

// Running returns a context that ends when what runs is to be killed.
func (s *Session) Running() context.Context { return s.running }

// Begin tells the session what it can do with the run. It waits until the signals are
// taken over. What was asked for before is done at once.
func (s *Session) Begin(w Work) {
	<-s.taken
	s.mu.Lock()
	s.work = w
	s.mu.Unlock()
	if s.taking.Err() != nil && w.StopInput != nil {
		w.StopInput()
	}
	if s.running.Err() != nil && w.Kill != nil {
		s.closing.Go(w.Kill)
	}
}

// CloseOutput tells that the output cannot be written any more.
func (s *Session) CloseOutput() {
	s.closed.Store(true)
	s.send(stopping.OutputClosed)
}

// Drain takes no more inputs and lets what runs finish, for a reason that is not a
// signal. It may be called any number of times, from any goroutine.
func (s *Session) Drain() {
	s.stopTaking()
	if stop := s.current().StopInput; stop != nil {
		stop()
	}
}

// Kill is Drain that also kills what runs. It does not wait.
func (s *Session) Kill() {
	s.Drain()
	s.stopRunning(errStopped)
	if kill := s.current().Kill; kill != nil {
		s.closing.Go(kill)
	}
}

// OutputClosed reports whether the output cannot be written any more.
func (s *Session) OutputClosed() bool { return s.closed.Load() }

// Stopped returns the exit status of a run that was stopped, and whether it was.
func (s *Session) Stopped() (status int, stopped bool) {
	if reason := s.reason.Load(); reason != 0 {
		return stopping.Status(stopping.Event(reason - 1)), true
	}
	return 0, false
}

// End gives the signals back and returns when nothing of the session goes on. It blocks
// while the console does, if that has something of the session to say.
func (s *Session) End() {
	s.Leave()
	signal.Stop(s.signals)
}

// Leave is End for a program that exits at once. The signals stay with the session,
// which does nothing about them any more: to give them back costs the runtime two
// changes of threads for each, and whoever sends one now is too late either way.
func (s *Session) Leave() {
	close(s.done)
	s.watcher.Wait()
	s.closing.Wait()
	s.speaking.Wait()
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
		select {
		case <-s.done:
			return
		case event := <-s.events:
			state = s.step(state, event)
		case sig := <-s.signals:
			if event, ends := eventOf(sig); ends {
				state = s.step(state, event)
			} else {
				s.answer(sig)
			}
		}
	}
}

// step carries out what event asks for in state and returns the state after it.
func (s *Session) step(state stopping.State, event stopping.Event) stopping.State {
	next, actions := stopping.Next(state, event)
	if state == stopping.Taking && next != state {
		s.reason.Store(int32(event) + 1)
	}
	for _, a := range actions {
		s.do(a, event)
	}
	return next
}

// current returns what can be done with the run.
func (s *Session) current() Work {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.work
}

// do carries out one action. It does not block for long.
func (s *Session) do(a stopping.Action, event stopping.Event) {
	work := s.current()
	switch a {
	case stopping.StopInput:
		s.stopTaking()
		if work.StopInput != nil {
			work.StopInput()
		}
	case stopping.SayDrain:
		if work.Unfinished == nil {
			return
		}
		if text := stopping.DrainText(event, work.Unfinished()); text != "" {
			s.speak(func() { s.console.Print("tandem: " + text + "\n") })
		}
	case stopping.Kill:
		s.stopRunning(errStopped)
		if work.Kill != nil {
			s.closing.Go(work.Kill)
		}
	case stopping.Quit:
		defer s.hold()()
		status, _ := s.Stopped()
		s.quit(status)
	}
}

// speakWithin is how long a signal waits for what is said about it. Longer delays the
// answers to the next ones where nobody reads standard error; shorter lets what is said
// come after what follows.
const speakWithin = 100 * time.Millisecond

// speak calls say, which uses the console, and waits for it, but not long: the console
// may be blocked, and signals are to be obeyed although it is. End joins it.
func (s *Session) speak(say func()) {
	said := make(chan struct{})
	s.speaking.Go(func() {
		defer close(said)
		say()
	})
	timer := time.NewTimer(speakWithin)
	defer timer.Stop()
	select {
	case <-said:
	case <-timer.C:
	}
}

// hold holds the console, unless that is blocked for long, until release is called.
func (s *Session) hold() (release func()) {
	over := make(chan struct{})
	s.speak(func() {
		release := s.console.Hold()
		s.speaking.Go(func() {
			<-over
			release()
		})
	})
	return func() { close(over) }
}
