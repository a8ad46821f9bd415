//go:build linux

package python

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/process"
)

// Whatever a worker says of its arena, the engine goes on, and the call fails for
// that reason or has the value that is there.
func TestEngineSurvivesRogueArenas(t *testing.T) {
	interpreter := anyInterpreter(t)
	for how, want := range map[string]string{
		"beyond":        "buffer at 1099511627776 with 10 bytes",
		"long":          "exceed the limit",
		"wrap":          "buffer at 18446744073709551610",
		"sum":           "exceed the limit",
		"json":          "result has codec json, want raw",
		"buffers":       "which only a Pickle may have",
		"keep small":    "which has no buffers",
		"keep twice":    "which has no buffers",
		"release":       "of which nothing was kept",
		"release twice": "of which nothing was kept",
		"other call":    "which the worker does not have",
		"hole":          "",
		"cut":           "",
		"thread":        "measure of thread 1, of which the worker has 1",
		"absurd":        "",
		"unmeasured":    "",
	} {
		t.Run(how, func(t *testing.T) {
			begin := time.Now()
			seen := func(a tandem.Attempt) {
				if a.Start.Before(begin) || a.Wall < 0 || a.Start.Add(a.Wall).After(time.Now()) || a.CPU < 0 || a.PeakRSS < 0 || a.Thread != 0 {
					t.Errorf("attempt %+v", a)
				}
			}
			ex, err := process.New(process.Config{
				Workers: 1, MaxFrame: 2 << 20, Observe: seen,
				Runtime: &process.Runtime{
					Name: "rogue", Path: interpreter, Args: []string{"-I", "testdata/rogue.py", how}, Codec: values{},
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			defer ex.Close(ctx)
			for range 2 {
				value, err := tandem.Run(ctx, ex, tandem.Declare[[]byte, []byte]("rogue"), make([]byte, 100<<10))
				switch {
				case want == "" && (err != nil || len(value) != 9):
					t.Errorf("%q, %v", value, err)
				case how == "cut" && string(value) != "3 refused":
					t.Errorf("%q, want that the file cannot be cut", value)
				case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
					t.Errorf("error is %v, want %q", err, want)
				case err != nil && !errors.Is(err, tandem.ErrWorkerLost) && !errors.Is(err, tandem.ErrBadResult):
					t.Errorf("error is %v", err)
				}
			}
		})
	}
}

// What was answered through the arena and had not been sent survives its worker.
func TestEngineSalvagesMovedResults(t *testing.T) {
	ex, err := New(Config{Processes: 1, Interpreter: anyInterpreter(t), Dir: "testdata"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	defer ex.Close(ctx)
	lost := 0
	inputs := func(yield func(int) bool) {
		for i := range 60 {
			if !yield(i) {
				return
			}
		}
	}
	task := tandem.Declare[int, []byte]("forms.py:make_or_die")
	n := 0
	for value, err := range tandem.Map(ctx, ex, task, inputs) {
		switch {
		case n%20 == 13 && errors.Is(err, tandem.ErrWorkerLost):
			lost++
		case err != nil || len(value) != 70_000+n || value[1] != byte(n):
			t.Errorf("%d: %d bytes, %v", n, len(value), err)
		}
		n++
	}
	if lost != 3 || n != 60 {
		t.Errorf("%d calls of %d were lost, want 3 of 60", lost, n)
	}
}
