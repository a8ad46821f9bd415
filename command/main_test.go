//go:build unix && !aix && !solaris

package command_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/command"
	"github.com/gotandem/tandem/internal/leaktest"
)

// roleVariable makes the re-executed test binary play a role.
const roleVariable = "COMMAND_TEST_ROLE"

// patience bounds the wait for an event that must come. Longer delays the report
// of a failure; shorter fails on a busy machine.
const patience = 60 * time.Second

// shortGrace is the KillGrace of tests in which programs do not obey.
const shortGrace = 20 * time.Millisecond

// descriptorsAtStart are those that the test binary was started with. They are
// passed on unless they are close-on-exec: a stated limit of internal/osproc.
var descriptorsAtStart []string

func TestMain(m *testing.M) {
	descriptorsAtStart = openDescriptors()
	if role := os.Getenv(roleVariable); role != "" {
		play(role)
		return
	}
	os.Exit(leaktest.Main(m))
}

// play plays a role in a program that a test runs.
func play(role string) {
	switch role {
	case "descriptors":
		extra := slices.DeleteFunc(openDescriptors(), func(number string) bool {
			return !slices.Contains([]string{"0", "1", "2"}, number) && slices.Contains(os.Args[1:], number)
		})
		fmt.Println(strings.Join(extra, " "))
	case "chunks": // large chunks on both streams in turn, then tagged lines
		tag := os.Args[1]
		chunk := []byte(strings.Repeat(tag, 100_000))
		for range 3 {
			os.Stdout.Write(chunk)
			os.Stderr.Write(chunk)
		}
		fmt.Fprintf(os.Stdout, "out %s\n", tag)
		fmt.Fprintf(os.Stderr, "err %s\n", tag)
	case serveRole:
		os.Exit(serve(os.Args[1]))
	case "parent": // runs a program and says who it is; killed by the test
		e, err := command.New(command.Config{Processes: 1})
		if err != nil {
			panic(err)
		}
		spec := shell(`echo $$ >"$1"; exec sleep 1000`, os.Args[1])
		tandem.Run(context.Background(), e, command.Exec, spec)
	}
}

// roleSpec runs this test binary in a role.
func roleSpec(t *testing.T, role string, args ...string) command.Spec {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return command.Spec{
		Args: append([]string{self}, args...),
		Env:  []string{roleVariable + "=" + role, "GORACE=atexit_sleep_ms=0"},
	}
}

// shell runs a script with arguments $1, $2 and so on.
func shell(script string, args ...string) command.Spec {
	return command.Spec{Args: append([]string{"sh", "-c", script, "sh"}, args...)}
}

// newExecutor returns an executor that is closed when the test ends.
func newExecutor(t *testing.T, config command.Config) *command.Executor {
	t.Helper()
	e, err := command.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		if err := e.Close(ctx); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return e
}

func run(t *testing.T, e *command.Executor, spec command.Spec, opts ...tandem.CallOption) (command.Output, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return tandem.Run(ctx, e, command.Exec, spec, opts...)
}

func submit(t *testing.T, e *command.Executor, spec command.Spec, opts ...tandem.CallOption) *tandem.Future[command.Output] {
	t.Helper()
	future, err := tandem.Submit(t.Context(), e, command.Exec, spec, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return future
}

// await waits until a call has finished and returns its error.
func await(t *testing.T, future *tandem.Future[command.Output]) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	_, err := future.Wait(ctx)
	if errors.Is(err, tandem.ErrWaitEnded) {
		t.Fatalf("the call has not finished after %v", patience)
	}
	return err
}

// event is a named pipe that tells a test what a program does.
type event struct{ path string }

func newEvent(t *testing.T) event {
	t.Helper()
	path := filepath.Join(t.TempDir(), "event")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return event{path}
}

// await returns what the first program to open the event writes. Opening blocks
// until there is one.
func (e event) await(t *testing.T) string {
	t.Helper()
	text := make(chan string, 1)
	go func() { // ends when a program opens the event, or with the test binary
		data, err := os.ReadFile(e.path)
		if err != nil {
			data = []byte(err.Error())
		}
		text <- strings.TrimSpace(string(data))
	}()
	select {
	case s := <-text:
		return s
	case <-time.After(patience):
		t.Fatalf("no event after %v", patience)
		return ""
	}
}

// awaitGone waits until a process has ended. It polls: nobody tells a stranger
// of that.
func awaitGone(t *testing.T, pid string) {
	t.Helper()
	n, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); alive(n); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("process %d lives", n)
		}
	}
}

// alive reports whether a process exists and is not a zombie.
func alive(pid int) bool {
	if stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		return fields[0] != "Z"
	}
	return syscall.Kill(pid, 0) == nil && !isLinux()
}

func isLinux() bool {
	_, err := os.Stat("/proc/self/stat")
	return err == nil
}

// openDescriptors lists what this process has open, without what the runtime
// opens.
func openDescriptors() []string {
	entries, _ := os.ReadDir("/proc/self/fd")
	var open []string
	for _, entry := range entries {
		target, err := os.Readlink("/proc/self/fd/" + entry.Name())
		runtimes := strings.HasPrefix(target, "anon_inode:") || strings.HasPrefix(target, "/sys/fs/cgroup")
		if err == nil && !runtimes {
			open = append(open, entry.Name())
		}
	}
	slices.Sort(open)
	return open
}

// expectFailure checks code and fate of an engine failure, and that it carries
// what the program left.
func expectFailure(t *testing.T, err, kind error, fate tandem.Fate) {
	t.Helper()
	if !errors.Is(err, kind) || tandem.FateOf(err) != fate {
		t.Errorf("error %v with fate %v, want %v with fate %v", err, tandem.FateOf(err), kind, fate)
	}
	if _, ended := errors.AsType[*command.ExitError](err); !ended && fate == tandem.MayHaveRun {
		t.Errorf("error %v carries no ExitError", err)
	}
}
