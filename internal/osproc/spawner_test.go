//go:build unix && !aix && !solaris

package osproc_test

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/gotandem/tandem/internal/osproc"
)

func TestStartRefusals(t *testing.T) {
	s := newSpawner(t)
	closed, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	good := roleCommand(t, "exit", "0")
	cases := map[string]struct {
		spoil func(*osproc.Command)
		want  error  // wrapped, unless nil
		text  string // part of the message
	}{
		"no path":     {func(c *osproc.Command) { c.Path = "" }, nil, "Path is empty"},
		"no file":     {func(c *osproc.Command) { c.Path = "/does/not/exist" }, os.ErrNotExist, "/does/not/exist"},
		"no program":  {func(c *osproc.Command) { c.Path = os.DevNull }, os.ErrPermission, os.DevNull},
		"no dir":      {func(c *osproc.Command) { c.Dir = "/does/not/exist" }, os.ErrNotExist, "Dir"},
		"nil file":    {func(c *osproc.Command) { c.Files = []*os.File{nil} }, nil, "Files[0]"},
		"closed file": {func(c *osproc.Command) { c.Stdout = closed }, os.ErrClosed, os.DevNull},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			command := good
			c.spoil(&command)
			_, err := s.Start(t.Context(), command)
			if err == nil || !strings.Contains(err.Error(), c.text) {
				t.Fatalf("error = %v, want %q in it", err, c.text)
			}
			if c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("error = %v, want %v", err, c.want)
			}
		})
	}
	if err := s.Close(); err != nil {
		t.Errorf("Close after refusals: %v", err) // none counts as a process
	}
}

func TestStartWithEndedContext(t *testing.T) {
	cause := errors.New("cause")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	if _, err := newSpawner(t).Start(ctx, roleCommand(t, "exit", "0")); !errors.Is(err, cause) {
		t.Errorf("error = %v, want the cause", err)
	}
}

// A file that is open for writing is tried again until it is not.
func TestStartRetriesBusyFile(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // others allow it
	}
	path := filepath.Join(t.TempDir(), "program")
	if err := copyFile(path, "/proc/self/exe"); err != nil {
		t.Fatal(err)
	}
	writer, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	command := roleCommand(t, "exit", "0")
	command.Path = path
	s := newSpawner(t)
	if _, err := s.Start(t.Context(), command); !errors.Is(err, syscall.ETXTBSY) {
		t.Fatalf("while open for writing: %v, want ETXTBSY", err)
	}
	writer.Close()
	if exit := start(t, s, command).Reap(); exit.Code != 0 {
		t.Errorf("exit = %v", exit)
	}
}

func copyFile(to, from string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o700)
	if err != nil {
		return err
	}
	_, err = io.Copy(target, source)
	return errors.Join(err, target.Close())
}

// Close with a living process refuses, kills nothing, and the last Reap ends
// the thread.
func TestCloseBeforeReap(t *testing.T) {
	s, err := osproc.NewSpawner(osproc.Nice{})
	if err != nil {
		t.Fatal(err)
	}
	p, conn := startTalking(t, s, roleCommand(t, "echo"))
	expectEchoEnd := func() {
		conn.Close()
		if exit := p.Reap(); exit.Code != 0 {
			t.Errorf("exit = %v, want 0", exit)
		}
	}
	if err := s.Close(); err == nil {
		t.Error("Close with a living process = nil, want an error")
	}
	if _, err := s.Start(t.Context(), roleCommand(t, "exit", "0")); !errors.Is(err, osproc.ErrClosed) {
		t.Errorf("Start after Close = %v, want ErrClosed", err)
	}
	expectEchoEnd()
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("Close after Reap: %v", err)
		}
	}
}

// O5: nothing is inherited but what the command lists.
func TestProcessO5InheritsOnlyWhatIsListed(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // needs /proc
	}
	dir := t.TempDir()
	var lines []string
	out, child, err := osproc.NewOutput(func(line []byte) { lines = append(lines, string(line)) })
	if err != nil {
		t.Fatal(err)
	}
	leak, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer leak.Close()

	command := roleCommand(t, "environment", slices.DeleteFunc(inherited(), isThree)...)
	command.Name, command.Dir, command.Stdout, command.Stderr = "named", dir, child, nil
	command.Files = []*os.File{leak}
	p := start(t, newSpawner(t), command)
	child.Close()
	out.Wait()
	p.Reap()

	want := "named " + dir + " [" + roleVariable + "=environment GORACE=atexit_sleep_ms=0] [0=/dev/null 1=pipe:"
	got := strings.Join(lines, "\n")
	if !strings.HasPrefix(got, want) || !strings.HasSuffix(got, " 2=/dev/null 3=/dev/null]") {
		t.Errorf("process has %s", got)
	}
}

func isThree(number string) bool { return number == "3" }

// A started process costs no descriptor once it was reaped, also with many at
// once.
func TestStartsLeaveNoDescriptor(t *testing.T) {
	for pidfd, starts := range map[bool]int{true: 100, false: 20} {
		s := newSpawner(t)
		if !pidfd {
			s.ForgetPidfd()
		}
		before := descriptors()
		var starters sync.WaitGroup
		for range 4 {
			starters.Go(func() {
				for range starts / 4 {
					p, err := s.Start(context.Background(), roleCommand(t, "exit", "5"))
					if err != nil {
						t.Error(err)
						return
					}
					if exit := p.Reap(); exit.Code != 5 {
						t.Errorf("exit = %v, want 5", exit)
					}
				}
			})
		}
		starters.Wait()
		if after := descriptors(); after > before+3 { // the runtime's poller
			t.Errorf("pidfd %v: %d descriptors before, %d after", pidfd, before, after)
		}
	}
}

// With pidfd the waiting takes no thread for each process.
func TestWaitingTakesNoThread(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // a stated limit of the package
	}
	s := newSpawner(t)
	startTalking(t, s, roleCommand(t, "wait"))
	before := threads(t)
	for range 12 {
		startTalking(t, s, roleCommand(t, "wait"))
	}
	if after := threads(t); after > before+6 {
		t.Errorf("threads: %d before, %d with 12 more processes", before, after)
	}
}

func threads(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func BenchmarkStartReap(b *testing.B) {
	s, err := osproc.NewSpawner(osproc.Nice{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	command := osproc.Command{Path: "/bin/true"}
	for b.Loop() {
		p, err := s.Start(context.Background(), command)
		if err != nil {
			b.Fatal(err)
		}
		p.Reap()
	}
}
