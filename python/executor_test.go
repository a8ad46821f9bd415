//go:build unix && !aix && !solaris

package python_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/python"
)

// patience bounds the wait for an event that must come.
const patience = 60 * time.Second

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func closeIt(t *testing.T, ex *python.Executor) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := ex.Close(ctx); err != nil {
		t.Error(err)
	}
}

func TestNewSaysAllThatIsWrong(t *testing.T) {
	_, err := python.New(python.Config{Processes: -1, Interpreter: "python3.99", Preload: []string{""}})
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"Processes is -1", "Preload[0] is empty", `interpreter "python3.99"`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want it to say %q", err, want)
		}
	}
}

func TestExecutorPassesRawJSON(t *testing.T) {
	ex := newExecutor(t, python.Config{Processes: 1})
	defer closeIt(t, ex)
	echo := tandem.Declare[json.RawMessage, json.RawMessage]("cases.py:echo")
	const text = `{"b":[1,2.50,1e400000],"a":12345678901234567890123}`
	got, err := tandem.Run(within(t), ex, echo, json.RawMessage(`{"b":[1,2.5],"a":12345678901234567890123}`))
	if err != nil || string(got) != `{"b":[1,2.5],"a":12345678901234567890123}` {
		t.Errorf("%s, %v", got, err)
	}
	// A number beyond the range of floats becomes infinite, which is not JSON.
	if _, err := tandem.Run(within(t), ex, echo, json.RawMessage(text)); !errors.Is(err, tandem.ErrBadResult) {
		t.Errorf("error is %v, want ErrBadResult", err)
	}
}

func TestExecutorReturnsPythonErrors(t *testing.T) {
	ex := newExecutor(t, python.Config{Processes: 1})
	defer closeIt(t, ex)
	_, err := tandem.Run(within(t), ex, tandem.Declare[string, int]("cases.py:fail"), "bad width")
	remote, ok := errors.AsType[*tandem.RemoteError](err)
	if !ok || remote.Error() != "ValueError: bad width" || !strings.Contains(remote.Traceback, "in fail") {
		t.Errorf("error is %#v", err)
	}
	_, err = tandem.Run(within(t), ex, tandem.Declare[string, int]("cases.py:fial"), "x")
	if !errors.Is(err, tandem.ErrUnknownTask) || tandem.FateOf(err) != tandem.NotStarted ||
		!strings.Contains(err.Error(), "did you mean 'fail'?") {
		t.Errorf("error is %v", err)
	}
	_, err = tandem.Run(within(t), ex, tandem.Declare[int, int]("cases.py:kill_self"), 0)
	if !errors.Is(err, tandem.ErrWorkerLost) || tandem.FateOf(err) != tandem.MayHaveRun {
		t.Errorf("error is %v", err)
	}
	n, err := tandem.Run(within(t), ex, tandem.Declare[int, int]("cases.py:double"), 4)
	if n != 8 || err != nil {
		t.Errorf("after a crash: %d, %v", n, err)
	}
}

func TestExecutorWithBadPreloadIsNotReady(t *testing.T) {
	ex := newExecutor(t, python.Config{Processes: 1, Preload: []string{"cases.py:duoble"}})
	defer closeIt(t, ex)
	err := ex.WaitReady(within(t))
	if err == nil || !strings.Contains(err.Error(), "did you mean 'double'?") {
		t.Errorf("error is %v", err)
	}
}
