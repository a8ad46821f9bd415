//go:build unix

package process_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/codec"
	"github.com/gotandem/tandem/process"
)

// startError returns why no worker of an executor starts.
func startError(t *testing.T, config process.Config) string {
	t.Helper()
	ex := leakless(t, config)
	begin := time.Now()
	err := ex.WaitReady(within(t))
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("it took %v to tell", took)
	}
	if err == nil {
		t.Fatal("a worker is ready")
	}
	checkFailure(t, nil, &tandem.CallError{Code: "worker_start", Fate: tandem.NotStarted, Err: err}, tandem.ErrWorkerStart, tandem.NotStarted)
	_, runErr := tandem.Run(within(t), ex, double, 1)
	checkFailure(t, 0, runErr, tandem.ErrWorkerStart, tandem.NotStarted)
	return runErr.Error()
}

func TestProgramsThatCannotServe(t *testing.T) {
	tests := map[string]struct{ mode, want string }{
		"reaches New":       {"forgot-new", "does not call worker.Main before process.New"},
		"ends":              {"forgot-end", "does its main call worker.Main first?"},
		"blocks":            {"forgot-block", "not ready after 300ms, the HandshakeTimeout (does its main call worker.Main first?)"},
		"crashes, with why": {"crash", "exit status 7; its last lines: no configuration file"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := startError(t, process.Config{Workers: 1, HandshakeTimeout: 300 * time.Millisecond, Env: []string{modeVariable + "=" + test.mode}})
			if !strings.Contains(got, test.want) {
				t.Errorf("%s: want %q", got, test.want)
			}
		})
	}
}

func TestProgramsThatCannotBeExecuted(t *testing.T) {
	got := startError(t, process.Config{Workers: 2, Dir: "/nonexistent"})
	if !strings.Contains(got, "/nonexistent") {
		t.Error(got)
	}
	got = startError(t, process.Config{Workers: 2, Runtime: &process.Runtime{Path: "/nonexistent/runtime", Codec: noCodec{}}})
	if !strings.Contains(got, "/nonexistent/runtime") || strings.Count(got, "start ") > 1 {
		t.Error(got)
	}
}

// A preamble may be larger than what a socket holds, and is not waited for when
// nobody reads it.
func TestLargePreamble(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	config := func(mode string) process.Config {
		return process.Config{
			Workers: 1, Env: []string{modeVariable + "=" + mode},
			Runtime: &process.Runtime{Path: self, Codec: codec.Binary{}, Preamble: preamble},
		}
	}
	expect(t, submit(t, leakless(t, config("preamble")), double, 4), 8)
	deaf := config("forgot-block")
	deaf.HandshakeTimeout = 300 * time.Millisecond
	if got := startError(t, deaf); !strings.Contains(got, "not ready after 300ms") {
		t.Error(got)
	}
}

type noCodec struct{ tandem.Codec }

// A worker with other tasks says what differs; it goes on with those it has.
func TestWorkersWithOtherTasks(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 1, Env: []string{modeVariable + "=other-tasks"}})
	err := expectFailure(t, submit(t, ex, act, action{}), tandem.ErrUnknownTask, tandem.NotStarted)
	if !strings.Contains(err.Error(), `the worker has no task "act": it has double; give all tasks to worker.Main`) {
		t.Error(err)
	}
	err = expectFailure(t, submit(t, ex, double, 1), tandem.ErrUnknownTask, tandem.NotStarted)
	if !strings.Contains(err.Error(), "here int → int, in the worker string → string") {
		t.Error(err)
	}
	same := tandem.Declare[string, string]("double")
	expect(t, submit(t, ex, same, "ab"), "abab")
}

func TestConfigSaysAllThatIsWrong(t *testing.T) {
	_, err := process.New(process.Config{Workers: -1, Threads: 253, KillGrace: -1, MaxFrame: 4 << 30, Nice: 20, Runtime: &process.Runtime{}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, field := range []string{"Workers", "Threads", "KillGrace", "MaxFrame", "Nice", "Runtime.Path", "Runtime.Codec"} {
		if !strings.Contains(err.Error(), field+" is") {
			t.Errorf("%v: does not name %s", err, field)
		}
	}
}
