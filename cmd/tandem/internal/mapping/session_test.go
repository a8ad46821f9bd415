//go:build unix

package mapping_test

import (
	"bytes"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
)

// scene is a session whose work is played by the test. The signals are real:
// they are sent to this process.
type scene struct {
	t       *testing.T
	session *mapping.Session
	quit    chan int
	killed  chan struct{}
	release chan struct{} // closed to let the kill return
	blocked chan struct{} // closed to let the console write; nil: it may

	mu   sync.Mutex
	said bytes.Buffer
	news chan struct{} // has an element after something was said
}

// Write implements io.Writer for the console.
func (s *scene) Write(text []byte) (int, error) {
	if s.blocked != nil {
		<-s.blocked
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.said.Write(text)
	select {
	case s.news <- struct{}{}:
	default:
	}
	return len(text), nil
}

// Where SIGHUP is ignored (nohup), a session would have to ignore it too.
func init() { signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP) }

func newScene(t *testing.T) *scene { return newBlockedScene(t, nil) }

func newBlockedScene(t *testing.T, blocked chan struct{}) *scene {
	s := &scene{
		t: t, blocked: blocked, quit: make(chan int, 1), killed: make(chan struct{}), release: make(chan struct{}), news: make(chan struct{}, 1),
	}
	s.session = mapping.NewSession(console.New(s, nil), func(status int) { s.quit <- status })
	s.session.Begin(mapping.Work{
		Kill: func() {
			close(s.killed)
			<-s.release
		},
		Unfinished: func() int { return 2 },
		Running:    func() []string { return []string{"input 1 (a), 2.0s", "input 2 (b), 1.0s"} },
	})
	t.Cleanup(func() {
		close(s.release)
		s.session.End()
	})
	return s
}

func (s *scene) send(sig syscall.Signal) {
	s.t.Helper()
	if err := syscall.Kill(syscall.Getpid(), sig); err != nil {
		s.t.Fatal(err)
	}
}

// await blocks until text was said.
func (s *scene) await(text string) {
	s.t.Helper()
	deadline := time.After(patience)
	for {
		s.mu.Lock()
		said := s.said.String()
		s.mu.Unlock()
		if strings.Contains(said, text) {
			return
		}
		select {
		case <-s.news:
		case <-deadline:
			s.t.Fatalf("%q was not said, but %q", text, said)
		}
	}
}

// The first signal drains and says so, the second kills, the third quits although
// the kill has not returned. The status is that of the first.
func TestSignalsDrainKillQuit(t *testing.T) {
	for name, test := range map[string]struct {
		signals []syscall.Signal
		said    string
		status  int
	}{
		"interrupt":           {[]syscall.Signal{syscall.SIGINT, syscall.SIGINT, syscall.SIGINT}, "tandem: finishing 2 calls, press Ctrl-C again to stop them\n", 130},
		"terminate":           {[]syscall.Signal{syscall.SIGTERM, syscall.SIGTERM, syscall.SIGTERM}, "tandem: terminated: finishing 2 calls, another SIGTERM stops them\n", 143},
		"hangup, then others": {[]syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM}, "tandem: hangup: finishing 2 calls, SIGTERM stops them\n", 129},
	} {
		t.Run(name, func(t *testing.T) {
			s := newScene(t)
			s.send(test.signals[0])
			s.await(test.said)
			if s.session.Taking().Err() == nil || s.session.Running().Err() != nil {
				t.Error("the first signal did not stop the input, or killed")
			}
			s.send(test.signals[1])
			select {
			case <-s.killed:
			case <-time.After(patience):
				t.Fatal("the second signal did not kill")
			}
			s.send(test.signals[2])
			select {
			case status := <-s.quit:
				if status != test.status {
					t.Errorf("quit with status %d, want %d", status, test.status)
				}
			case <-time.After(patience):
				t.Fatal("the third signal did not quit")
			}
		})
	}
}

// Signals are obeyed although nobody reads what is said about them.
func TestSignalsWithABlockedConsole(t *testing.T) {
	blocked := make(chan struct{})
	s := newBlockedScene(t, blocked)
	t.Cleanup(func() { close(blocked) })
	s.send(syscall.SIGINT)
	awaitEvent(t, s.session.Taking().Done(), "the first signal stops the input")
	s.send(syscall.SIGINT)
	awaitEvent(t, s.killed, "the second signal kills")
	s.send(syscall.SIGINT)
	awaitEvent(t, s.quit, "the third signal quits")
}

func awaitEvent[T any](t *testing.T, event <-chan T, what string) {
	t.Helper()
	select {
	case <-event:
	case <-time.After(patience):
		t.Fatalf("%s: it did not", what)
	}
}

func TestUserSignalListsWhatRuns(t *testing.T) {
	s := newScene(t)
	s.send(syscall.SIGUSR1)
	s.await("tandem: 2 running\n    input 1 (a), 2.0s\n    input 2 (b), 1.0s\n")
	if _, stopped := s.session.Stopped(); stopped {
		t.Error("the run was stopped")
	}
}

// A run that begins when it has been stopped already is stopped at once.
func TestBeginAfterSignals(t *testing.T) {
	var mu sync.Mutex
	var done []string
	note := func(text string) {
		mu.Lock()
		defer mu.Unlock()
		done = append(done, text)
	}
	session := mapping.NewSession(console.New(&bytes.Buffer{}, nil), nil)
	session.CloseOutput()
	<-session.Running().Done()
	session.Begin(mapping.Work{StopInput: func() { note("stop") }, Kill: func() { note("kill") }})
	session.End()
	if slices.Sort(done); !slices.Equal(done, []string{"kill", "stop"}) {
		t.Errorf("done: %q", done)
	}
}

// A signal after Leave neither ends this process nor reaches the session.
func TestSignalAfterLeaveDoesNothing(t *testing.T) {
	session := mapping.NewSession(console.New(&bytes.Buffer{}, nil), func(int) { t.Error("the session quit") })
	session.Begin(mapping.Work{})
	session.Leave()
	t.Cleanup(func() { signal.Reset(syscall.SIGTERM) })
	continued := make(chan os.Signal, 1) // tells that what was sent before has arrived
	signal.Notify(continued, syscall.SIGCONT)
	defer signal.Stop(continued)
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGCONT} {
		if err := syscall.Kill(syscall.Getpid(), sig); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-continued:
	case <-time.After(patience):
		t.Fatal("no signal arrived")
	}
	if _, stopped := session.Stopped(); stopped {
		t.Error("the run was stopped")
	}
}
