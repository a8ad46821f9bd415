//go:build unix

package process_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/process"
	"github.com/gotandem/tandem/tandemtest"
)

// hasty has short graces.
func hasty(workers, threads int) process.Config {
	return process.Config{Workers: workers, Threads: threads, CancelGrace: 50 * time.Millisecond, KillGrace: 200 * time.Millisecond}
}

const soon = 100 * time.Millisecond

func TestP2TimeoutEndsTheCall(t *testing.T) {
	actions := map[string]action{
		"looks at its context":     {Do: "own-timeout"},
		"ignores its context":      {Do: "block"},
		"uses a processor":         {Do: "spin"},
		"stops its worker":         {Do: "signal", N: int(syscall.SIGSTOP)},
		"has children":             {Do: "children", N: 1},
		"ignores SIGTERM, blocks":  {Do: "block"},
		"ignores SIGTERM, is busy": {Do: "spin"},
	}
	for name, in := range actions {
		t.Run(name, func(t *testing.T) {
			ex := leakless(t, hasty(1, 1))
			if strings.HasPrefix(name, "ignores SIGTERM") {
				run(t, ex, act, action{Do: "ignore-term"})
			}
			pids := filepath.Join(t.TempDir(), "pids")
			in.Text = pids
			begin := time.Now()
			expectFailure(t, submit(t, ex, act, in, tandem.Timeout(soon)), tandem.ErrTimeout, tandem.MayHaveRun)
			if took := time.Since(begin); took < soon {
				t.Errorf("ended after %v", took)
			}
			expect(t, submit(t, ex, double, 4), 8)
			if in.Do != "own-timeout" { // the others cost the worker, and what it started
				awaitGone(t, pids)
			}
		})
	}
}

// A value that comes before the worker had to be ended comes too late all the same.
func TestTimeoutOfATaskThatReturnsLate(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 1, CancelGrace: time.Minute})
	gate := tandemtest.NewGate(t)
	future := submit(t, ex, hold, gate.Hold("late"), tandem.Timeout(soon))
	gate.Await(t, "late").AwaitCanceled(t)
	expectFailure(t, future, tandem.ErrTimeout, tandem.MayHaveRun)
	if n := ex.Stats().Restarts; n != 0 {
		t.Errorf("%d restarts", n)
	}
}

// What shares the worker of an overdue call is lost if it runs, and runs
// elsewhere if it does not.
func TestTimeoutAndTheCallsBesideIt(t *testing.T) {
	ex := leakless(t, hasty(1, 2))
	gate := tandemtest.NewGate(t)
	beside := submit(t, ex, hold, gate.Deaf("beside"))
	gate.Await(t, "beside")
	overdue := submit(t, ex, act, action{Do: "block"}, tandem.Timeout(soon))
	var waiting []*tandem.Future[int]
	for i := range 20 {
		waiting = append(waiting, submit(t, ex, double, i))
	}
	expectFailure(t, overdue, tandem.ErrTimeout, tandem.MayHaveRun)
	expectFailure(t, beside, tandem.ErrWorkerLost, tandem.MayHaveRun)
	for i, w := range waiting {
		expect(t, w, 2*i)
	}
}

// Each call gets the whole grace, also when another was overdue before it.
func TestGraceIsForEachCall(t *testing.T) {
	const grace = 2 * time.Second // long, so that a busy machine does not use it up
	ex := leakless(t, process.Config{Workers: 1, Threads: 2, CancelGrace: grace})
	gate := tandemtest.NewGate(t)
	first := submit(t, ex, hold, gate.Deaf("first"), tandem.Timeout(soon))
	visit := gate.Await(t, "first")
	second := submit(t, ex, hold, gate.Deaf("second"), tandem.Timeout(soon+grace*3/4))
	other := gate.Await(t, "second")
	time.AfterFunc(soon+grace/4, func() { visit.Return("") })   // the first ends within its grace
	time.AfterFunc(soon+grace*5/4, func() { other.Return("") }) // so does the second, counted from its own timeout
	expectFailure(t, first, tandem.ErrTimeout, tandem.MayHaveRun)
	expectFailure(t, second, tandem.ErrTimeout, tandem.MayHaveRun)
	expect(t, submit(t, ex, double, 1), 2)
	if n := ex.Stats().Restarts; n != 0 {
		t.Errorf("the worker was ended: %d restarts", n)
	}
}

// A worker that was stopped before it could start a call is replaced; the call
// runs elsewhere.
func TestStoppedIdleWorkerIsReplaced(t *testing.T) {
	config := hasty(1, 1)
	config.HandshakeTimeout = time.Second
	ex := leakless(t, config)
	run(t, ex, double, 1)
	pid := ex.Stats().Workers[0].PID
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the worker to stop", func() bool { return processState(pid) == "T" })
	expect(t, submit(t, ex, double, 3, tandem.Timeout(soon)), 6)
	if ex.Stats().Workers[0].PID == pid {
		t.Error("the stopped worker answered")
	}
}
