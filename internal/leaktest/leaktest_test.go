package leaktest

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	// leakVariable names the leak that TestLeak makes. The tests of Main run
	// this binary again with it.
	leakVariable = "LEAKTEST_LEAK"

	// shortGrace is for leaks that are meant to stay.
	shortGrace = 20 * time.Millisecond
)

func TestMain(m *testing.M) {
	switch os.Getenv(leakVariable) {
	case "":
		os.Exit(Main(m))
	case "hang":
		hang()
	case "abandon":
		abandon()
	default:
		os.Exit(mainWith(m.Run, shortGrace, os.Stderr))
	}
}

// hang is the process that a test leaves behind. It ends with its standard
// input, so a test that is killed leaves nothing either.
func hang() {
	io.Copy(io.Discard, os.Stdin)
}

// abandon starts a process that hangs, prints its number, and ends first.
func abandon() {
	cmd := exec.Command(os.Args[0], "-test.run=^forgotten$")
	cmd.Env = []string{leakVariable + "=hang"}
	cmd.Stdin = os.Stdin
	if err := cmd.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(cmd.Process.Pid)
}

// A leak makes something that stays, and returns how to remove it and what the
// report must name.
type leak struct {
	linuxOnly bool
	make      func(t testing.TB) (remove func(), want string)
}

var leaks = map[string]leak{
	"goroutine":  {false, leakGoroutine},
	"file":       {false, leakFile},
	"descriptor": {true, leakDescriptor},
	"child":      {true, leakChild},
}

func leakGoroutine(testing.TB) (func(), string) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		<-stop
	}()
	return func() { close(stop); <-stopped }, "leakGoroutine"
}

func leakFile(t testing.TB) (func(), string) {
	name := filepath.Join(os.TempDir(), "forgotten")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return func() { os.Remove(name) }, name
}

func leakDescriptor(t testing.TB) (func(), string) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	return func() { r.Close(); w.Close() }, "-> pipe:["
}

func leakChild(t testing.TB) (func(), string) {
	cmd := exec.Command(os.Args[0], "-test.run=^forgotten$")
	cmd.Env = []string{leakVariable + "=hang"}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return func() { stdin.Close(); cmd.Wait() }, "-test.run=^forgotten$"
}

// forEachLeak runs f as a subtest for each leak that this system can see.
func forEachLeak(t *testing.T, f func(t *testing.T, name string, l leak)) {
	for name, l := range leaks {
		if l.linuxOnly && runtime.GOOS != "linux" {
			continue // documented limit of the package
		}
		t.Run(name, func(t *testing.T) { f(t, name, l) })
	}
}

// recorder is a test that keeps its failures and its cleanups to itself.
type recorder struct {
	testing.TB
	errors   []string
	cleanups []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

// end runs the cleanups as package testing does.
func (r *recorder) end() string {
	for _, f := range slices.Backward(r.cleanups) {
		f()
	}
	return strings.Join(r.errors, "\n")
}

// Each kind of leak fails the test that makes it and is named in the report.
func TestCheckFindsLeak(t *testing.T) {
	forEachLeak(t, func(t *testing.T, _ string, l leak) {
		r := &recorder{TB: t}
		checkWith(r, shortGrace)
		remove, want := l.make(t)
		got := r.end()
		remove()
		if !strings.Contains(got, want) {
			t.Errorf("report does not contain %q:\n%s", want, got)
		}
	})
}

// What is removed before the test ends is no leak.
func TestCheckPassesWhenRemoved(t *testing.T) {
	forEachLeak(t, func(t *testing.T, _ string, l leak) {
		r := &recorder{TB: t}
		checkWith(r, Grace)
		remove, _ := l.make(t)
		remove()
		if got := r.end(); got != "" {
			t.Errorf("report = %q, want none", got)
		}
	})
}

// What goes while the check waits is no leak.
func TestCheckWaits(t *testing.T) {
	r := &recorder{TB: t}
	checkWith(r, Grace)
	remove, _ := leakGoroutine(t)
	timer := time.AfterFunc(2*shortGrace, remove) // ends during the wait or before it
	defer timer.Stop()
	if got := r.end(); got != "" {
		t.Errorf("report = %q, want none", got)
	}
}

// What existed before Check is not its business.
func TestCheckIgnoresOlder(t *testing.T) {
	forEachLeak(t, func(t *testing.T, _ string, l leak) {
		remove, _ := l.make(t)
		defer remove()
		r := &recorder{TB: t}
		checkWith(r, shortGrace)
		if got := r.end(); got != "" {
			t.Errorf("report = %q, want none", got)
		}
	})
}

// An empty test passes its own check, subtests and parallel ones included.
func TestCheckOnItself(t *testing.T) {
	Check(t)
	for i := range 3 {
		t.Run(fmt.Sprint(i), func(t *testing.T) { t.Parallel() })
	}
}

// A parallel test cannot be checked.
func TestCheckPanicsInParallelTest(t *testing.T) {
	t.Parallel()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	Check(t)
}

// TestLeak makes the leak that the environment names. It does nothing in an
// ordinary run.
func TestLeak(t *testing.T) {
	if l, ok := leaks[os.Getenv(leakVariable)]; ok {
		_, want := l.make(t)
		fmt.Println("want:" + want)
	}
}

// rerun runs TestLeak in a process of its own and returns what it printed.
func rerun(t *testing.T, leak string) (out []byte, code int) {
	cmd := exec.Command(os.Args[0], "-test.run=^TestLeak$")
	cmd.Env = append(os.Environ(), leakVariable+"="+leak)
	cmd.WaitDelay = Grace
	out, _ = cmd.CombinedOutput()
	return out, cmd.ProcessState.ExitCode()
}

// Main turns a passing run into a failing one when something is left. A child
// would outlive this test: TestMainWithChild has it.
func TestMainFindsLeak(t *testing.T) {
	forEachLeak(t, func(t *testing.T, name string, _ leak) {
		if name == "child" {
			return
		}
		out, code := rerun(t, name)
		_, want, found := strings.Cut(string(out), "want:")
		want, _, _ = strings.Cut(want, "\n")
		_, got, reported := strings.Cut(string(out), "leaktest: left ")
		if code != 1 || !found || !reported || !strings.Contains(got, want) {
			t.Errorf("exit code %d, want 1 and %q in the report:\n%s", code, want, out)
		}
	})
}

// Main leaves the exit code alone when nothing is left.
func TestMainPassesWithoutLeak(t *testing.T) {
	if out, code := rerun(t, "none"); code != 0 {
		t.Errorf("exit code %d, want 0:\n%s", code, out)
	}
}

// The private directory of Main is gone afterwards, with what was in it.
func TestMainRemovesItsDirectory(t *testing.T) {
	dir := t.TempDir()
	for _, name := range tempVariables() {
		t.Setenv(name, dir)
	}
	if out, code := rerun(t, "file"); code != 1 {
		t.Fatalf("exit code %d, want 1:\n%s", code, out)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left in the directory for temporary files: %v, %v", left, err)
	}
}

// Main keeps the code of a failing run, names what is left, and restores order
// for the next check.
func TestMainWithChild(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // documented limit of the package
	}
	Check(t)
	for _, name := range tempVariables() {
		t.Setenv(name, os.TempDir())
	}
	var out strings.Builder
	var remove func()
	code := mainWith(func() int {
		remove, _ = leakChild(t)
		return 2
	}, shortGrace, &out)
	remove()
	if code != 2 || !strings.Contains(out.String(), "child process") {
		t.Errorf("exit code %d, want 2 and a child in the report:\n%s", code, out.String())
	}
}
