//go:build unix

package mapping

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/gotandem/tandem/cmd/tandem/internal/stopping"
)

// watchedSignals are those that a session knows an answer to.
var watchedSignals = []os.Signal{
	os.Interrupt, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGPIPE,
	syscall.SIGUSR1, syscall.SIGTSTP,
}

// eventOf returns what a signal means for a run, and whether it is one that ends
// runs.
func eventOf(sig os.Signal) (stopping.Event, bool) {
	switch sig {
	case os.Interrupt:
		return stopping.Interrupt, true
	case syscall.SIGHUP:
		return stopping.Hangup, true
	case syscall.SIGTERM:
		return stopping.Terminate, true
	}
	return 0, false
}

// answer does what is asked by a signal that ends nothing. A broken pipe needs no
// answer: the write that caused it has the error.
func (s *Session) answer(sig os.Signal) {
	switch sig {
	case syscall.SIGUSR1:
		s.list()
	case syscall.SIGTSTP:
		s.suspend()
	}
}

// list prints the calls that run.
func (s *Session) list() {
	work := s.current()
	var lines []string
	if work.Running != nil {
		lines = work.Running()
	}
	text := fmt.Sprintf("tandem: %d running\n", len(lines))
	if len(lines) == 1 {
		text = "tandem: 1 running\n"
	}
	for _, line := range lines {
		text += "    " + strings.TrimSuffix(line, "\n") + "\n"
	}
	s.speak(func() { s.console.Print(text) })
}

// stopWithin bounds the wait for a stop that does not happen: the kernel drops it
// in a process group that no shell looks after, where nobody could continue us.
// Longer leaves the calls stopped in vain; shorter continues them before the stop.
const stopWithin = 500 * time.Millisecond

// stopSelf is what this program stops itself with. Once SIGTSTP was caught, the Go
// runtime does not give its default action back; SIGSTOP would stop us also where
// nobody can continue us.
const stopSelf = syscall.SIGTTIN

// suspend stops the calls and then this program. It returns when this program
// was continued, and the calls with it. Calls that start meanwhile, which a stop
// can miss, wait for this program by themselves.
func (s *Session) suspend() {
	defer s.hold()()
	groups := s.stopGroups()

	continued := make(chan os.Signal, 1)
	signal.Notify(continued, syscall.SIGCONT)
	defer signal.Stop(continued)
	if err := syscall.Kill(os.Getpid(), stopSelf); err == nil {
		timer := time.NewTimer(stopWithin)
		defer timer.Stop()
		select {
		case <-continued:
		case <-timer.C:
		}
	}
	for group := range groups {
		_ = syscall.Kill(-group, syscall.SIGCONT) // one that has ended needs nothing
	}
}

// stopGroups stops the process groups of the calls and returns them. It looks
// again for those that started while it did.
func (s *Session) stopGroups() map[int]bool {
	work, stopped := s.current(), make(map[int]bool)
	if work.Groups == nil {
		return nil
	}
	const looks = 3
	for range looks {
		before := len(stopped)
		for _, group := range work.Groups() {
			if group > 1 && !stopped[group] && syscall.Kill(-group, syscall.SIGSTOP) == nil {
				stopped[group] = true
			}
		}
		if len(stopped) == before {
			break
		}
	}
	return stopped
}
