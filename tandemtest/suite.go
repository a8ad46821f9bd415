package tandemtest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/leaktest"
)

// Spec describes an executor to [RunExecutor].
type Spec struct {
	// New returns a new executor, which the suite closes. It fails t when
	// there is none.
	New func(t testing.TB, options Options) tandem.Executor

	// Tasks are the tasks of the suite under the names that the executor knows.
	Tasks TaskSet

	// Large is how many inputs the largest Map has. Zero means 100 000; an
	// executor that starts a program for each call has time for fewer.
	Large int

	Capabilities
}

// Options are what the suite wants of an executor.
type Options struct {
	Slots int // calls that run at once
	Queue int // calls that wait

	// Observe is to be called for each attempt, by executors that declare
	// Observes. It is nil for most scenarios.
	Observe func(tandem.Attempt)
}

// Capabilities are what an executor can do beyond what all must. The zero value
// promises nothing more.
type Capabilities struct {
	SharedMemory   bool // values and errors are passed as they are; else copied
	Closures       bool // runs tandem.Func; else refuses with ErrNotPortable
	NestedSubmit   bool // a closure may submit to its own executor and wait
	Values         bool // values of type any may be anything; else unencodable ones are refused
	Panics         bool // a task can panic
	Goexit         bool // a task can end its goroutine
	CancelRunning  bool // a running task learns of cancellation; else it goes on
	ContextErrors  bool // a task can end with the errors of package context
	ErrorTypes     bool // a task's error comes with its type and with what it wrapped
	KillsOnTimeout bool // what overstays is ended; else abandoned and counted
	Crashes        bool // a task can end its process, which costs its own call only
	Observes       bool // shows each attempt to Options.Observe
}

// absent returns the names of the capabilities that are not there.
func (c Capabilities) absent() []string {
	var names []string
	v := reflect.ValueOf(c)
	for i := range v.NumField() {
		if !v.Field(i).Bool() {
			names = append(names, v.Type().Field(i).Name)
		}
	}
	return names
}

// RunExecutor runs the suite on the executor of spec, one subtest a scenario. It
// makes a new executor for each, and checks that nothing is left of it and that
// its counters add up.
func RunExecutor(t *testing.T, spec Spec) {
	if absent := spec.absent(); len(absent) > 0 {
		t.Log("declared absent: " + strings.Join(absent, ", "))
	}
	for _, s := range slices.Concat(submitScenarios, mapScenarios, inputScenarios, cancelScenarios, timeScenarios,
		errorScenarios, valueScenarios, fullScenarios, closeScenarios, nestedScenarios, waitScenarios, stopScenarios, observeScenarios) {
		if s.needs == nil || s.needs(spec.Capabilities) {
			t.Run(s.name, func(t *testing.T) { s.play(t, spec) })
		}
	}
}

// scenario is one subtest.
type scenario struct {
	name     string
	options  Options // without slots: 2 slots, 16 waiting
	needs    func(Capabilities) bool
	observed bool // attempts are shown to env.seen
	run      func(e *env)
}

func (s scenario) play(t *testing.T, spec Spec) {
	leaktest.Check(t)
	ctx, cancel := context.WithTimeout(context.Background(), 2*Patience)
	defer cancel()
	if s.options.Slots == 0 {
		s.options = Options{Slots: 2, Queue: 16}
	}
	e := &env{T: t, ctx: ctx, gate: NewGate(t), options: s.options, tasks: spec.Tasks, can: spec.Capabilities, large: spec.Large}
	if e.large == 0 {
		e.large = 100_000
	}
	if s.observed {
		e.seen = new(observations)
		e.options.Observe = e.seen.note
	}
	e.ex = spec.New(t, e.options)
	defer e.finish()
	s.run(e)
}

// env is what a scenario works with.
type env struct {
	*testing.T
	ctx     context.Context // ends when a scenario takes too long
	ex      tandem.Executor
	gate    *Gate
	options Options
	tasks   TaskSet
	can     Capabilities
	large   int
	seen    *observations
	cut     bool // the scenario closed the executor before its calls had ended
}

// finish closes the executor and checks what it counted. It runs also when the
// scenario has failed: then the gate is closed first, so that holds end.
func (e *env) finish() {
	if e.Failed() {
		e.gate.Close()
	}
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	if err := e.ex.Close(ctx); err != nil && !e.cut {
		e.Errorf("Close: %v", err)
	}
	e.awaitStats("nothing runs or waits", func(s tandem.Stats) bool {
		return s.Running == 0 && s.Waiting == 0 && s.Abandoned == 0
	})
	if s := e.ex.Stats(); s.Accepted != s.Succeeded+s.Failed+s.Canceled {
		e.Errorf("counters do not add up: %+v", s)
	}
}

// awaitStats waits until the executor's counters are as wanted. It polls: there
// is no notification when a counter changes.
func (e *env) awaitStats(what string, wanted func(tandem.Stats) bool) {
	e.Helper()
	deadline := time.Now().Add(Patience)
	for !wanted(e.ex.Stats()) {
		if time.Now().After(deadline) {
			e.Errorf("waited %v until %s: %+v", Patience, what, e.ex.Stats())
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// counts checks the counters of finished calls.
func (e *env) counts(succeeded, failed, canceled uint64) {
	e.Helper()
	s := e.ex.Stats()
	if s.Succeeded != succeeded || s.Failed != failed || s.Canceled != canceled {
		e.Errorf("succeeded, failed, canceled: %d, %d, %d, want %d, %d, %d",
			s.Succeeded, s.Failed, s.Canceled, succeeded, failed, canceled)
	}
}

// occupy starts one hold for each slot and returns them. release ends them.
func (e *env) occupy(key string) []*occupant {
	e.Helper()
	var all []*occupant
	for range e.options.Slots {
		all = append(all, e.hold(e.gate.Hold(key)))
	}
	return all
}

// occupant is a hold that runs.
type occupant struct {
	future *tandem.Future[string]
	visit  *Visit
}

// hold submits a hold and waits until it runs.
func (e *env) hold(in Hold, opts ...tandem.CallOption) *occupant {
	e.Helper()
	f := submit(e, e.tasks.Hold, in, opts...)
	return &occupant{f, e.gate.Await(e, in.Key)}
}

// release lets the occupants return and waits for them.
func (e *env) release(all ...*occupant) {
	e.Helper()
	for _, o := range all {
		o.visit.Return("released")
		if text := value(e, o.future); text != "released" {
			e.Errorf("hold returned %q", text)
		}
	}
}

// beside runs f on a goroutine of its own until join has returned.
func (e *env) beside(f func()) (join func()) {
	group := new(sync.WaitGroup)
	group.Go(f)
	return group.Wait
}

// never checks that no hold has started under key.
func (e *env) never(key string) {
	e.Helper()
	if n := e.gate.Started(key); n != 0 {
		e.Errorf("%s has started %d times", key, n)
	}
}

// submit submits a call, which must be accepted.
func submit[In, Out any](e *env, task tandem.Task[In, Out], in In, opts ...tandem.CallOption) *tandem.Future[Out] {
	e.Helper()
	f, err := tandem.Submit(e.ctx, e.ex, task, in, opts...)
	if err != nil {
		e.Fatalf("Submit: %v", err)
	}
	return f
}

// value waits for a call that must succeed.
func value[Out any](e *env, f *tandem.Future[Out]) Out {
	e.Helper()
	v, err := f.Wait(e.ctx)
	if err != nil {
		e.Fatalf("call ended with %v", err)
	}
	return v
}

// failure waits for a call that must fail.
func failure[Out any](e *env, f *tandem.Future[Out]) error {
	e.Helper()
	v, err := f.Wait(e.ctx)
	if err == nil {
		e.Fatalf("call ended with %v, want an error", v)
	}
	if errors.Is(err, tandem.ErrWaitEnded) {
		e.Fatalf("call did not end: %v", err)
	}
	return err
}

// expect checks that err is the engine failure kind with one of the fates.
func (e *env) expect(err error, kind error, fates ...tandem.Fate) {
	e.Helper()
	call, ok := errors.AsType[*tandem.CallError](err)
	if !ok || !errors.Is(err, kind) || !errors.Is(call, kind) || !slices.Contains(fates, call.Fate) {
		e.Errorf("error %s, want %v with fate %v", describe(err), kind, fates)
	}
}

// describe renders an error with its type.
func describe(err error) string { return fmt.Sprintf("%T %v", err, err) }
