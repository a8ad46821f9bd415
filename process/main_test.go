//go:build unix

package process_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/fault"
	"github.com/gotandem/tandem/internal/leaktest"
	"github.com/gotandem/tandem/process"
	"github.com/gotandem/tandem/tandemtest"
	"github.com/gotandem/tandem/worker"
)

// modeVariable makes the test binary, started again, something else than a
// worker with all tasks: see modes.
const modeVariable = "PROCESS_TEST_MODE"

// modes are what TestMain can do instead of calling worker.Main with all tasks.
// Those that return go on to end the process with status 0.
var modes = map[string]func(){
	"forgot-new": func() { // a program that reaches process.New
		if _, err := process.New(process.Config{}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	},
	"forgot-end":   func() {},
	"forgot-block": func() { time.Sleep(time.Hour) },
	"crash": func() {
		fmt.Fprintln(os.Stderr, "no configuration file")
		os.Exit(7)
	},
	"other-tasks": func() { // other types for double, no act
		worker.Main(tandem.Define("double", func(_ context.Context, s string) (string, error) { return s + s, nil }))
	},
	"preamble": func() { // a worker that reads a large preamble first
		for left := len(preamble); left > 0; {
			n, err := syscall.Read(3, make([]byte, left))
			if n == 0 || err != nil && err != syscall.EINTR {
				os.Exit(1)
			}
			left -= max(0, n)
		}
		worker.Main(double)
	},
	"parent":      playParent,
	"socket-pong": playPong,
}

// preamble is more than a socket holds.
var preamble = make([]byte, 1<<20)

func TestMain(m *testing.M) {
	if spec := os.Getenv(faultVariable); spec != "" {
		fault.Arm(newFault(spec).reach)
	}
	if mode := os.Getenv(modeVariable); mode != "" {
		modes[mode]()
		os.Exit(0)
	}
	worker.Main(append(tandemtest.Tasks(), double, act, size, mirror)...)
	os.Setenv("GORACE", "atexit_sleep_ms=0") // of workers: the race detector sleeps before each exit
	os.Exit(leaktest.Main(m))
}

// patience bounds the wait for an event that must come. Longer delays the
// report of a failure; shorter fails on a busy machine.
const patience = 60 * time.Second

// within returns a context that ends when patience does.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// start returns an executor that is closed with the test, where closing must
// succeed. What workers write is thrown away unless config says otherwise.
func start(t testing.TB, config process.Config) *process.Executor {
	t.Helper()
	if config.Output == nil {
		config.Output = func(process.Line) {}
	}
	if config.HandshakeTimeout == 0 {
		config.HandshakeTimeout = 30 * time.Second // the machine may be busy
	}
	ex, err := process.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ex.Close(within(t)); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return ex
}

// leakless is start, with a check that nothing is left after the test.
func leakless(t *testing.T, config process.Config) *process.Executor {
	t.Helper()
	leaktest.Check(t)
	return start(t, config)
}

// submit submits a call that must be accepted.
func submit[In, Out any](t testing.TB, ex tandem.Executor, task tandem.Task[In, Out], in In, opts ...tandem.CallOption) *tandem.Future[Out] {
	t.Helper()
	future, err := tandem.Submit(within(t), ex, task, in, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return future
}

// expect waits for a value.
func expect[Out comparable](t testing.TB, future *tandem.Future[Out], want Out) {
	t.Helper()
	got, err := future.Wait(within(t))
	if err != nil || got != want {
		t.Errorf("outcome is %v, %v: want %v", got, err, want)
	}
}

// expectFailure waits for an engine failure.
func expectFailure[Out any](t testing.TB, future *tandem.Future[Out], kind error, fate tandem.Fate) error {
	t.Helper()
	value, err := future.Wait(within(t))
	checkFailure(t, value, err, kind, fate)
	return err
}

func checkFailure(t testing.TB, value any, err, kind error, fate tandem.Fate) {
	t.Helper()
	if !errors.Is(err, kind) || tandem.FateOf(err) != fate {
		t.Errorf("outcome is %v, %v: want %v with fate %v", value, err, kind, fate)
	}
}

// run runs a call that must succeed.
func run[In, Out any](t testing.TB, ex tandem.Executor, task tandem.Task[In, Out], in In, opts ...tandem.CallOption) Out {
	t.Helper()
	out, err := tandem.Run(within(t), ex, task, in, opts...)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// eventually waits until a condition holds that nothing notifies of.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}
