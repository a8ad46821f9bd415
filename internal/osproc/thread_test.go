//go:build unix && !aix && !solaris

package osproc_test

import (
	"bytes"
	"errors"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem/internal/osproc"
)

// noLimit is more than any test writes.
const noLimit = 1 << 30

// eachThread runs a test with pidfds and without.
func eachThread(t *testing.T, test func(t *testing.T, thread *osproc.Thread)) {
	for name, pidfd := range map[string]bool{"pidfd": true, "no pidfd": false} {
		t.Run(name, func(t *testing.T) {
			before := descriptors()
			thread, err := osproc.NewThread()
			if err != nil {
				t.Fatal(err)
			}
			if !pidfd {
				thread.ForgetPidfd()
			}
			test(t, thread)
			thread.Close()
			if after := descriptors(); after > before+3 { // the runtime's poller
				t.Errorf("%d descriptors before, %d after", before, after)
			}
		})
	}
}

// script runs a shell script on thread.
func script(t *testing.T, thread *osproc.Thread, text string, stdin []byte, limit int64) *osproc.Child {
	t.Helper()
	env := []string{"PATH=" + os.Getenv("PATH")}
	c, err := thread.Start(osproc.Command{Path: "/bin/sh", Args: []string{"-c", text}, Env: env}, osproc.Options{Stdin: stdin, MaxOutput: limit})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// expectEvent waits for the next event, patiently where it has no deadline.
func expectEvent(t *testing.T, c *osproc.Child, deadline time.Time, want osproc.Event) {
	t.Helper()
	if deadline.IsZero() {
		deadline = time.Now().Add(patience)
	}
	if got := c.Wait(deadline); got != want {
		t.Fatalf("event %d, want %d", got, want)
	}
}

// All output is kept, that of the last moment too, and the streams apart.
func TestThreadKeepsOutput(t *testing.T) {
	eachThread(t, func(t *testing.T, thread *osproc.Thread) {
		for range 20 {
			c := script(t, thread, "echo out; echo err >&2; exit 3", nil, noLimit)
			exit := c.Reap()
			stdout, stderr, exceeded := c.Output()
			if exit.Code != 3 || string(stdout.Bytes) != "out\n" || string(stderr.Bytes) != "err\n" || exceeded {
				t.Fatalf("%v, %q, %q, %v", exit, stdout.Bytes, stderr.Bytes, exceeded)
			}
			if again := c.Reap(); again != exit {
				t.Fatalf("second Reap: %v, want %v", again, exit)
			}
			expectEvent(t, c, time.Time{}, osproc.Exited)
			if err := c.KillGroup(); !errors.Is(err, os.ErrProcessDone) {
				t.Fatalf("KillGroup after Reap: %v", err)
			}
		}
	})
}

// Input that no pipe holds passes both ways; nil is the null device.
func TestThreadFeedsInput(t *testing.T) {
	eachThread(t, func(t *testing.T, thread *osproc.Thread) {
		for _, stdin := range [][]byte{nil, {}, []byte("x"), bytes.Repeat([]byte("0123456789"), 300_000)} {
			c := script(t, thread, "exec cat", stdin, noLimit)
			exit := c.Reap()
			if stdout, _, _ := c.Output(); exit.Code != 0 || !bytes.Equal(stdout.Bytes, stdin) {
				t.Errorf("%d bytes: got %d, %v", len(stdin), len(stdout.Bytes), exit)
			}
		}
		if exit := script(t, thread, "exec <&-; exit 4", make([]byte, 1<<20), noLimit).Reap(); exit.Code != 4 {
			t.Errorf("unread input: %v", exit)
		}
	})
}

// Each event comes, and the process can be ended after it.
func TestThreadEvents(t *testing.T) {
	eachThread(t, func(t *testing.T, thread *osproc.Thread) {
		c := script(t, thread, "echo first; exec sleep 1000", nil, noLimit)
		expectEvent(t, c, time.Now().Add(-time.Second), osproc.Expired)
		expectEvent(t, c, time.Now().Add(10*time.Millisecond), osproc.Expired)
		thread.Wake()
		thread.Wake()
		expectEvent(t, c, time.Time{}, osproc.Woken)
		var waker sync.WaitGroup
		waker.Go(thread.Wake)
		expectEvent(t, c, time.Time{}, osproc.Woken)
		waker.Wait()
		if err := c.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		expectEvent(t, c, time.Time{}, osproc.Exited)
		if exit := c.Reap(); exit.Signal != syscall.SIGTERM {
			t.Errorf("exit %v", exit)
		}

		c = script(t, thread, "exec cat /dev/zero", nil, 1<<20)
		expectEvent(t, c, time.Time{}, osproc.Overflowed)
		if err := c.KillGroup(); err != nil {
			t.Error(err)
		}
		c.Reap()
		if stdout, _, exceeded := c.Output(); !exceeded || len(stdout.Bytes) > 1<<20 {
			t.Errorf("%d bytes, exceeded %v", len(stdout.Bytes), exceeded)
		}
	})
}

// O3: what the leader left in its group is killed, and delays nothing.
func TestThreadO3KillsTheGroup(t *testing.T) {
	eachThread(t, func(t *testing.T, thread *osproc.Thread) {
		c := script(t, thread, "sleep 1000 & echo $!", nil, noLimit)
		group := c.PID()
		c.Reap()
		deadline := time.Now().Add(patience)
		for syscall.Kill(-group, 0) == nil { // polls: the killed are init's to reap
			if time.Now().After(deadline) {
				t.Fatal("the group lives")
			}
			runtime.Gosched()
		}
	})
}

// An exit status that other code took is unknown, and nobody is signaled.
func TestThreadStolenExit(t *testing.T) {
	eachThread(t, func(t *testing.T, thread *osproc.Thread) {
		c := script(t, thread, "exit 0", nil, noLimit)
		for {
			if _, err := syscall.Wait4(c.PID(), nil, 0, nil); !errors.Is(err, syscall.EINTR) {
				break
			}
		}
		if exit := c.Reap(); exit.Code != osproc.CodeUnknown {
			t.Errorf("exit %v, want unknown", exit)
		}
	})
}

// A start that fails leaves nothing, and the next one works.
func TestThreadStartErrors(t *testing.T) {
	eachThread(t, func(t *testing.T, thread *osproc.Thread) {
		for _, command := range []osproc.Command{{}, {Path: "/no/such"}, {Path: "/bin/sh", Stdout: os.Stdout}, {Path: "/bin/sh", Dir: "/no/such"}} {
			if _, err := thread.Start(command, osproc.Options{Stdin: []byte("x"), MaxOutput: noLimit}); err == nil {
				t.Errorf("%+v was started", command)
			}
		}
		if exit := script(t, thread, "exit 0", nil, noLimit).Reap(); exit.Code != 0 {
			t.Errorf("exit %v", exit)
		}
	})
}
