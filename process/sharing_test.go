//go:build unix

package process_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/process"
	"github.com/gotandem/tandem/tandemtest"
)

// Calls that come close together run side by side, however few they are.
func TestD1NoCallWaitsWhileASlotIsFree(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 3})
	eventually(t, "all workers", func() bool { return ready(ex.Stats()) == 3 })
	gate := tandemtest.NewGate(t)
	for range 30 {
		var futures []*tandem.Future[string]
		for range 3 {
			futures = append(futures, submit(t, ex, hold, gate.Hold("beside")))
		}
		var visits []*tandemtest.Visit
		for range 3 {
			visits = append(visits, gate.Await(t, "beside")) // all three at once, or this blocks
		}
		for _, v := range visits {
			v.Return("")
		}
		for _, f := range futures {
			expect(t, f, "")
		}
	}
}

// Short calls that were sent behind a long one move to a worker that runs dry.
func TestRecallMovesCallsFromBehindALongOne(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 2})
	gate := tandemtest.NewGate(t)
	for range 5 {
		mapped(t, ex, 5000) // short calls: many are sent in advance
		long := submit(t, ex, hold, gate.Hold("long"))
		var short []*tandem.Future[int]
		for i := range 200 {
			short = append(short, submit(t, ex, double, i))
		}
		visit := gate.Await(t, "long")
		for i, s := range short {
			expect(t, s, 2*i)
		}
		visit.Return("done")
		expect(t, long, "done")
	}
}

func TestCancelWhereverTheCallIs(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 1})
	mapped(t, ex, 5000) // from now on calls are sent in advance
	gate := tandemtest.NewGate(t)
	running := submit(t, ex, hold, gate.Hold("running"))
	visit := gate.Await(t, "running")
	var rest []*tandem.Future[string] // the first are sent, the others are queued
	for range 600 {
		rest = append(rest, submit(t, ex, hold, gate.Hold("never")))
	}
	for _, f := range rest {
		f.Cancel()
	}
	for _, f := range rest {
		err := expectFailure(t, f, tandem.ErrCanceled, tandem.NotStarted)
		if !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
	}
	running.Cancel()
	visit.AwaitCanceled(t)
	if _, err := running.Wait(within(t)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	expect(t, submit(t, ex, double, 1), 2)
	if n := gate.Started("never"); n != 0 {
		t.Errorf("%d canceled calls started", n)
	}
}

// Cancellation reaches a call at whatever moment it comes: the call ends, as
// canceled or in time.
func TestCancelAtAnyMoment(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 2})
	gate := tandemtest.NewGate(t)
	for i := range 200 {
		f := submit(t, ex, hold, gate.Hold("any"))
		time.Sleep(time.Duration(i) * 3 * time.Microsecond)
		f.Cancel()
		if _, err := f.Wait(within(t)); !errors.Is(err, context.Canceled) {
			t.Fatalf("after %d tries: %v", i, err)
		}
	}
	expect(t, submit(t, ex, double, 1), 2)
}

// One slow call among many fast ones in a worker with two threads does not
// stop them, also when there are more of them than a worker can hold.
func TestManyCallsPassASlowOne(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 1, Threads: 2})
	gate := tandemtest.NewGate(t)
	slow := submit(t, ex, hold, gate.Hold("slow"))
	visit := gate.Await(t, "slow")
	mapped(t, ex, 20000)
	visit.Return("done")
	expect(t, slow, "done")
}

// Retries run again what failed, and close counts them once.
func TestRetriesAcrossWorkers(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 2})
	future := submit(t, ex, act, action{Do: "exit", N: 1}, tandem.Retries(2), tandem.Idempotent())
	expectFailure(t, future, tandem.ErrWorkerLost, tandem.MayHaveRun)
	if s := ex.Stats(); s.Retried != 2 || s.Failed != 1 {
		t.Errorf("%+v", s)
	}
	future = submit(t, ex, act, action{Do: "exit", N: 1}, tandem.Retries(2))
	expectFailure(t, future, tandem.ErrWorkerLost, tandem.MayHaveRun)
	if s := ex.Stats(); s.Retried != 2 {
		t.Errorf("repeated what may have run: %+v", s)
	}
}

// Errors whose methods panic, and errors of other calls, are the task's own.
func TestOwnErrorsStayOwn(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 1})
	for _, do := range []string{"rude", "nested-error"} {
		_, err := tandem.Run(within(t), ex, act, action{Do: do})
		if _, own := errors.AsType[*tandem.RemoteError](err); !own {
			t.Errorf("%s: %T %v", do, err, err)
		}
	}
	if n := ex.Stats().Restarts; n != 0 {
		t.Errorf("%d restarts", n)
	}
}
