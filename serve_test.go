package tandem

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// outcomeOf is what the task of TestMapKeepsCallsApart does with n.
func outcomeOf(ctx context.Context, n int) (*int, error) {
	switch {
	case n%97 == 1:
		return &n, fmt.Errorf("error %d", n)
	case n%101 == 2:
		panic(fmt.Sprint("panic ", n))
	case n%103 == 3:
		runtime.Goexit()
	case n%11 == 4:
		ctx.Done() // the next call needs another context
	}
	return &n, nil
}

// wrongOutcome complains about r, unless it is what outcomeOf leads to.
func wrongOutcome(r Result[int, *int]) error {
	p, panicked := errors.AsType[*PanicError](r.Err)
	n := r.Input
	switch {
	case r.Index != n:
		return fmt.Errorf("input %d has index %d", n, r.Index)
	case n%97 == 1:
		if r.Value != nil || r.Err == nil || r.Err.Error() != fmt.Sprint("error ", n) {
			return fmt.Errorf("outcome %v, %v, want an error", r.Value, r.Err)
		}
	case n%101 == 2:
		if !panicked || p.Value != fmt.Sprint("panic ", n) || !strings.Contains(string(p.Stack), "outcomeOf") {
			return fmt.Errorf("outcome %v, %v, want a panic", r.Value, r.Err)
		}
	case n%103 == 3:
		if !panicked || !p.Goexit {
			return fmt.Errorf("outcome %v, %v, want a Goexit", r.Value, r.Err)
		}
	case r.Err != nil || r.Value == nil || *r.Value != n:
		return fmt.Errorf("outcome %v, %v, want %d", r.Value, r.Err, n)
	}
	return nil
}

// Each call of a Map has its own outcome, whatever those beside it do, and
// nothing of the chunks whose storage is used again.
func TestMapKeepsCallsApart(t *testing.T) {
	tests := map[string][]MapOption{
		"ordered":    nil,
		"unordered":  {Unordered()},
		"retries":    {Retries(2)},
		"timeout":    {Timeout(time.Hour)},
		"one by one": {Window(1)},
	}
	const size = 6000
	for name, opts := range tests {
		t.Run(name, func(t *testing.T) {
			l := NewLocal(LocalConfig{Threads: 3})
			n := 0
			for r := range Results(context.Background(), l, Func(outcomeOf), upTo(size), opts...) {
				if err := wrongOutcome(r); err != nil {
					t.Fatalf("call %d: %v", r.Index, err)
				}
				n++
			}
			s := l.Stats()
			if n != size || s.Accepted != size || s.Succeeded+s.Failed != size {
				t.Errorf("%d outcomes of %d, %+v", n, size, s)
			}
			settled(t, l)
		})
	}
}

// The context that a call has used has ended when its outcome is seen.
func TestMapContextEndsBeforeTheOutcome(t *testing.T) {
	l := NewLocal(LocalConfig{Threads: 2})
	task := Func(func(ctx context.Context, _ int) (context.Context, error) {
		ctx.Done()
		return ctx, nil
	})
	for ctx, err := range Map(context.Background(), l, task, upTo(5000)) {
		if err != nil || ctx.Err() == nil {
			t.Fatalf("error %v, context %v", err, ctx.Err())
		}
	}
	settled(t, l)
}

// A loop that is left while outcomes lie ready is still told when the calls that
// run have ended.
func TestMapUnorderedLeftWithArrivals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLocal(LocalConfig{Threads: 4})
		task := Func(func(ctx context.Context, n int) (int, error) {
			time.Sleep(time.Duration(min(n, 2)) * time.Second)
			if n > 2 {
				<-ctx.Done()
				time.Sleep(time.Second)
			}
			return n, nil
		})
		for range Map(t.Context(), l, task, upTo(8), Unordered(), Window(4)) {
			time.Sleep(3 * time.Second) // two more finish, and nobody takes them
			break
		}
		settled(t, l)
	})
}

// A panic in the middle of a share costs one call, whose context ends.
func TestLocalPanicInAShare(t *testing.T) {
	for _, threads := range []int{1, 2} {
		l := NewLocal(LocalConfig{Threads: threads, Queue: 100})
		var left context.Context
		f := newFake(l, 40, func(ctx context.Context, i int32) error {
			if i == 3 {
				left = ctx
				ctx.Done()
				panic("third")
			}
			return nil
		})
		execute(t, l, f)
		f.all.Wait()
		settled(t, l)
		if wrong := f.wrong(); len(wrong) != 1 || wrong[0] != 3 {
			t.Fatalf("calls %v failed, want 3 only", wrong)
		}
		if p, ok := errors.AsType[*PanicError](f.outcomes[3][0]); !ok || p.Value != "third" {
			t.Errorf("outcome %v", f.outcomes[3][0])
		}
		if left.Err() == nil {
			t.Error("the context of the call goes on")
		}
	}
}

// A panic of the engine is nobody's outcome: it goes on and ends the program.
func TestRunnerRecoversOnlyTasks(t *testing.T) {
	defer func() {
		if v := recover(); v != "engine" {
			t.Errorf("recovered %v, want the panic of the engine", v)
		}
	}()
	var err error
	func() {
		r := &runner{}
		defer r.recovered(&err)
		panic("engine")
	}()
	t.Errorf("the panic became %v", err)
}

// A call passes by the queue only when it would be the first there.
func TestQueuePass(t *testing.T) {
	tests := map[string]struct {
		before func(*Queue)
		want   bool
	}{
		"empty":   {func(*Queue) {}, true},
		"waiting": {func(q *Queue) { q.Push(context.Background(), newFake(nil, 1, nil).batch) }, false},
		"drains":  {(*Queue).Drain, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			q := NewQueue(1)
			test.before(q)
			before := q.Stats()
			got := q.pass(newFake(nil, 1, nil).batch)
			after := q.Stats()
			if got != test.want || after.Waiting != before.Waiting || (after.Accepted > before.Accepted) != test.want {
				t.Errorf("passed %v, before %+v, after %+v", got, before, after)
			}
		})
	}
}
