package tandemtest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/gotandem/tandem"
)

const (
	// short is a timeout that is to run out. Longer makes the suite slower;
	// shorter ends calls before a slow worker has begun them.
	short = 200 * time.Millisecond

	// long is a timeout that must not run out.
	long = 5 * time.Minute
)

var timeScenarios = []scenario{
	{name: "Timeout/not reached", run: timeoutNotReached},
	{name: "Timeout/obeyed", needs: canCancel, run: timeoutObeyed},
	{name: "Timeout/ignored", run: timeoutIgnored},
	{name: "Timeout/starts with the task", options: Options{Slots: 1, Queue: 4}, run: timeoutClock},
	{name: "Timeout/of a Map", run: timeoutMap},
	{name: "Timeout/retried", options: Options{Slots: 1, Queue: 4}, run: timeoutRetried},
	{name: "Timeout/not retried", options: Options{Slots: 1, Queue: 4}, run: timeoutNotRetried},
	{name: "Retries/task error", run: retriesSucceed},
	{name: "Retries/used up", run: retriesUsedUp},
	{name: "Retries/refused", run: retriesRefused},
	{name: "Retries/canceled", run: retriesCanceled},
	{name: "Retries/of a Map", run: retriesMap},
	{name: "Crash/one call", needs: crashes, run: crashOne},
	{name: "Crash/retried when idempotent", needs: crashes, run: crashRetried},
}

func crashes(c Capabilities) bool { return c.Crashes }

func timeoutNotReached(e *env) {
	if v, err := tandem.Run(e.ctx, e.ex, e.tasks.Double, 3, tandem.Timeout(long)); v != 6 || err != nil {
		e.Errorf("Run: %v, %v", v, err)
	}
	for _, mode := range mapModes {
		opts := append([]tandem.MapOption{tandem.Timeout(long)}, mode...)
		n := min(500, e.large)
		e.eachOnce(n, tandem.Map(e.ctx, e.ex, e.tasks.Double, count(n), opts...))
	}
}

func timeoutObeyed(e *env) {
	f := submit(e, e.tasks.Hold, e.gate.Hold("late"), tandem.Timeout(short))
	v := e.gate.Await(e, "late")
	e.expect(failure(e, f), tandem.ErrTimeout, tandem.MayHaveRun)
	v.AwaitGone(e)
	e.counts(0, 1, 0)
}

// A task that ignores the end of its time is killed, or given up and counted
// until it returns. Its call ends in any case.
func timeoutIgnored(e *env) {
	f := submit(e, e.tasks.Hold, e.gate.Deaf("deaf"), tandem.Timeout(short))
	v := e.gate.Await(e, "deaf")
	e.expect(failure(e, f), tandem.ErrTimeout, tandem.MayHaveRun)
	if !e.can.KillsOnTimeout {
		if n := e.ex.Stats().Abandoned; n != 1 {
			e.Errorf("Abandoned is %d while the task runs on, want 1", n)
		}
		v.Return("too late")
	}
	v.AwaitGone(e)
	if v := value(e, submit(e, e.tasks.Double, 1)); v != 2 {
		e.Errorf("next call: %v", v)
	}
	e.counts(1, 1, 0)
}

// The clock starts when the task does, not while the call waits.
func timeoutClock(e *env) {
	blockers := e.occupy("blocker")
	f := submit(e, e.tasks.Double, 1, tandem.Timeout(short))
	time.Sleep(2 * short) // time must pass: that is what is tested
	e.release(blockers...)
	if v := value(e, f); v != 2 {
		e.Errorf("outcome %v", v)
	}
}

func timeoutMap(e *env) {
	in := func(yield func(Hold) bool) {
		_ = yield(e.gate.Hold("quick")) && yield(e.gate.Hold("late")) && yield(e.gate.Hold("quick"))
	}
	join := e.beside(func() {
		for range 2 {
			e.gate.Await(e, "quick").Return("")
		}
		if v := e.gate.Await(e, "late"); !e.can.CancelRunning && !e.can.KillsOnTimeout {
			time.Sleep(2 * short) // time must pass
			v.Return("too late")
		}
	})
	for r := range tandem.Results(e.ctx, e.ex, e.tasks.Hold, in, tandem.Timeout(5*short)) {
		if r.Index != 1 && r.Err != nil {
			e.Errorf("call %d: %v", r.Index, r.Err)
		}
		if r.Index == 1 {
			e.expect(r.Err, tandem.ErrTimeout, tandem.MayHaveRun)
		}
	}
	join()
	e.counts(2, 1, 0)
}

// What timed out may have run, so it is tried again only if that does no harm.
func timeoutRetried(e *env) {
	f := submit(e, e.tasks.Hold, e.gate.Hold("late"), tandem.Timeout(5*short), tandem.Retries(1), tandem.Idempotent())
	first := e.gate.Await(e, "late")
	if !e.can.CancelRunning && !e.can.KillsOnTimeout {
		time.Sleep(6 * short) // time must pass
		first.Fail("too late")
	}
	e.gate.Await(e, "late").Return("second")
	if v := value(e, f); v != "second" {
		e.Errorf("outcome %q", v)
	}
	e.counts(1, 0, 0)
}

func timeoutNotRetried(e *env) {
	f := submit(e, e.tasks.Hold, e.gate.Deaf("late"), tandem.Timeout(short), tandem.Retries(3))
	v := e.gate.Await(e, "late")
	e.expect(failure(e, f), tandem.ErrTimeout, tandem.MayHaveRun)
	v.Return("")
	v.AwaitGone(e)
	value(e, submit(e, e.tasks.Double, 1))
	if n := e.gate.Started("late"); n != 1 {
		e.Errorf("%d attempts, want 1", n)
	}
}

func retriesSucceed(e *env) {
	f := submit(e, e.tasks.Hold, e.gate.Hold("try"), tandem.Retries(3))
	e.gate.Await(e, "try").Fail("first")
	e.gate.Await(e, "try").Fail("second")
	e.gate.Await(e, "try").Return("third")
	if v := value(e, f); v != "third" {
		e.Errorf("outcome %q", v)
	}
	if n := e.ex.Stats().Retried; n != 2 {
		e.Errorf("Retried is %d, want 2", n)
	}
	e.counts(1, 0, 0)
}

func retriesUsedUp(e *env) {
	f := submit(e, e.tasks.Hold, e.gate.Hold("try"), tandem.Retries(2))
	for _, text := range []string{"first", "second", "third"} {
		e.gate.Await(e, "try").Fail(text)
	}
	if err := failure(e, f); messageOf(err) != "third" || tandem.FateOf(err) != tandem.Finished {
		e.Errorf("error %s, want the third", describe(err))
	}
	if n := e.gate.Started("try"); n != 3 {
		e.Errorf("%d attempts, want 3", n)
	}
	e.counts(0, 1, 0)
}

// RetryIf decides about the attempts that Retries allows, and only about them.
func retriesRefused(e *env) {
	var mu sync.Mutex
	var asked []string
	f := submit(e, e.tasks.Hold, e.gate.Hold("try"), tandem.Retries(3), tandem.RetryIf(func(c tandem.Call, err error) bool {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, messageOf(err))
		return messageOf(err) != "second"
	}))
	e.gate.Await(e, "try").Fail("first")
	e.gate.Await(e, "try").Fail("second")
	if err := failure(e, f); messageOf(err) != "second" || tandem.FateOf(err) != tandem.Finished {
		e.Errorf("error %s, want the second", describe(err))
	}
	mu.Lock()
	defer mu.Unlock()
	if n := e.gate.Started("try"); n != 2 || !slices.Equal(asked, []string{"first", "second"}) {
		e.Errorf("%d attempts, asked about %q", n, asked)
	}
	e.counts(0, 1, 0)
}

// A canceled call is not tried again.
func retriesCanceled(e *env) {
	o := e.hold(e.gate.Deaf("try"), tandem.Retries(5))
	o.future.Cancel()
	o.visit.Fail("first")
	if err := failure(e, o.future); messageOf(err) != "first" {
		e.Errorf("error %s, want that of the first attempt", describe(err))
	}
	if n := e.gate.Started("try"); n != 1 {
		e.Errorf("%d attempts, want 1", n)
	}
}

func retriesMap(e *env) {
	in := func(yield func(Hold) bool) { _ = yield(e.gate.Hold("a")) && yield(e.gate.Hold("b")) }
	join := e.beside(func() {
		e.gate.Await(e, "a").Fail("once")
		e.gate.Await(e, "b").Return("b")
		e.gate.Await(e, "a").Return("a")
	})
	for r := range tandem.Results(e.ctx, e.ex, e.tasks.Hold, in, tandem.Retries(1)) {
		if r.Err != nil || r.Value != r.Input.Key {
			e.Errorf("call %d: %q, %v", r.Index, r.Value, r.Err)
		}
	}
	join()
	if n := e.ex.Stats().Retried; n != 1 {
		e.Errorf("Retried is %d, want 1", n)
	}
}

// A task that ends its process costs its own call, and no other.
func crashOne(e *env) {
	other := e.hold(e.gate.Hold("other"))
	o := e.hold(e.gate.Hold("crash"), tandem.Retries(3))
	o.visit.Exit(3)
	err := failure(e, o.future)
	e.expect(err, tandem.ErrWorkerLost, tandem.MayHaveRun)
	if call, ok := errors.AsType[*tandem.CallError](err); ok && call.Worker == "" {
		e.Errorf("error does not name the worker: %v", err)
	}
	e.release(other)
	for i := range 20 {
		if v, err := tandem.Run(context.Background(), e.ex, e.tasks.Double, i); v != 2*i || err != nil {
			e.Errorf("after the crash: %v, %v", v, err)
		}
	}
	if n := e.gate.Started("crash"); n != 1 {
		e.Errorf("%d attempts of a call that may have run, want 1", n)
	}
	e.counts(21, 1, 0)
}

func crashRetried(e *env) {
	f := submit(e, e.tasks.Hold, e.gate.Hold("crash"), tandem.Retries(2), tandem.Idempotent())
	e.gate.Await(e, "crash").Exit(3)
	e.gate.Await(e, "crash").Return("second")
	if v := value(e, f); v != "second" {
		e.Errorf("outcome %q", v)
	}
	e.counts(1, 0, 0)
}
