//go:build unix && !aix && !solaris

package osproc_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gotandem/tandem/internal/osproc"
)

// roleVariable makes the re-executed test binary play a role.
const roleVariable = "OSPROC_TEST_ROLE"

// patience bounds the wait for an event that must come. Longer delays the report
// of a failure; shorter fails on a busy machine.
const patience = 60 * time.Second

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		play(role, os.Args[1:])
	}
	before := descriptors()
	code := m.Run()
	if code == 0 {
		code = checkNothingLeft(before)
	}
	os.Exit(code)
}

// checkNothingLeft reports goroutines and descriptors that the tests left.
func checkNothingLeft(before int) (code int) {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	if n := strings.Count(string(stacks), "internal/osproc.("); n > 0 {
		fmt.Fprintf(os.Stderr, "goroutines are left:\n%s\n", stacks)
		code = 1
	}
	// The runtime keeps up to a few for its poller.
	if after := descriptors(); after > before+3 {
		fmt.Fprintf(os.Stderr, "descriptors: %d before, %d after\n", before, after)
		code = 1
	}
	return code
}

// descriptors counts this program's, or returns 0 where /proc is missing.
func descriptors() int {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(entries)
}

func newSpawner(t *testing.T) *osproc.Spawner {
	t.Helper()
	s, err := osproc.NewSpawner(osproc.Nice{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// roleCommand runs this test binary in a role.
func roleCommand(t *testing.T, role string, args ...string) osproc.Command {
	t.Helper()
	self, err := osproc.Self()
	if err != nil {
		t.Fatal(err)
	}
	return osproc.Command{
		Path:   self,
		Args:   args,
		Env:    []string{roleVariable + "=" + role, "GORACE=atexit_sleep_ms=0"},
		Stderr: os.Stderr,
	}
}

// start starts command and sees to its end.
func start(t *testing.T, s *osproc.Spawner, command osproc.Command) *osproc.Process {
	t.Helper()
	p, err := s.Start(t.Context(), command)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = p.KillGroup()
		p.Reap()
	})
	return p
}

// startTalking starts a role with a socket as descriptor 3, held by the whole
// group, and waits until it says "ready". The end of the stream is the event
// that all who held it have ended.
func startTalking(t *testing.T, s *osproc.Spawner, command osproc.Command) (*osproc.Process, net.Conn) {
	t.Helper()
	conn, child, err := osproc.Socketpair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	command.Files = append([]*os.File{child}, command.Files...)
	p := start(t, s, command)
	child.Close()
	expect(t, conn, "ready")
	return p, conn
}

func expect(t *testing.T, conn net.Conn, want string) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != want {
		t.Fatalf("read %q, %v, want %q", got, err, want)
	}
}

func expectEnd(t *testing.T, conn net.Conn) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if n, err := conn.Read(make([]byte, 1)); n != 0 || isTimeout(err) {
		t.Fatalf("read %d bytes, %v, want the end of the stream", n, err)
	}
}

func isTimeout(err error) bool {
	timeout, ok := err.(net.Error)
	return ok && timeout.Timeout()
}

func waitFor(t *testing.T, event <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-event:
	case <-time.After(patience):
		t.Fatalf("%s: nothing after %v", what, patience)
	}
}

// openDescriptors lists what this process has open, without what the runtime
// opens itself and without except.
func openDescriptors(except []string) []string {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil
	}
	var open []string
	for _, entry := range entries {
		target, err := os.Readlink(filepath.Join("/proc/self/fd", entry.Name()))
		runtimes := strings.HasPrefix(target, "anon_inode:") || strings.HasPrefix(target, "/sys/fs/cgroup")
		if err == nil && !runtimes && !slices.Contains(except, entry.Name()) {
			open = append(open, entry.Name()+"="+target)
		}
	}
	slices.Sort(open)
	return open
}

// inherited lists the descriptors above 2 that this process passes on to any
// child, because it was itself started with them.
func inherited() []string {
	var numbers []string
	for fd := 3; fd < 1024; fd++ {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err == nil && flags&unix.FD_CLOEXEC == 0 {
			numbers = append(numbers, strconv.Itoa(fd))
		}
	}
	return numbers
}
