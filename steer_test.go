package tandem

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"
)

// A call is taken out of the middle of a span; the others keep their order.
func TestQueueRemove(t *testing.T) {
	q := NewQueue(100)
	before, b, after := newFake(nil, 1, nil), newFake(nil, 6, nil), newFake(nil, 1, nil)
	for _, f := range []*fakeBody{before, b, after} {
		if err := q.Push(context.Background(), f.batch); err != nil {
			t.Fatal(err)
		}
	}
	remove := func(i int32, want bool) {
		t.Helper()
		if got := q.Remove(Call{b.batch, i}); got != want {
			t.Errorf("Remove(%d) = %v", i, got)
		}
	}
	remove(2, true)
	remove(2, false)
	remove(5, true)
	remove(0, true)
	remove(6, false)
	if n := q.Waiting(); n != 5 {
		t.Errorf("%d wait, want 5", n)
	}
	var got []int32
	for calls := q.Claim(1, 1); calls.Len() > 0; calls = q.Claim(1, 1) {
		if calls.Batch == b.batch {
			got = append(got, calls.At(0).index)
			remove(calls.At(0).index, false) // it was claimed
		} else if first := len(got) == 0; first != (calls.Batch == before.batch) {
			t.Error("batches are out of order")
		}
	}
	if want := []int32{1, 3, 4}; !slices.Equal(got, want) {
		t.Errorf("claimed %v, want %v", got, want)
	}
	if q.waiting != 0 || len(q.levels) != 0 {
		t.Errorf("%d count as waiting in %d levels", q.waiting, len(q.levels))
	}
}

// Removing lets in a submitter that waits for room.
func TestQueueRemoveMakesRoom(t *testing.T) {
	q := NewQueue(2)
	full, next := newFake(nil, 2, nil), newFake(nil, 1, nil)
	next.batch.refuse = false
	if err := q.Push(context.Background(), full.batch); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- q.Push(context.Background(), next.batch) }()
	for {
		q.mu.Lock()
		waits := len(q.blocked) > 0
		q.mu.Unlock()
		if waits {
			break
		}
		time.Sleep(time.Millisecond) // nothing tells that it waits
	}
	if !q.Remove(Call{full.batch, 0}) {
		t.Error("not removed")
	}
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// The limit is asked for with each attempt, and 0 or less means none.
func TestTimeoutBy(t *testing.T) {
	l := NewLocal(LocalConfig{Threads: 1})
	limits := []time.Duration{0, -1, time.Nanosecond}
	asked := 0
	by := TimeoutBy(func() time.Duration {
		asked++ // one thread: never at the same time
		return limits[min(asked, len(limits))-1]
	})
	task := Func(func(ctx context.Context, n int) (int, error) {
		if _, limited := ctx.Deadline(); limited {
			<-ctx.Done()
			return n, context.Cause(ctx)
		}
		return n, nil
	})
	i := 0
	for n, err := range Map(context.Background(), l, task, slices.Values([]int{0, 1, 2, 3}), by) {
		if i < 2 && (n != i || err != nil) || i >= 2 && !errors.Is(err, ErrTimeout) {
			t.Errorf("call %d: %d, %v", i, n, err)
		}
		i++
	}
	if asked != 4 {
		t.Errorf("asked %d times", asked)
	}
	if err := l.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestLastTimeoutCounts(t *testing.T) {
	hour := TimeoutBy(func() time.Duration { return time.Hour })
	for _, test := range []struct {
		opts []CallOption
		want time.Duration
	}{
		{[]CallOption{Timeout(time.Second), hour}, time.Hour},
		{[]CallOption{hour, Timeout(time.Second)}, time.Second},
		{nil, 0},
	} {
		b := Batch{opts: newCallOptions(test.opts)}
		if got := b.Timeout(); got != test.want || b.opts.limited() != (test.want > 0) {
			t.Errorf("timeout %v, want %v", got, test.want)
		}
	}
}

// A stopped call does not take the context of the next one with it, also where
// calls share theirs.
func TestStopLeavesTheNextCallAlone(t *testing.T) {
	l := NewLocal(LocalConfig{Threads: 1})
	h := new(Handle)
	const n = 2000
	task := Func(func(ctx context.Context, i int) (bool, error) {
		if i%3 == 0 {
			h.Stop(i)
			return true, ctx.Err()
		}
		return false, ctx.Err()
	})
	inputs := func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
	for r := range Results(context.Background(), l, task, inputs, Steer(h)) {
		if stopped := r.Index%3 == 0; stopped != errors.Is(r.Err, context.Canceled) {
			t.Fatalf("call %d: %v", r.Index, r.Err)
		}
	}
	if err := l.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

// An executor that is no Stopper cannot stop one call.
func TestStopNeedsAStopper(t *testing.T) {
	l := NewLocal(LocalConfig{})
	h := new(Handle)
	task := Func(func(ctx context.Context, i int) (int, error) {
		if h.Stop(i) {
			t.Error("stopped")
		}
		return i, ctx.Err()
	})
	for _, err := range Map(context.Background(), struct{ Executor }{l}, task, slices.Values([]int{0, 1}), Steer(h)) {
		if err != nil {
			t.Error(err)
		}
	}
	if err := l.Close(context.Background()); err != nil {
		t.Error(err)
	}
}

func TestSteeringRefusesNil(t *testing.T) {
	for name, f := range map[string]func(){"Steer": func() { Steer(nil) }, "TimeoutBy": func() { TimeoutBy(nil) }} {
		func() {
			defer func() {
				if recover() == nil {
					t.Error(name)
				}
			}()
			f()
		}()
	}
}

// An observed attempt is shown once, in the order of its call's attempts, and not
// at all when it did not start.
func TestObservation(t *testing.T) {
	q := NewQueue(1)
	f := newFake(nil, 1, nil)
	f.batch.opts = newCallOptions([]CallOption{Retries(1), Label("it")})
	if err := q.Push(context.Background(), f.batch); err != nil {
		t.Fatal(err)
	}
	c := q.Claim(1, 1).At(0)
	var all []Attempt
	o := &Observation{Attempt: Attempt{Slot: 3}, Observe: func(a Attempt) {
		if len(f.outcomes) > 0 {
			t.Error("the outcome was visible before")
		}
		all = append(all, a)
	}}
	first := errors.New("first")
	if got := o.Fail(c, NewCallError(ErrWorkerStart, NotStarted, c, "", nil)); got != Again {
		t.Fatal(got)
	}
	f.batch.opts.retries++
	if got := o.Fail(c, first); got != Again {
		t.Fatal(got)
	}
	if got := o.Deliver(c, nil, nil); got != Succeeded {
		t.Fatal(got)
	}
	want := []Attempt{
		{Index: -1, Label: "it", Number: 2, Slot: 3, Err: first, Again: true},
		{Index: -1, Label: "it", Number: 3, Slot: 3},
	}
	if !slices.Equal(all, want) {
		t.Errorf("got %+v\nwant %+v", all, want)
	}
}
