//go:build linux

package python

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/leaktest"
	"github.com/gotandem/tandem/process"
)

// limited returns an executor for the functions of testdata that is closed with
// the test and has left nothing then.
func limited(t *testing.T, c Config) *Executor {
	t.Helper()
	leaktest.Check(t)
	c.Dir, c.Interpreter, c.Output = "testdata", anyInterpreter(t), func(process.Line) {}
	ex, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeFault(t, ex) })
	return ex
}

// runTask runs one function of faults.py.
func runTask[In, Out any](t *testing.T, ex *Executor, name string, in In) (Out, error) {
	t.Helper()
	return tandem.Run(within(t), ex, tandem.Declare[In, Out]("faults.py:"+name), in)
}

// pidOf returns which worker runs the next call.
func pidOf(t *testing.T, ex *Executor) int {
	t.Helper()
	pid, err := runTask[int, int](t, ex, "pid", 0)
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

// awaitStats polls: executors notify nobody of the ends of workers.
func awaitStats(t *testing.T, ex *Executor, what string, done func(tandem.Stats) bool) {
	t.Helper()
	ctx := within(t)
	for !done(ex.Stats()) {
		if ctx.Err() != nil {
			t.Fatalf("%s did not come: %+v", what, ex.Stats())
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// Each worker is replaced after MaxCalls, give or take a tenth, however many
// calls are sent ahead, and no call is lost with it.
func TestMaxCallsIsKept(t *testing.T) {
	for _, c := range []struct{ threads, most int }{{1, 50}, {4, 20}, {4, 2}} {
		t.Run(fmt.Sprintf("%d threads, %d calls", c.threads, c.most), func(t *testing.T) {
			ex := limited(t, Config{Processes: 2, Threads: c.threads, MaxCalls: c.most})
			total := 6 * c.most
			counts := make(map[int]int)
			pids := tandem.Declare[int, int]("faults.py:pid")
			for pid, err := range tandem.Map(within(t), ex, pids, slices.Values(make([]int, total))) {
				if err != nil {
					t.Fatal(err)
				}
				counts[pid]++
			}
			low, high := c.most*9/10, c.most*11/10
			early := 0
			for pid, n := range counts {
				if n > high {
					t.Errorf("worker %d ran %d calls, want at most %d", pid, n, high)
				} else if n < low {
					early++
				}
			}
			if early > 2 { // the last one of each slot
				t.Errorf("calls for each worker: %v, want %d to %d", counts, low, high)
			}
		})
	}
}

// Workers do not all end together: their numbers of calls differ.
func TestMaxCallsHasJitter(t *testing.T) {
	ex := limited(t, Config{Processes: 1, MaxCalls: 100})
	counts := make(map[int]int)
	pids := tandem.Declare[int, int]("faults.py:pid")
	for pid, err := range tandem.Map(within(t), ex, pids, slices.Values(make([]int, 500))) {
		if err != nil {
			t.Fatal(err)
		}
		counts[pid]++
	}
	different := make(map[int]bool)
	for _, n := range counts {
		different[n] = true
	}
	if len(different) < 3 { // 4 or 5 full lives, each of one in 20 lengths, and a part of one
		t.Errorf("calls for each worker: %v", counts)
	}
}

func TestMaxResidentReplacesTheWorker(t *testing.T) {
	ex := limited(t, Config{Processes: 1, MaxResident: 150 << 20})
	first := pidOf(t, ex)
	if _, err := runTask[int, int](t, ex, "keep", 200); err != nil {
		t.Fatal(err)
	}
	awaitStats(t, ex, "the replacement", func(s tandem.Stats) bool { return s.Restarts == 1 })
	if second := pidOf(t, ex); second == first {
		t.Errorf("worker %d is still there", first)
	}
	if exit := ex.Stats().Workers[0].LastExit; exit != "exit status 0" {
		t.Errorf("the worker ended with %q", exit)
	}
}

// A worker is idle from when it is ready: starting may take longer than
// IdleTimeout.
func TestIdleWorkersEndAndComeBack(t *testing.T) {
	ex := limited(t, Config{Processes: 2, IdleTimeout: 5 * time.Millisecond})
	for range 2 {
		pidOf(t, ex)
		awaitStats(t, ex, "the end of both workers", func(s tandem.Stats) bool {
			return s.Workers[0].State == "empty" && s.Workers[1].State == "empty"
		})
	}
}

// Stats says what enforces the memory limit; each way ends only the call, and
// says the limit and the size.
func TestMemoryLimitSaysWhatEnforcesIt(t *testing.T) {
	hidden, err := filepath.Abs(filepath.Join("testdata", "withoutresource"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		by       string
		env      []string
		task     string
		says     []string
		restarts uint64
	}{
		{"rlimit", nil, "allocate_in_steps", []string{"MemoryError: the limit is 157286400 bytes, ", "were in use"}, 0},
		{"sampling", []string{"PYTHONPATH=" + hidden}, "grow", []string{"resident size ", " bytes, limit 157286400 (sampled every 50ms)"}, 1},
	} {
		t.Run(c.by, func(t *testing.T) {
			ex := limited(t, Config{Processes: 1, Memory: 150 << 20, Env: c.env})
			pidOf(t, ex)
			if got := ex.Stats().MemoryLimit; got != c.by {
				t.Errorf("the limit is enforced by %q, want %q", got, c.by)
			}
			_, err := tandem.Run(within(t), ex, perform, json.RawMessage(jsonString(c.task)))
			if !errors.Is(err, tandem.ErrMemoryLimit) || tandem.FateOf(err) != tandem.MayHaveRun {
				t.Errorf("error is %v, want ErrMemoryLimit", err)
			} else {
				contains(t, err.Error(), c.says...)
			}
			remote, ok := errors.AsType[*tandem.RemoteError](err)
			if c.restarts == 0 && (!ok || !strings.Contains(remote.Traceback, "in "+c.task)) {
				t.Errorf("the error has no traceback: %#v", err)
			}
			pidOf(t, ex)
			if s := ex.Stats(); s.Restarts != c.restarts {
				t.Errorf("%d workers were replaced, want %d", s.Restarts, c.restarts)
			}
		})
	}
}

// What a task leaves in its process is gone with the process: with MaxCalls 1
// each call has a fresh one.
func TestOneCallAWorkerLeavesNothing(t *testing.T) {
	ex := limited(t, Config{Processes: 2, MaxCalls: 1})
	for range 2 {
		for _, name := range []string{"change_surroundings", "patch_modules", "replace_stdout_badly"} {
			if _, err := tandem.Run(within(t), ex, perform, json.RawMessage(jsonString(name))); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// Relative names of tasks mean the same after a task has changed the directory,
// also for a file that the worker has not loaded yet.
func TestRelativeFilesAreFoundFromWhereTheWorkerBegan(t *testing.T) {
	for _, name := range []string{"change_surroundings", "remove_directory"} {
		t.Run(name, func(t *testing.T) {
			dir := scripts(t, map[string]string{"late.py": "def double(n): return 2 * n\n", "faults.py": readCases(t)})
			ex, err := New(Config{Processes: 1, Dir: dir, Interpreter: anyInterpreter(t), Output: func(process.Line) {}})
			if err != nil {
				t.Fatal(err)
			}
			defer closeFault(t, ex)
			if _, err := tandem.Run(within(t), ex, perform, json.RawMessage(jsonString(name))); err != nil {
				t.Fatal(err)
			}
			n, err := tandem.Run(within(t), ex, tandem.Declare[int, int]("late.py:double"), 4)
			if n != 8 || err != nil {
				t.Errorf("late.py: %d, %v", n, err)
			}
			_, err = tandem.Run(within(t), ex, tandem.Declare[int, int]("latter.py:double"), 4)
			if !errors.Is(err, tandem.ErrUnknownTask) {
				t.Fatalf("error is %v", err)
			}
			contains(t, err.Error(), "no file 'latter.py' in "+dir)
		})
	}
}

// A module that raises when it is looked at fails its own calls only.
func TestHostileModulesCostTheirCalls(t *testing.T) {
	dir := scripts(t, map[string]string{
		"exits.py":   "import sys\ndef __getattr__(name):\n    sys.exit(3)\n",
		"masks.py":   "class Mask:\n    def __call__(self, n): return n\n    def __getattribute__(self, name): raise KeyboardInterrupt\ntask = Mask()\n",
		"deep.py":    "def f(n): return n\nraise RecursionError('deep')\n",
		"cases.py":   "def double(n): return 2 * n\n",
		"deletes.py": "import os\nos.getcwd = None\nraise ValueError('odd')\n",
	})
	ex, err := New(Config{Processes: 1, Dir: dir, Interpreter: anyInterpreter(t), Output: func(process.Line) {}})
	if err != nil {
		t.Fatal(err)
	}
	defer closeFault(t, ex)
	for _, name := range []string{"exits.py:f", "masks.py:task", "deep.py:f", "deletes.py:f", "nothere.py:f"} {
		_, err := tandem.Run(within(t), ex, tandem.Declare[int, int](name), 1)
		if !errors.Is(err, tandem.ErrUnknownTask) || tandem.FateOf(err) != tandem.NotStarted {
			t.Errorf("%s: %v, want ErrUnknownTask", name, err)
		}
		n, err := tandem.Run(within(t), ex, tandem.Declare[int, int]("cases.py:double"), 2)
		if n != 4 || err != nil {
			t.Errorf("after %s: %d, %v", name, n, err)
		}
	}
	if n := ex.Stats().Restarts; n > 0 {
		t.Errorf("%d workers were replaced", n)
	}
}
