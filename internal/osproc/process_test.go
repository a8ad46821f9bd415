//go:build unix && !aix && !solaris

package osproc_test

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"testing"

	"github.com/gotandem/tandem/internal/osproc"
)

// Both ways to see an exit agree on how the process ended.
func TestExitTellsHowItEnded(t *testing.T) {
	cases := []struct {
		role, arg string
		code      int
		signal    syscall.Signal
		text      string
	}{
		{"exit", "0", 0, 0, "exit status 0"},
		{"exit", "3", 3, 0, "exit status 3"},
		{"exit", "255", 255, 0, "exit status 255"},
		{"kill-self", "9", osproc.CodeSignaled, syscall.SIGKILL, "signal: killed"},
		{"kill-self", "15", osproc.CodeSignaled, syscall.SIGTERM, "signal: terminated"},
	}
	for _, pidfd := range []bool{true, false} {
		s := newSpawner(t)
		if !pidfd {
			s.ForgetPidfd()
		}
		for _, c := range cases {
			t.Run(fmt.Sprintf("%s %s pidfd %v", c.role, c.arg, pidfd), func(t *testing.T) {
				p := start(t, s, roleCommand(t, c.role, c.arg))
				waitFor(t, p.Exited(), "exit")
				exit := p.Reap()
				if exit.Code != c.code || exit.Signal != c.signal || exit.String() != c.text {
					t.Errorf("exit = %+v (%v)", exit, exit)
				}
				if exit.MaxRSS < 1<<20 {
					t.Errorf("MaxRSS = %d bytes, want at least 1 MiB", exit.MaxRSS)
				}
			})
		}
	}
}

func TestExitString(t *testing.T) {
	cases := map[string]osproc.Exit{
		"exit status 2":       {Code: 2},
		"exit status unknown": {Code: osproc.CodeUnknown},
		"signal: aborted (core dumped)": {
			Code: osproc.CodeSignaled, Signal: syscall.SIGABRT, CoreDumped: true,
		},
	}
	for want, exit := range cases {
		if got := exit.String(); got != want {
			t.Errorf("String = %q, want %q", got, want)
		}
	}
}

// O1, O2: an exited process is not reaped, so it still takes signals; a reaped
// one takes none, and Reap answers the same to everyone.
func TestProcessO2NoSignalAfterReap(t *testing.T) {
	p := start(t, newSpawner(t), roleCommand(t, "exit", "7"))
	waitFor(t, p.Exited(), "exit")
	if err := syscall.Kill(p.PID(), 0); err != nil {
		t.Errorf("signal 0 to the zombie: %v", err)
	}
	var reapers sync.WaitGroup
	for range 8 {
		reapers.Go(func() {
			if exit := p.Reap(); exit.Code != 7 {
				t.Errorf("exit = %v, want 7", exit)
			}
		})
	}
	reapers.Wait()
	if err := p.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("Signal after Reap = %v, want ErrProcessDone", err)
	}
	if err := p.KillGroup(); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("KillGroup after Reap = %v, want ErrProcessDone", err)
	}
}

// Other code that waits for every child costs the status, not the supervisor.
func TestStolenStatusIsUnknown(t *testing.T) {
	p := start(t, newSpawner(t), roleCommand(t, "wait-silent"))
	if err := p.KillGroup(); err != nil {
		t.Fatal(err)
	}
	if _, err := syscall.Wait4(p.PID(), nil, 0, nil); err != nil {
		t.Fatal(err)
	}
	waitFor(t, p.Exited(), "exit")
	exit := p.Reap()
	if exit.Code != osproc.CodeUnknown {
		t.Errorf("exit = %v, want unknown", exit)
	}
}

// Nobody in the group outlives KillGroup: the socket that all of them hold ends.
func TestKillGroupKillsAll(t *testing.T) {
	for _, role := range []string{"wait", "deaf", "family"} {
		t.Run(role, func(t *testing.T) {
			p, conn := startTalking(t, newSpawner(t), roleCommand(t, role))
			if err := p.KillGroup(); err != nil {
				t.Fatal(err)
			}
			expectEnd(t, conn)
			if exit := p.Reap(); exit.Signal != syscall.SIGKILL {
				t.Errorf("exit = %v, want killed", exit)
			}
		})
	}
}

// A leader that has ended still leads to its group.
func TestKillGroupReachesPastZombieLeader(t *testing.T) {
	p, conn := startTalking(t, newSpawner(t), roleCommand(t, "orphan"))
	waitFor(t, p.Exited(), "exit of the leader")
	if err := p.KillGroup(); err != nil {
		t.Fatal(err)
	}
	expectEnd(t, conn)
	if exit := p.Reap(); exit.Code != 0 {
		t.Errorf("exit = %v, want 0: the leader's own", exit)
	}
}

// O3: Reap alone leaves no grandchild.
func TestProcessO3ReapKillsTheRest(t *testing.T) {
	p, conn := startTalking(t, newSpawner(t), roleCommand(t, "orphan"))
	if exit := p.Reap(); exit.Code != 0 {
		t.Errorf("exit = %v, want 0", exit)
	}
	expectEnd(t, conn)
}

// SIGTERM arrives and is not death; SIGKILL is.
func TestSignalReachesADeafProcess(t *testing.T) {
	p, conn := startTalking(t, newSpawner(t), roleCommand(t, "deaf"))
	if err := p.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	expect(t, conn, "term")
	select {
	case <-p.Exited():
		t.Fatal("ended by SIGTERM")
	default:
	}
	if err := p.KillGroup(); err != nil {
		t.Fatal(err)
	}
	waitFor(t, p.Exited(), "exit")
}

// Stopping is not ending, and does not protect from SIGKILL.
func TestStoppedProcessDies(t *testing.T) {
	p, conn := startTalking(t, newSpawner(t), roleCommand(t, "family"))
	if err := p.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(p.PID(), &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatalf("wait for the stop: %v, %v", status, err)
	}
	select {
	case <-p.Exited():
		t.Fatal("stopped counted as ended")
	default:
	}
	if err := p.KillGroup(); err != nil {
		t.Fatal(err)
	}
	expectEnd(t, conn)
	if exit := p.Reap(); exit.Signal != syscall.SIGKILL {
		t.Errorf("exit = %v, want killed", exit)
	}
}
