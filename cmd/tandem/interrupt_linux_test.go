package main

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
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
			screen.await(t, "tandem: 2 inputs: 2 ok, 0 failed, the rest not run in ")
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

// controlZ is what a terminal makes SIGTSTP to its foreground processes of.
const controlZ = "\x1a"

// Ctrl-Z stops the calls and the program; both go on when it is continued, as fg
// of a shell does.
func TestControlZStopsAndContinues(t *testing.T) {
	for name, args := range map[string][]string{
		"python":  {"-p", "2", "tasks.py:tell_process"},
		"command": {"-p", "2", "--", "sh", "-c", `echo $$ > "$0.pid"; cat "$0"; echo`},
	} {
		t.Run(name, func(t *testing.T) {
			fifo := makeFifo(t)
			s, keys, screen := startAsJob(t, append([]string{"map", "-p", "1"}, append(args[2:], ":::", fifo)...)...)
			gate := openFifo(t, fifo)
			call, job := readNumber(t, fifo+".pid"), awaitJob(t, screen)
			screen.await(t, "1 running")
			typeKeys(t, keys, controlZ)
			screen.await(t, "stopped=")
			awaitState(t, job, 'T')
			awaitState(t, call, 'T')
			text := screen.String()
			if last := text[strings.LastIndex(text, "1 running"):]; !strings.Contains(last, "\r\x1b[Kstopped=") {
				t.Errorf("the changing line was not erased: %q", last)
			}
			if err := syscall.Kill(-job, syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			fmt.Fprint(gate, "released")
			_ = gate.Close()
			o := s.wait()
			if o.status != 0 || !strings.Contains(o.stdout, "released") {
				t.Errorf("exit status %d, stdout %q\n%s", o.status, o.stdout, screen)
			}
		})
	}
}

// jobControl is a shell in a few lines: it starts its arguments as a job in front
// of its terminal, says when the job has stopped, and ends as the job does.
const jobControl = `
import os, signal, sys
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
job = os.fork()
if job == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(2, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    os.execv(sys.argv[1], sys.argv[1:])
print("job=%d." % job, file=sys.stderr, flush=True)
while True:
    _, status = os.waitpid(job, os.WUNTRACED)
    if not os.WIFSTOPPED(status):
        os._exit(os.waitstatus_to_exitcode(status))
    print("stopped=%d." % os.WSTOPSIG(status), file=sys.stderr, flush=True)
`

// startAsJob is startOn with a shell between.
func startAsJob(t *testing.T, args ...string) (s *started, keys *os.File, screen *watched) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Fatal(err)
	}
	user, programs := openTerminal(t)
	screen = newWatched()
	s = prepare(t, args...)
	s.cmd.Path, s.cmd.Args = python, append([]string{"python3", "-c", jobControl, program}, args...)
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

// readNumber returns the number in a file.
func readNumber(t *testing.T, name string) int {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// awaitJob returns the process that jobControl has started, which does not
// outlive a test that fails.
func awaitJob(t *testing.T, screen *watched) int {
	t.Helper()
	screen.await(t, ".\r\n")
	_, rest, _ := strings.Cut(screen.String(), "job=")
	number, _, _ := strings.Cut(rest, ".")
	job, err := strconv.Atoi(number)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			_ = syscall.Kill(-job, syscall.SIGKILL)
		}
	})
	return job
}

// awaitState blocks until a process is in a state, as /proc names them.
func awaitState(t *testing.T, pid int, state byte) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		if at := strings.LastIndexByte(string(text), ')'); text[at+2] == state {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("process %d is not in state %c: %s", pid, state, text)
		}
		time.Sleep(5 * time.Millisecond) // nothing tells of the state of a process that is no child
	}
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
