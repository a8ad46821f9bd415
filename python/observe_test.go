//go:build unix && !aix && !solaris

package python_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/python"
)

// tasks are the functions of measured.py.
const measured = `
import threading, time

def burn(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass

def burn_beside(seconds):
    thread = threading.Thread(target=burn, args=(seconds,))
    thread.start()
    thread.join()

def sleep(seconds):
    time.sleep(seconds)

def hold(megabytes):
    return len(b"x" * (megabytes << 20))

def fail(_):
    raise ValueError("no")
`

// observed returns an executor with the functions of measured.py, and what
// returns the attempts that were shown since it was last called.
func observed(t *testing.T, config python.Config) (ex *python.Executor, shown func() []tandem.Attempt) {
	t.Helper()
	config.Dir = t.TempDir()
	if err := os.WriteFile(filepath.Join(config.Dir, "measured.py"), []byte(measured), 0o600); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var all []tandem.Attempt
	config.Interpreter = python.AnyInterpreter(t)
	config.Observe = func(a tandem.Attempt) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, a)
	}
	ex, err := python.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := ex.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return ex, func() []tandem.Attempt {
		mu.Lock()
		defer mu.Unlock()
		defer func() { all = nil }()
		return all
	}
}

func TestObserveMeasuresPython(t *testing.T) {
	const busy, idle = 30 * time.Millisecond, 5 * time.Millisecond
	for name, test := range map[string]struct {
		threads int
		task    string
		input   float64
		least   time.Duration // processor time
		most    time.Duration
	}{
		"busy":                  {1, "burn", busy.Seconds(), busy, time.Hour},
		"busy, 2 threads":       {2, "burn", busy.Seconds(), busy, time.Hour},
		"another thread is":     {1, "burn_beside", busy.Seconds(), busy, time.Hour},
		"another, of 2 threads": {2, "burn_beside", busy.Seconds(), 0, busy},
		"waits":                 {1, "sleep", busy.Seconds(), 0, busy - idle},
	} {
		t.Run(name, func(t *testing.T) {
			ex, shown := observed(t, python.Config{Processes: 1, Threads: test.threads})
			begin := time.Now()
			if _, err := tandem.Run(t.Context(), ex, tandem.Declare[float64, any]("measured.py:"+test.task), test.input); err != nil {
				t.Fatal(err)
			}
			all := shown()
			if len(all) != 1 {
				t.Fatalf("%d attempts", len(all))
			}
			a := all[0]
			if a.CPU < test.least || a.CPU > test.most || a.Wall < busy || a.Start.Before(begin) || a.PeakRSS < 1<<20 || a.PeakRSS > 1<<34 {
				t.Errorf("attempt %+v", a)
			}
		})
	}
}

func TestObservePeakAndFailures(t *testing.T) {
	ex, shown := observed(t, python.Config{Processes: 1})
	hold := tandem.Declare[int, int]("measured.py:hold")
	if n, err := tandem.Run(t.Context(), ex, hold, 64); err != nil || n != 64<<20 {
		t.Fatal(n, err)
	}
	if all := shown(); len(all) != 1 || all[0].PeakRSS < 64<<20 {
		t.Errorf("attempts %+v", all)
	}
	_, err := tandem.Run(t.Context(), ex, tandem.Declare[int, int]("measured.py:fail"), 0)
	if all := shown(); len(all) != 1 || !errors.Is(err, all[0].Err) || all[0].PID == 0 {
		t.Errorf("attempts %+v of %v", all, err)
	}
	_, err = tandem.Run(t.Context(), ex, tandem.Declare[int, int]("measured.py:missing"), 0)
	if all := shown(); len(all) != 0 || tandem.FateOf(err) != tandem.NotStarted {
		t.Errorf("attempts %+v of %v", all, err)
	}
}

// BenchmarkMapObserved is BenchmarkMap with attempts that are measured.
func BenchmarkMapObserved(b *testing.B) {
	for _, name := range []string{"not observed", "observed"} {
		b.Run(name, func(b *testing.B) {
			config := python.Config{Processes: 1, Interpreter: python.AnyInterpreter(b), Dir: "testdata"}
			if name == "observed" {
				config.Observe = func(tandem.Attempt) {}
			}
			ex, err := python.New(config)
			if err != nil {
				b.Fatal(err)
			}
			defer ex.Close(context.Background())
			double := tandem.Declare[int, int]("suite.py:double")
			inputs := slices.Repeat([]int{7}, b.N)
			b.ResetTimer()
			for n, err := range tandem.Map(b.Context(), ex, double, slices.Values(inputs)) {
				if n != 14 || err != nil {
					b.Fatal(n, err)
				}
			}
		})
	}
}
