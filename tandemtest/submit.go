package tandemtest

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"

	"github.com/gotandem/tandem"
)

var submitScenarios = []scenario{
	{name: "Submit/value", run: submitValue},
	{name: "Submit/many at once", run: submitMany},
	{name: "Submit/runs on all slots at once", options: Options{Slots: 3, Queue: 16}, run: submitParallel},
	{name: "Submit/priority", options: Options{Slots: 1, Queue: 16}, run: submitPriority},
	{name: "Submit/label", run: submitLabel},
	{name: "Submit/unknown task", run: submitUnknown},
	{name: "Submit/closure refused", needs: func(c Capabilities) bool { return !c.Closures }, run: closureRefused},
	{name: "Submit/closure", needs: func(c Capabilities) bool { return c.Closures }, run: closureRuns},
	{name: "Submit/ended context", run: submitEnded},
	{name: "Submit/future", run: futureSteps},
}

func submitValue(e *env) {
	for n := range 100 {
		if v, err := tandem.Run(e.ctx, e.ex, e.tasks.Double, n); v != 2*n || err != nil {
			e.Fatalf("Run(%d): %v, %v", n, v, err)
		}
	}
	if v, err := tandem.Run(context.Background(), e.ex, e.tasks.Double, 21); v != 42 || err != nil {
		e.Errorf("Run without a deadline: %v, %v", v, err)
	}
	in := []byte("text and \x00 bytes")
	if out := value(e, submit(e, e.tasks.Echo, in)); !bytes.Equal(in, out) {
		e.Errorf("echo of %q: %q", in, out)
	}
	e.counts(102, 0, 0)
}

func submitMany(e *env) {
	const submitters, each = 4, 200
	var group sync.WaitGroup
	for s := range submitters {
		group.Go(func() {
			for i := range each {
				n := s*each + i
				if v, err := tandem.Run(e.ctx, e.ex, e.tasks.Double, n); v != 2*n || err != nil {
					e.Errorf("Run(%d): %v, %v", n, v, err)
				}
			}
		})
	}
	group.Wait()
	e.counts(submitters*each, 0, 0)
}

func submitParallel(e *env) {
	if slots := e.ex.Stats().Slots; slots != 3 {
		e.Errorf("Stats().Slots is %d, want 3", slots)
	}
	all := e.occupy("parallel")
	e.awaitStats("all slots are in use", func(s tandem.Stats) bool { return s.Running == 3 })
	e.release(all...)
}

// Waiting calls start by falling priority. An executor may have sent the first
// two to its worker already, so these have the highest.
func submitPriority(e *env) {
	blocker := e.occupy("blocker")
	var futures []*tandem.Future[string]
	for _, p := range []int{3, 3, 0, 1, 1, 2, -1} {
		in := e.gate.Hold([]string{"low", "zero", "one", "two", "top"}[p+1])
		futures = append(futures, submit(e, e.tasks.Hold, in, tandem.Priority(p)))
	}
	e.release(blocker...)
	var order []string
	for range futures {
		v := e.gate.Await(e, "")
		order = append(order, v.Key)
		v.Return(v.Key)
	}
	for _, f := range futures {
		value(e, f)
	}
	if got, want := strings.Join(order, " "), "top top two one one zero low"; got != want {
		e.Errorf("started in the order %s, want %s", got, want)
	}
}

func submitLabel(e *env) {
	blocker := e.occupy("blocker")
	f := submit(e, e.tasks.Hold, e.gate.Hold("labeled"), tandem.Label("the-label"))
	g := submit(e, e.tasks.Hold, e.gate.Hold("plain"))
	f.Cancel()
	g.Cancel()
	if err := failure(e, f); !strings.Contains(err.Error(), "the-label") {
		e.Errorf("error does not name the label: %v", err)
	}
	if err := failure(e, g); !strings.Contains(err.Error(), e.tasks.Hold.Name()) {
		e.Errorf("error does not name the task: %v", err)
	}
	e.release(blocker...)
}

// An unknown task is refused at once or when a worker has been asked.
func submitUnknown(e *env) {
	_, err := tandem.Run(e.ctx, e.ex, e.tasks.Unknown, 1, tandem.Retries(2))
	e.expect(err, tandem.ErrUnknownTask, tandem.NotStarted)
	if v := value(e, submit(e, e.tasks.Double, 1)); v != 2 {
		e.Errorf("after an unknown task: %v", v)
	}
}

func closureRefused(e *env) {
	task := tandem.Func(func(context.Context, int) (int, error) { return 0, nil })
	_, err := tandem.Submit(e.ctx, e.ex, task, 1)
	e.expect(err, tandem.ErrNotPortable, tandem.NotStarted)
	for _, err := range tandem.Map(e.ctx, e.ex, task, count(3)) {
		e.expect(err, tandem.ErrNotPortable, tandem.NotStarted)
	}
	e.counts(0, 0, 0)
}

func closureRuns(e *env) {
	base := 40
	task := tandem.Func(func(_ context.Context, n int) (int, error) { return base + n, nil })
	if v := value(e, submit(e, task, 2)); v != 42 {
		e.Errorf("closure: %v", v)
	}
}

func submitEnded(e *env) {
	ctx, cancel := context.WithCancelCause(e.ctx)
	why := errors.New("why")
	cancel(why)
	_, err := tandem.Submit(ctx, e.ex, e.tasks.Hold, e.gate.Hold("never"))
	e.expect(err, tandem.ErrCanceled, tandem.NotStarted)
	if !errors.Is(err, why) {
		e.Errorf("error does not match the cause: %v", err)
	}
	e.never("never")
}

func futureSteps(e *env) {
	o := e.hold(e.gate.Hold("step"))
	if _, _, finished := o.future.Result(); finished {
		e.Error("Result of a running call says that it has finished")
	}
	select {
	case <-o.future.Done():
		e.Error("Done is closed while the call runs")
	default:
	}
	o.visit.Return("x")
	await(e, o.future.Done(), "Done")
	if v, err, finished := o.future.Result(); v != "x" || err != nil || !finished {
		e.Errorf("Result: %q, %v, %v", v, err, finished)
	}
	for range 2 {
		if v := value(e, o.future); v != "x" {
			e.Errorf("Wait again: %q", v)
		}
	}
}
