package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

// controlC is what a terminal makes SIGINT to its foreground processes of.
const controlC = "\x03"

// startOn starts the program as the one in front on a terminal of its own, and
// returns what types on that terminal. Its standard output is still a pipe, to be
// told from what the terminal shows.
func startOn(t *testing.T, args ...string) (s *started, keys *os.File, screen *watched) {
	t.Helper()
	user, programs := openTerminal(t)
	screen = newWatched()
	s = prepare(t, args...)
	s.cmd.Stderr, s.cmd.Env = programs, append(s.cmd.Env, "TERM=xterm")
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 2}
	s.begin("", "")
	shown := show(user, screen)
	t.Cleanup(func() {
		_ = programs.Close()
		<-shown
	})
	return s, user, screen
}

func typeKeys(t *testing.T, keys *os.File, text string) {
	t.Helper()
	if _, err := keys.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

// Ctrl-C on a terminal lets what runs finish, and no interpreter says anything of
// its own, also with children of tasks.
func TestControlCOnATerminalFinishesWhatRuns(t *testing.T) {
	for name, args := range map[string][]string{
		"processes": {"-p", "2", "tasks.py:announce_with_child"},
		"threads":   {"-p", "1", "-t", "4", "tasks.py:announce_with_child"},
		"command":   {"-p", "2", "--", "sh", "-c", `echo started >&2; cat "$0"; echo`},
	} {
		t.Run(name, func(t *testing.T) {
			first, second := makeFifo(t), makeFifo(t)
			s, keys, screen := startOn(t, append([]string{"map", "--unordered"}, args...)...)
			fmt.Fprintf(s.stdin, "%s\n%s\n", first, second)
			gates := []*os.File{openFifo(t, first), openFifo(t, second)}
			typeKeys(t, keys, controlC)
			screen.await(t, "tandem: finishing 2 calls, press Ctrl-C again to stop them")
			for _, gate := range gates {
				fmt.Fprint(gate, "released")
				_ = gate.Close()
			}
			o := s.wait()
			if o.status != 130 || strings.Count(o.stdout, "released") != 2 {
				t.Errorf("exit status %d, stdout %q", o.status, o.stdout)
			}
			screen.await(t, "tandem: 2 inputs: 2 ok, 0 failed in ")
			expectQuiet(t, screen)
		})
	}
}

// The second Ctrl-C kills what runs, whatever it does, and what it has started.
func TestControlCTwiceOnATerminalKills(t *testing.T) {
	for name, args := range map[string][]string{
		"processes": {"-p", "2", "tasks.py:overstay"},
		"threads":   {"-p", "2", "-t", "2", "tasks.py:overstay_in_thread"},
		"held lock": {"-p", "2", "tasks.py:hold_lock"},
	} {
		t.Run(name, func(t *testing.T) {
			s, keys, screen := startOn(t, append(append([]string{"map"}, args...), ":::", "1", "2")...)
			screen.await(t, "started")
			typeKeys(t, keys, controlC)
			screen.await(t, "press Ctrl-C again to stop them")
			typeKeys(t, keys, controlC)
			if o := s.wait(); o.status != 130 || o.stdout != "" {
				t.Errorf("exit status %d, stdout %q", o.status, o.stdout)
			}
			screen.await(t, "tandem: 2 inputs: 0 ok, 0 failed, 2 not finished in ")
			expectQuiet(t, screen)
		})
	}
}

// Ctrl-C while the interpreters start ends them without a word.
func TestControlCOnATerminalWhileLoading(t *testing.T) {
	s, keys, screen := startOn(t, "map", "-p", "2", "slow.py:task", ":::", "1", "2")
	screen.await(t, "importing")
	typeKeys(t, keys, controlC)
	if o := s.wait(); o.status != 130 || o.stdout != "" {
		t.Errorf("exit status %d, stdout %q", o.status, o.stdout)
	}
	expectQuiet(t, screen)
}

// expectQuiet fails when an interpreter said something of its own.
func expectQuiet(t *testing.T, screen *watched) {
	t.Helper()
	for _, word := range []string{"Traceback", "KeyboardInterrupt", "tandem worker", "tandem: input", "Exception"} {
		if text := screen.String(); strings.Contains(text, word) {
			t.Errorf("the terminal shows %q:\n%s", word, text)
		}
	}
}
