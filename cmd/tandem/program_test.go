//go:build unix

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem/internal/leaktest"
)

// The tests run the program as users do: built once, with arguments, streams
// and signals.

// program is the path of the program under test.
var program string

// patience is how long one run of the program may take before it counts as
// hanging. Runs of the large size take longer.
var patience = 60 * time.Second

func TestMain(m *testing.M) { os.Exit(buildAndTest(m)) }

func buildAndTest(m *testing.M) int {
	// Where it is ignored (nohup), programs would have to ignore it too.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGHUP)
	dir, err := os.MkdirTemp("", "tandem-test-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "tandem")
	build := exec.Command("go", append(append([]string{"build"}, buildFlags...), "-o", program, ".")...)
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the program: %v\n%s", err, out)
		return 1
	}
	return leaktest.Main(m)
}

// mark is in the environment of a run and of all that it starts.
const mark = "TANDEM_TEST_RUN"

// started is a run of the program.
type started struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout io.ReadCloser
	stderr *watched
	mark   string
}

// start starts the program in testdata, in a process group of its own, with
// pipes at its ends. The test fails when something of it is left at the end.
func start(t *testing.T, args ...string) *started {
	t.Helper()
	return startWith(t, "", "", args...)
}

// startWith is start with files as standard input and output where they have a
// name.
func startWith(t *testing.T, stdin, stdout string, args ...string) *started {
	t.Helper()
	s := prepare(t, args...)
	s.begin(stdin, stdout)
	return s
}

// prepare makes a run that has not begun.
func prepare(t *testing.T, args ...string) *started {
	t.Helper()
	s := &started{t: t, cmd: exec.Command(program, args...), stderr: newWatched(), mark: mark + "=" + t.Name() + t.TempDir()}
	s.cmd.Dir = "testdata"
	s.cmd.Env = append(os.Environ(), s.mark, "VIRTUAL_ENV=", "PYTHONDONTWRITEBYTECODE=1", "GORACE=atexit_sleep_ms=0")
	s.cmd.Stderr = s.stderr
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	return s
}

// begin starts a prepared run.
func (s *started) begin(stdin, stdout string) {
	s.t.Helper()
	s.connect(stdin, stdout)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	timer := time.AfterFunc(patience, func() { _ = s.cmd.Process.Signal(syscall.SIGABRT) }) // prints the stacks
	s.t.Cleanup(func() {
		timer.Stop()
		s.expectNothingLeft()
	})
}

// connect makes the standard streams.
func (s *started) connect(stdin, stdout string) {
	s.t.Helper()
	open := func(name string, flag int) *os.File {
		file, err := os.OpenFile(name, flag, 0)
		if err != nil {
			s.t.Fatal(err)
		}
		s.t.Cleanup(func() { _ = file.Close() })
		return file
	}
	var err error
	if stdin != "" {
		s.cmd.Stdin = open(stdin, os.O_RDONLY)
	} else if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		s.t.Fatal(err)
	}
	if stdout != "" {
		s.cmd.Stdout, s.stdout = open(stdout, os.O_WRONLY), io.NopCloser(strings.NewReader(""))
	} else if s.stdout, err = s.cmd.StdoutPipe(); err != nil {
		s.t.Fatal(err)
	}
}

// outcome is how a run ended.
type outcome struct {
	stdout, stderr string
	status         int
}

// wait reads the rest of the output and returns how the run ended.
func (s *started) wait() outcome {
	s.t.Helper()
	stdout, err := io.ReadAll(s.stdout)
	if err != nil {
		s.t.Error(err)
	}
	err = s.cmd.Wait()
	if _, ended := errors.AsType[*exec.ExitError](err); err != nil && !ended {
		s.t.Error(err)
	}
	return outcome{string(stdout), s.stderr.String(), s.cmd.ProcessState.ExitCode()}
}

// run runs the program to its end with the given standard input.
func run(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	s := start(t, args...)
	feeder := make(chan struct{})
	go func() {
		defer close(feeder)
		_, _ = io.WriteString(s.stdin, stdin) // the program need not read it all
		_ = s.stdin.Close()
	}()
	o := s.wait()
	<-feeder
	return o
}

// signal sends a signal to the process group, as a terminal does.
func (s *started) signal(sig syscall.Signal) {
	s.t.Helper()
	if err := syscall.Kill(-s.cmd.Process.Pid, sig); err != nil {
		s.t.Error(err)
	}
}

// expectNothingLeft fails the test when a process that the run started lives on.
// A killed process is gone a moment after the kill.
func (s *started) expectNothingLeft() {
	if runtime.GOOS != "linux" {
		return
	}
	deadline := time.Now().Add(leaktest.Grace)
	for {
		left := s.left()
		if left == "" {
			return
		}
		if time.Now().After(deadline) {
			s.t.Errorf("left behind:\n%s", left)
			return
		}
		time.Sleep(5 * time.Millisecond) // nothing tells when a process that is not a child ends
	}
}

// left returns the command lines of the processes that carry the mark.
func (s *started) left() string {
	environments, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		return err.Error()
	}
	var left strings.Builder
	for _, name := range environments {
		text, err := os.ReadFile(name)
		if err == nil && bytes.Contains(text, []byte(s.mark+"\x00")) {
			line, _ := os.ReadFile(filepath.Join(filepath.Dir(name), "cmdline"))
			left.WriteString(filepath.Base(filepath.Dir(name)) + " " + strings.ReplaceAll(string(line), "\x00", " ")[:min(len(line), 100)] + "\n")
		}
	}
	return left.String()
}

// messages returns what was written to standard error, without the line that closes
// each run and what only slow ones say.
func (o outcome) messages() string {
	var b strings.Builder
	for line := range strings.Lines(o.stderr) {
		if !summaryLine.MatchString(line) && !waitingLine.MatchString(line) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// What is always said at the end, and what is said on a slow machine.
var (
	summaryLine = regexp.MustCompile(`^tandem: \d+ inputs?: .* in [0-9.hms]+\n$`)
	waitingLine = regexp.MustCompile(`^tandem: (still importing .*|\d+( of \d+)? done.*)\n$`)
)

// expect compares an outcome. In stderr, each part must occur.
func (o outcome) expect(t *testing.T, status int, stdout string, stderr ...string) {
	t.Helper()
	if o.status != status {
		t.Errorf("exit status %d, want %d", o.status, status)
	}
	if o.stdout != stdout {
		t.Errorf("stdout %.500q, want %.500q", o.stdout, stdout)
	}
	for _, part := range stderr {
		if !strings.Contains(o.stderr, part) {
			t.Errorf("stderr lacks %q", part)
		}
	}
	if len(stderr) == 0 && o.messages() != "" {
		t.Error("stderr is not empty")
	}
	if t.Failed() {
		t.Logf("stderr:\n%.3000s", o.stderr)
	}
}

// readFile returns what a file has.
func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}
