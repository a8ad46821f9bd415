//go:build linux

package osproc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gotandem/tandem/internal/nicetest"
	"github.com/gotandem/tandem/internal/osproc"
)

// A process has its niceness from the start, with all its threads and what it
// starts. In this program the one thread that makes them has it, and is not left.
func TestSpawnerNiceO7(t *testing.T) {
	ours := nicetest.With(t, 0)
	want := nicetest.With(t, 3)
	nice, err := osproc.NiceBy(3)
	if err != nil {
		t.Fatal(err)
	}
	s, err := osproc.NewSpawner(nice)
	if err != nil {
		t.Fatal(err)
	}
	t.Run("processes", func(t *testing.T) {
		if got := niceOfShell(t, s); got != fmt.Sprint(want) {
			t.Errorf("a new program finds niceness %q: want %d", got, want)
		}
		p, _ := startTalking(t, s, roleCommand(t, "family"))
		nicetest.Expect(t, want, p.PID(), childOf(t, p.PID()))
	})
	if n := others(t, ours); n != 1 {
		t.Errorf("%d threads of this program are nice: want 1", n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	awaitThreads(t, ours)
}

// others counts the threads of this program that have another niceness.
func others(t *testing.T, than int) (n int) {
	t.Helper()
	for _, nice := range nicetest.OfThreads(t, os.Getpid()) {
		if nice != than {
			n++
		}
	}
	return n
}

// niceOfShell returns what the first program of a process finds as its niceness.
func niceOfShell(t *testing.T, s *osproc.Spawner) string {
	t.Helper()
	path, err := exec.LookPath("nice")
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	out, file, err := osproc.NewOutput(func(line []byte) { text.Write(line) })
	if err != nil {
		t.Fatal(err)
	}
	start(t, s, osproc.Command{Path: path, Stdout: file}).Reap()
	file.Close()
	out.Wait()
	out.Close()
	return text.String()
}

// childOf returns the one child of a process.
func childOf(t *testing.T, pid int) (child int) {
	t.Helper()
	text, err := exec.Command("ps", "-o", "pid=", "--ppid", fmt.Sprint(pid)).Output()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscan(string(text), &child); err != nil {
		t.Fatalf("children of process %d are %q: %v", pid, text, err)
	}
	return child
}

// awaitThreads waits until all threads of this program have a niceness. Nothing
// tells when the runtime has ended one.
func awaitThreads(t *testing.T, want int) {
	t.Helper()
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		n := others(t, want)
		if n == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("%d threads of this program do not have niceness %d", n, want)
		}
	}
}

// Where threads have no niceness of their own, the group has it before Start returns.
func TestSpawnerNiceByGroup(t *testing.T) {
	want := nicetest.With(t, 3)
	nice, err := osproc.NiceBy(3)
	if err != nil {
		t.Fatal(err)
	}
	s, err := osproc.NewSpawnerByGroup(nice)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p := start(t, s, roleCommand(t, "wait-silent"))
	nicetest.Expect(t, want, p.PID())
	_ = p.KillGroup()
	p.Reap()
	awaitThreads(t, nicetest.With(t, 0))
}

// A process that cannot have its niceness is ended, and nothing is left.
func TestSpawnerNiceRefused(t *testing.T) {
	command := roleProcess("nice-refused")
	if os.Getuid() == 0 { // who may lower its niceness
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	}
	if text, err := command.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, text)
	}
}

// roleProcess returns this test binary in a role, with one goroutine at a time.
func roleProcess(role string) *exec.Cmd {
	command := exec.Command("/proc/self/exe")
	command.Env = []string{roleVariable + "=" + role, "GOMAXPROCS=1", "PATH=" + os.Getenv("PATH"), "GORACE=atexit_sleep_ms=0"}
	return command
}

// refusedRole asks for less niceness than this program has, which takes rights.
func refusedRole([]string) {
	ours, err := osproc.Niceness()
	check(err)
	if _, err := osproc.NewSpawner(osproc.NiceAs(ours - 1)); !errors.Is(err, syscall.EACCES) {
		check(fmt.Errorf("NewSpawner: error is %w", err))
	}
	s, err := osproc.NewSpawnerByGroup(osproc.NiceAs(ours - 1))
	check(err)
	_, err = s.Start(context.Background(), osproc.Command{Path: "/bin/sleep", Args: []string{"1000"}})
	if !errors.Is(err, osproc.ErrConstrain) || !errors.Is(err, syscall.EACCES) {
		check(fmt.Errorf("Start: error is %w", err))
	}
	check(s.Close()) // an error if one were not reaped
	if _, err := syscall.Wait4(-1, nil, 0, nil); !errors.Is(err, syscall.ECHILD) {
		check(fmt.Errorf("a child is left: %w", err))
	}
}

func init() {
	roles["nice"], roles["nice-refused"] = niceRole, refusedRole
	if os.Getenv(roleVariable) == "nice" {
		runtime.LockOSThread() // of main to the main thread
	}
}

// niceRole makes a Spawner when the next goroutine runs on the main thread, and
// prints the niceness of that thread and of a process.
func niceRole([]string) {
	nice, err := osproc.NiceBy(3)
	check(err)
	runtime.UnlockOSThread()
	s, err := osproc.NewSpawner(nice)
	check(err)
	main, err := unix.Getpriority(unix.PRIO_PROCESS, os.Getpid())
	check(err)
	path, err := exec.LookPath("nice")
	check(err)
	p, err := s.Start(context.Background(), osproc.Command{Path: path, Stdout: os.Stdout})
	check(err)
	p.Reap()
	check(s.Close())
	fmt.Println(20 - main)
}

// The main thread, whose niceness is shown as that of the program, keeps it.
func TestSpawnerNiceSparesMainThread(t *testing.T) {
	text, err := roleProcess("nice").CombinedOutput()
	if want := fmt.Sprintf("%d\n%d\n", nicetest.With(t, 3), nicetest.With(t, 0)); err != nil || string(text) != want {
		t.Errorf("printed %q, %v: want %q", text, err, want)
	}
}
