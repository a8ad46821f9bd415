package tandemtest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/gotandem/tandem"
)

func observes(c Capabilities) bool { return c.Observes }

var observeScenarios = []scenario{
	{name: "Observe/success", needs: observes, observed: true, run: observeSuccess},
	{name: "Observe/before the outcome", needs: observes, observed: true, run: observeFirst},
	{name: "Observe/retried", needs: observes, observed: true, run: observeRetried},
	{name: "Observe/lost", needs: observes, observed: true, run: observeLost},
	{name: "Observe/not started", needs: observes, observed: true, run: observeNotStarted},
	{name: "Observe/large values", needs: observes, observed: true, run: observeLarge},
}

// observations are the attempts that an executor has shown.
type observations struct {
	mu  sync.Mutex
	all []tandem.Attempt
}

func (o *observations) note(a tandem.Attempt) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.all = append(o.all, a)
}

func (o *observations) list() []tandem.Attempt {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.all)
}

// check checks what is so for each attempt.
func (e *env) checkAttempt(a tandem.Attempt, began time.Time) {
	e.Helper()
	end := a.Start.Add(a.Wall)
	if a.Start.Before(began) || end.After(time.Now()) || a.Wall < 0 || a.CPU < 0 || a.PeakRSS < 0 {
		e.Errorf("times or sizes cannot be: %+v, began %v", a, began)
	}
	if a.Slot < 1 || a.Slot > e.options.Slots || a.Thread < 0 || a.Thread >= e.options.Slots || a.PID <= 0 {
		e.Errorf("place cannot be: %+v", a)
	}
}

func observeSuccess(e *env) {
	began := time.Now()
	n := min(300, e.large)
	for range tandem.Map(e.ctx, e.ex, e.tasks.Double, count(n)) {
	}
	value(e, submit(e, e.tasks.Double, 1, tandem.Label("one")))
	all := e.seen.list()
	if len(all) != n+1 {
		e.Fatalf("%d attempts, want %d", len(all), n+1)
	}
	if last := all[n]; last.Index != -1 || last.Label != "one" {
		e.Errorf("call of Submit: %+v", last)
	}
	indexes := make(map[int]bool)
	for _, a := range all[:n] {
		e.checkAttempt(a, began)
		if a.Err != nil || a.Again || a.Number != 1 || indexes[a.Index] {
			e.Errorf("attempt %+v", a)
		}
		indexes[a.Index] = true
	}
}

// Whoever sees an outcome finds its attempt shown.
func observeFirst(e *env) {
	for i := range 20 {
		value(e, submit(e, e.tasks.Double, i))
		if n := len(e.seen.list()); n != i+1 {
			e.Fatalf("%d attempts after %d calls", n, i+1)
		}
	}
	e.failing("plain", "it broke")
	all := e.seen.list()
	if len(all) != 21 || all[20].Err == nil || all[20].Again {
		e.Errorf("%d attempts, the last %+v", len(all), all[len(all)-1])
	}
}

func observeRetried(e *env) {
	began := time.Now()
	f := submit(e, e.tasks.Hold, e.gate.Hold("held"), tandem.Retries(2))
	e.gate.Await(e, "held").Fail("first")
	e.gate.Await(e, "held").Return("second")
	value(e, f)
	all := e.seen.list()
	if len(all) != 2 {
		e.Fatalf("%d attempts: %+v", len(all), all)
	}
	first, second := all[0], all[1]
	e.checkAttempt(first, began)
	e.checkAttempt(second, first.Start.Add(first.Wall))
	if !first.Again || first.Err == nil || first.Number != 1 || second.Again || second.Err != nil || second.Number != 2 {
		e.Errorf("attempts %+v", all)
	}
}

// An attempt that is ended with its process is shown with the time it took.
func observeLost(e *env) {
	began := time.Now()
	f := submit(e, e.tasks.Hold, e.gate.Deaf("deaf"), tandem.Timeout(short))
	v := e.gate.Await(e, "deaf")
	e.expect(failure(e, f), tandem.ErrTimeout, tandem.MayHaveRun)
	v.AwaitGone(e)
	all := e.seen.list()
	if len(all) != 1 {
		e.Fatalf("%d attempts: %+v", len(all), all)
	}
	e.checkAttempt(all[0], began)
	if !errors.Is(all[0].Err, tandem.ErrTimeout) || all[0].Wall < short {
		e.Errorf("attempt %+v", all[0])
	}
}

func observeNotStarted(e *env) {
	blockers := e.occupy("blocker")
	f := submit(e, e.tasks.Double, 1)
	f.Cancel()
	if err := failure(e, f); !errors.Is(err, context.Canceled) {
		e.Error(describe(err))
	}
	e.release(blockers...)
	if all := e.seen.list(); len(all) != len(blockers) {
		e.Errorf("%d attempts: %+v", len(all), all)
	}
}

// Measures do not disturb values of any size.
func observeLarge(e *env) {
	for _, size := range []int{0, 1, 1000, 100_000, 5 << 20} {
		if got := value(e, submit(e, e.tasks.Echo, make([]byte, size))); len(got) != size {
			e.Errorf("%d bytes came back of %d", len(got), size)
		}
	}
}
