package osproc_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem/internal/osproc"
)

// O4: a supervisor that dies by SIGKILL takes its processes along.
func TestProcessO4DiesWithItsParent(t *testing.T) {
	s := newSpawner(t)
	supervisor, conn := startTalking(t, s, roleCommand(t, "supervisor"))
	if err := syscall.Kill(supervisor.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	expectEnd(t, conn) // before Reap: the grandchild is in a group of its own
}

// O4: the end of the thread that asked for the start is not the parent's death.
func TestProcessO4SurvivesTheThreadOfItsCaller(t *testing.T) {
	s := newSpawner(t)
	conn, child, err := osproc.Socketpair()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	command := roleCommand(t, "echo")
	command.Files = []*os.File{child}

	var p *osproc.Process
	var thread int
	var caller sync.WaitGroup
	caller.Go(func() {
		runtime.LockOSThread() // never unlocked, so the thread ends
		thread = syscall.Gettid()
		p, err = s.Start(context.Background(), command)
	})
	caller.Wait()
	child.Close()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Reap()
	defer conn.Close() // first: the end of the stream ends the process

	awaitThreadEnd(t, thread)
	expect(t, conn, "ready")
	if _, err := conn.Write([]byte("alive")); err != nil {
		t.Fatal(err)
	}
	expect(t, conn, "alive")
}

// awaitThreadEnd polls: nothing tells the end of a thread.
func awaitThreadEnd(t *testing.T, thread int) {
	t.Helper()
	if thread == os.Getpid() {
		return // the main thread never ends
	}
	deadline := time.Now().Add(patience)
	path := fmt.Sprintf("/proc/self/task/%d", thread)
	for {
		if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the caller's thread did not end")
		}
		runtime.Gosched()
	}
}
