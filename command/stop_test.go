//go:build unix && !aix && !solaris

package command_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/command"
	"github.com/gotandem/tandem/internal/leaktest"
	"github.com/gotandem/tandem/internal/osproc"
)

// stoppers are programs that end in different ways when asked to, or not at
// all. Each writes its number, or that of a process it made, to $1.
var stoppers = map[string]string{
	"obeys":       `echo $$ >"$1"; exec sleep 1000`,
	"ignores":     `trap '' TERM; echo $$ >"$1"; while :; do sleep 1000; done`,
	"is stopped":  `echo $$ >"$1"; kill -STOP $$; exec sleep 1000`,
	"has a child": `sleep 1000 & echo $! >"$1"; wait`,
	"has an ignoring child that holds the pipes": `(trap '' TERM; echo "$(exec sh -c 'echo $PPID')" >"$1"; while :; do sleep 1000; done) & wait`,
}

// A program that overstays is ended, with its group, whatever it does about it.
func TestTimeout(t *testing.T) {
	leaktest.Check(t)
	e := newExecutor(t, command.Config{Processes: 2, KillGrace: shortGrace})
	for name, script := range stoppers {
		began := newEvent(t)
		future := submit(t, e, shell("echo partial; "+script, began.path), tandem.Timeout(100*time.Millisecond))
		pid := began.await(t)
		err := await(t, future)
		expectFailure(t, err, tandem.ErrTimeout, tandem.MayHaveRun)
		if exit, ok := errors.AsType[*command.ExitError](err); !ok || string(exit.Stdout) != "partial\n" {
			t.Errorf("%s: error %v lacks the output", name, err)
		}
		awaitGone(t, pid)
	}
}

// A timeout that does not run out changes nothing.
func TestTimeoutInTime(t *testing.T) {
	e := newExecutor(t, command.Config{Processes: 1})
	if _, err := run(t, e, shell("exit 0"), tandem.Timeout(patience)); err != nil {
		t.Error(err)
	}
}

// A program can use the grace to end in order; it has overstayed all the same.
func TestTimeoutGrace(t *testing.T) {
	e := newExecutor(t, command.Config{Processes: 1, KillGrace: patience})
	began := newEvent(t)
	script := `trap 'echo tidied; exit 0' TERM; echo >"$1"; while :; do sleep 0.01; done`
	future := submit(t, e, shell(script, began.path), tandem.Timeout(50*time.Millisecond))
	began.await(t)
	err := await(t, future)
	expectFailure(t, err, tandem.ErrTimeout, tandem.MayHaveRun)
	if exit, ok := errors.AsType[*command.ExitError](err); !ok || string(exit.Stdout) != "tidied\n" {
		t.Errorf("error %v lacks the last words", err)
	}
}

// A running call that is canceled ends with its group; one that waits never
// starts.
func TestCancel(t *testing.T) {
	leaktest.Check(t)
	for name, script := range stoppers {
		e := newExecutor(t, command.Config{Processes: 1, KillGrace: shortGrace})
		began := newEvent(t)
		running := submit(t, e, shell(script, began.path))
		waiting := submit(t, e, shell("exit 1"))
		pid := began.await(t)
		waiting.Cancel()
		expectFailure(t, await(t, waiting), tandem.ErrCanceled, tandem.NotStarted)
		running.Cancel()
		running.Cancel()
		err := await(t, running)
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: error %v does not match context.Canceled", name, err)
		}
		expectFailure(t, err, tandem.ErrWorkerLost, tandem.MayHaveRun)
		awaitGone(t, pid)
		running.Cancel()
		if stats := e.Stats(); stats.Canceled != 1 || stats.Failed != 1 || stats.Running != 0 {
			t.Errorf("%s: stats %+v", name, stats)
		}
	}
}

// The end of the submitter's context cancels the call, and its cause is kept.
func TestCancelByContext(t *testing.T) {
	e := newExecutor(t, command.Config{Processes: 1})
	cause := errors.New("cause")
	ctx, cancel := context.WithCancelCause(t.Context())
	began := newEvent(t)
	future, err := tandem.Submit(ctx, e, command.Exec, shell(stoppers["obeys"], began.path))
	if err != nil {
		t.Fatal(err)
	}
	began.await(t)
	cancel(cause)
	if err := await(t, future); !errors.Is(err, context.Canceled) || !errors.Is(err, cause) {
		t.Errorf("error %v, want canceled with its cause", err)
	}
}

// A canceled program that ends with status 0 has succeeded.
func TestCancelOfProgramThatSucceeds(t *testing.T) {
	e := newExecutor(t, command.Config{Processes: 1, KillGrace: patience})
	began := newEvent(t)
	future := submit(t, e, shell(`trap 'echo saved; exit 0' TERM; echo >"$1"; while :; do sleep 0.01; done`, began.path))
	began.await(t)
	future.Cancel()
	if err := await(t, future); err != nil {
		t.Error(err)
	}
}

// A Map that is left ends its programs.
func TestMapLeftEarly(t *testing.T) {
	leaktest.Check(t)
	e := newExecutor(t, command.Config{Processes: 2})
	specs := slices.Repeat([]command.Spec{shell("exec sleep 1000")}, 10)
	specs[0] = shell("exit 0")
	for _, err := range tandem.Map(t.Context(), e, command.Exec, slices.Values(specs)) {
		if err != nil {
			t.Error(err)
		}
		break
	}
	if stats := e.Stats(); stats.Running != 0 || stats.Waiting != 0 {
		t.Errorf("stats %+v", stats)
	}
}

// A call ends with its program: what the program left in its group is killed, and
// what left the group neither delays the call nor is read.
func TestEndOfProgramEndsTheCall(t *testing.T) {
	leaktest.Check(t)
	e := newExecutor(t, command.Config{Processes: 1})
	output, err := run(t, e, shell(`sleep 1000 & echo $!; echo kept`))
	if err != nil {
		t.Fatal(err)
	}
	pid, rest, _ := strings.Cut(string(output.Stdout), "\n")
	if rest != "kept\n" {
		t.Errorf("output %q", output.Stdout)
	}
	awaitGone(t, pid)
}

// A process that leaves the group keeps a stream open and delays nothing. It is
// ended by its next write.
func TestProcessOutsideTheGroup(t *testing.T) {
	leaktest.Check(t)
	e := newExecutor(t, command.Config{Processes: 1})
	if _, err := run(t, e, shell("command -v setsid")); err != nil {
		return // not every system has the tool
	}
	began := newEvent(t)
	if err := syscall.Mkfifo(began.path+".go", 0o600); err != nil { // before the program looks for it
		t.Fatal(err)
	}
	future := submit(t, e, shell(`setsid sh -c 'echo $$ >"$1"; while echo x; do sleep 0.01; done' sh "$1" & echo kept; read x <"$1.go"`, began.path))
	pid := began.await(t)
	future.Cancel()
	if err := await(t, future); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	awaitGone(t, pid)
}

// Close waits for what was accepted, and refuses the rest.
func TestCloseDrains(t *testing.T) {
	leaktest.Check(t)
	e := newExecutor(t, command.Config{Processes: 2})
	var futures []*tandem.Future[command.Output]
	for range 6 {
		futures = append(futures, submit(t, e, shell("exit 0")))
	}
	closed := make(chan error, 2)
	for range 2 {
		go func() { closed <- e.Close(context.Background()) }()
	}
	for range 2 {
		if err := <-closed; err != nil {
			t.Error(err)
		}
	}
	for _, future := range futures {
		if _, err, finished := future.Result(); err != nil || !finished {
			t.Errorf("finished %v, error %v", finished, err)
		}
	}
	_, err := tandem.Submit(t.Context(), e, command.Exec, shell("exit 0"))
	expectFailure(t, err, tandem.ErrClosed, tandem.NotStarted)
}

// Close with an ended context kills what runs and fails what waits.
func TestCloseKills(t *testing.T) {
	leaktest.Check(t)
	for name, script := range stoppers {
		e, err := command.New(command.Config{Processes: 1, KillGrace: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		began := newEvent(t)
		running := submit(t, e, shell(script, began.path), tandem.Retries(3), tandem.Idempotent())
		waiting := submit(t, e, shell("exit 0"))
		pid := began.await(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		err = e.Close(ctx)
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "1 calls waiting and 1 running") {
			t.Errorf("%s: Close: %v", name, err)
		}
		expectFailure(t, await(t, running), tandem.ErrClosed, tandem.MayHaveRun)
		expectFailure(t, await(t, waiting), tandem.ErrClosed, tandem.NotStarted)
		awaitGone(t, pid)
		if err := e.Close(ctx); err != nil {
			t.Errorf("%s: second Close: %v", name, err)
		}
	}
}

// C4: programs die with this process, also when nothing can be done before.
func TestParentKilledC4(t *testing.T) {
	if !isLinux() {
		return // a stated limit of the package
	}
	leaktest.Check(t)
	spawner, err := osproc.NewSpawner(osproc.Nice{})
	if err != nil {
		t.Fatal(err)
	}
	defer spawner.Close()
	began := newEvent(t)
	spec := roleSpec(t, "parent", began.path)
	parent, err := spawner.Start(t.Context(), osproc.Command{Path: spec.Args[0], Args: spec.Args[1:], Env: append(spec.Env, "PATH=/usr/bin:/bin")})
	if err != nil {
		t.Fatal(err)
	}
	defer parent.Reap()
	pid := began.await(t)
	if err := parent.KillGroup(); err != nil { // the program has a group of its own
		t.Fatal(err)
	}
	awaitGone(t, pid)
}

// Submitting while the executor closes: each call is refused or finishes, and
// Close leaves nothing.
func TestSubmitRacesClose(t *testing.T) {
	leaktest.Check(t)
	for round := range 10 {
		e, err := command.New(command.Config{Processes: 2, Queue: 4})
		if err != nil {
			t.Fatal(err)
		}
		began := make(chan struct{}, 100)
		var submitters sync.WaitGroup
		for range 4 {
			submitters.Go(func() {
				for {
					_, err := tandem.Run(t.Context(), e, command.Exec, shell("exec sleep 0.001"))
					select {
					case began <- struct{}{}:
					default: // enough are counted
					}
					if errors.Is(err, tandem.ErrClosed) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		for range round {
			<-began
		}
		ctx, cancel := context.WithCancel(t.Context())
		if round%2 == 0 {
			cancel()
		}
		if err := e.Close(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		cancel()
		submitters.Wait()
	}
}

// Canceling calls at any moment: each finishes once, and the next call in the
// slot is not hit.
func TestCancelRacesEnd(t *testing.T) {
	leaktest.Check(t)
	e := newExecutor(t, command.Config{Processes: 2})
	for range 60 {
		future := submit(t, e, command.Spec{Args: []string{"true"}})
		next := submit(t, e, command.Spec{Args: []string{"true"}})
		future.Cancel()
		err := await(t, future)
		if err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, tandem.ErrCanceled) {
			t.Errorf("canceled call: %v", err)
		}
		if err := await(t, next); err != nil {
			t.Errorf("the other call: %v", err)
		}
	}
}
