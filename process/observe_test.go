//go:build unix

package process_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/process"
)

// witness keeps the attempts that are shown to it.
type witness struct {
	mu  sync.Mutex
	all []tandem.Attempt
}

func (w *witness) note(a tandem.Attempt) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.all = append(w.all, a)
}

// only returns the one attempt that was shown, and forgets it.
func (w *witness) only(t *testing.T) tandem.Attempt {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.all
	w.all = nil
	if len(all) != 1 {
		t.Fatalf("%d attempts: %+v", len(all), all)
	}
	return all[0]
}

func TestObserveMeasuresInTheWorker(t *testing.T) {
	seen := new(witness)
	ex := leakless(t, process.Config{Workers: 1, Observe: seen.note})
	pid, err := strconv.Atoi(run(t, ex, act, action{Do: "pid"}))
	if err != nil {
		t.Fatal(err)
	}
	if a := seen.only(t); a.PID != pid || a.Slot != 1 || a.Thread != 0 {
		t.Errorf("attempt %+v, want process %d", a, pid)
	}
	const size = 64 << 20
	run(t, ex, act, action{Do: "allocate", N: size})
	if a := seen.only(t); a.CPU <= 0 || a.Wall <= 0 || a.PeakRSS < size {
		t.Errorf("attempt %+v", a)
	}
}

// With several threads nobody knows whose processor time it was.
func TestObserveWithThreads(t *testing.T) {
	seen := new(witness)
	ex := leakless(t, process.Config{Workers: 1, Threads: 3, Observe: seen.note})
	expect(t, submit(t, ex, double, 4), 8)
	if a := seen.only(t); a.CPU != 0 || a.Thread < 0 || a.Thread > 2 || a.PeakRSS == 0 && runtime.GOOS == "linux" {
		t.Errorf("attempt %+v", a)
	}
}

// An attempt that was lost with its worker began when the black box says, and has
// the memory of its process.
func TestObserveOfALostCall(t *testing.T) {
	seen := new(witness)
	ex := leakless(t, process.Config{Workers: 1, Observe: seen.note})
	begin := time.Now()
	expectFailure(t, submit(t, ex, act, action{Do: "signal", N: int(syscall.SIGKILL)}), tandem.ErrWorkerLost, tandem.MayHaveRun)
	a := seen.only(t)
	if !errors.Is(a.Err, tandem.ErrWorkerLost) || a.Again || a.CPU != 0 || a.PeakRSS == 0 || a.PID == 0 {
		t.Errorf("attempt %+v", a)
	}
	if a.Start.Before(begin) || a.Start.Add(a.Wall).After(time.Now()) {
		t.Errorf("attempt from %v for %v, submitted %v", a.Start, a.Wall, begin)
	}
}

// Of the calls that travel together, Stop ends the one.
func TestStopOfACallAmongOthers(t *testing.T) {
	const n, which = 3000, 2000
	running := filepath.Join(t.TempDir(), "pid")
	in := slices.Repeat([]action{{Do: "return", Text: "x"}}, n)
	in[which] = action{Do: "block", Text: running}
	ex := leakless(t, hasty(2, 1))
	h := new(tandem.Handle)
	join := make(chan struct{})
	go func() {
		defer close(join)
		eventually(t, "the call to run", func() bool {
			_, err := os.Stat(running)
			return err == nil
		})
		if !h.Stop(which) {
			t.Error("Stop: false")
		}
	}()
	for r := range tandem.Results(within(t), ex, act, slices.Values(in), tandem.Steer(h), tandem.Retries(1), tandem.Idempotent()) {
		if r.Index != which {
			if r.Err != nil || r.Value != "x" {
				t.Errorf("call %d: %q, %v", r.Index, r.Value, r.Err)
			}
			continue
		}
		checkFailure(t, r.Value, r.Err, tandem.ErrWorkerLost, tandem.MayHaveRun)
		if !errors.Is(r.Err, context.Canceled) {
			t.Errorf("error does not match context.Canceled: %v", r.Err)
		}
	}
	<-join
}

// The limit of a timeout is asked for when calls are sent.
func TestTimeoutByInWorkers(t *testing.T) {
	ex := leakless(t, hasty(1, 1))
	var mu sync.Mutex
	limit := time.Duration(0)
	by := tandem.TimeoutBy(func() time.Duration {
		mu.Lock()
		defer mu.Unlock()
		return limit
	})
	expect(t, submit(t, ex, double, 1, by), 2)
	mu.Lock()
	limit = soon
	mu.Unlock()
	expectFailure(t, submit(t, ex, act, action{Do: "block"}, by), tandem.ErrTimeout, tandem.MayHaveRun)
}
