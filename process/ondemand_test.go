//go:build unix

package process_test

import (
	"slices"
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/process"
	"github.com/gotandem/tandem/tandemtest"
)

// started counts the slots that have had a worker.
func started(ex *process.Executor) (n int) {
	for _, w := range ex.Stats().Workers {
		if w.State != "empty" {
			n++
		}
	}
	return n
}

// As many workers are started as calls run at once.
func TestWorkersOnDemand(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 20, OnDemand: true})
	if err := ex.WaitReady(within(t)); err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		run(t, ex, double, i)
	}
	if n := started(ex); n != 1 {
		t.Errorf("%d workers for one call at a time", n)
	}
	gate := tandemtest.NewGate(t)
	var held []*tandem.Future[string]
	for range 4 {
		held = append(held, submit(t, ex, hold, gate.Hold("held")))
	}
	for range held {
		gate.Await(t, "held").Return("done")
	}
	for _, f := range held {
		expect(t, f, "done")
	}
	if n := started(ex); n < 4 || n > 6 {
		t.Errorf("%d workers for four calls at a time", n)
	}
}

// A Map of many short calls and calls that end their workers finish as ever.
func TestOnDemandAmongCrashes(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 4, OnDemand: true})
	in := slices.Repeat([]action{{Do: "return", Text: "x"}}, 200)
	for i := range 5 {
		in[40*i] = action{Do: "exit", N: 1}
	}
	i := 0
	for out, err := range tandem.Map(within(t), ex, act, slices.Values(in)) {
		if crash := i%40 == 0; crash != (err != nil) || !crash && out != "x" {
			t.Errorf("call %d: %q, %v", i, out, err)
		}
		i++
	}
}

// When no worker can be started, calls fail also if most slots never tried.
func TestOnDemandWithoutWorkers(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 3, OnDemand: true, RestartBudget: 1, Env: []string{modeVariable + "=crash"}})
	if err := ex.WaitReady(within(t)); err == nil {
		t.Error("ready")
	}
	_, err := tandem.Run(within(t), ex, double, 1)
	checkFailure(t, nil, err, tandem.ErrWorkerStart, tandem.NotStarted)
}
