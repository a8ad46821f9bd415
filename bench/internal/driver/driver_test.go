package driver_test

import (
	"context"
	"errors"
	"os/exec"
	"testing"
	"time"

	"github.com/gotandem/tandem/bench/internal/driver"
	"github.com/gotandem/tandem/bench/internal/trial"
)

// start starts a driver of a peer that needs no package.
func start(t *testing.T, peer string) *driver.Driver {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("no Python")
	}
	d, err := driver.Start(python, "../../python/driver.py", peer)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestAskMeasures(t *testing.T) {
	d := start(t, "pool")
	if _, err := d.Ask(t.Context(), map[string]any{"do": "open", "workers": 1}); err != nil {
		t.Fatal(err)
	}
	answer, err := d.Ask(t.Context(), map[string]any{"do": "rate", "count": 100})
	if err != nil || len(answer.Values) != 1 || answer.Values[0] <= 0 {
		t.Errorf("rate = %+v, %v, want one number above 0", answer, err)
	}
}

func TestAskReportsErrors(t *testing.T) {
	d := start(t, "pool")
	_, err := d.Ask(t.Context(), map[string]any{"do": "nothing"})
	if want := "AttributeError: module 'scenarios' has no attribute 'do_nothing'"; err == nil || err.Error() != want {
		t.Errorf("error = %v, want %q", err, want)
	}
}

// A driver that hangs is killed when its time is over, and asked no more.
func TestAskEndsWithItsContext(t *testing.T) {
	d := start(t, "loop")
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	// A meeting of two in a pool of one waits for 30 s.
	_, err := d.Ask(ctx, map[string]any{"do": "memory", "workers": 2, "module": "work"})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error = %v, want the end of the context", err)
	}
	if _, err := d.Ask(t.Context(), map[string]any{"do": "open", "workers": 1}); err == nil {
		t.Error("a driver that was killed has answered")
	}
}

func TestStartWithoutInterpreterIsUnavailable(t *testing.T) {
	_, err := driver.Start("/no/such/python", "driver.py", "pool")
	var missing trial.Unavailable
	if !errors.As(err, &missing) {
		t.Errorf("error = %v, want Unavailable", err)
	}
}
