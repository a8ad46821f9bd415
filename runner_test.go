package tandem

import (
	"context"
	"errors"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Each call of a share is taken once, by the owner or by a thief.
func TestShareHandsOutOnce(t *testing.T) {
	const rounds, size = 300, 32
	var s share
	var taken [rounds][size]atomic.Int32
	batches := map[*Batch]int{}
	var all []*Batch
	for round := range rounds {
		b := newFake(nil, size, nil).batch
		batches[b] = round
		all = append(all, b)
	}
	var over atomic.Bool
	var thieves sync.WaitGroup
	for range 2 {
		thieves.Go(func() {
			for !over.Load() {
				stolen := s.half()
				for i := range stolen.Len() {
					taken[batches[stolen.Batch]][stolen.At(i).index].Add(1)
				}
				runtime.Gosched()
			}
		})
	}
	rng := rand.New(rand.NewPCG(1, 2))
	for round, b := range all {
		s.put(b.All())
		for c, ok := s.take(); ok; c, ok = s.take() {
			taken[batches[c.batch]][c.index].Add(1)
			if rng.IntN(10) == 0 {
				runtime.Gosched()
			}
			if rng.IntN(100) == 0 {
				rest := s.rest()
				for i := range rest.Len() {
					taken[round][rest.At(i).index].Add(1)
				}
			}
		}
	}
	over.Store(true)
	thieves.Wait()
	for round := range taken {
		for i := range taken[round] {
			if n := taken[round][i].Load(); n != 1 {
				t.Fatalf("round %d: call %d was taken %d times", round, i, n)
			}
		}
	}
}

// execute gives a fake batch to l.
func execute(t *testing.T, l *Local, f *fakeBody) {
	t.Helper()
	f.batch.executor = l
	if err := l.Execute(context.Background(), f.batch); err != nil {
		t.Fatal(err)
	}
}

// settled waits until l is idle and checks that all slots are free.
func settled(t *testing.T, l *Local) {
	t.Helper()
	if err := l.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if free := int(l.free.Load()); free != l.threads {
		t.Errorf("%d of %d slots are free", free, l.threads)
	}
	if n := l.abandoned.Load(); n != 0 {
		t.Errorf("abandoned is %d", n)
	}
}

// A long call does not hold up those that its runner has claimed with it, nor
// does one whose task waits.
func TestLocalL2NoCallWaitsWhileASlotIsFree(t *testing.T) {
	tests := map[string]struct {
		threads int
		lends   bool
	}{
		"stolen":               {2, false},
		"three slots":          {3, false},
		"stolen from a lender": {1, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for range 200 {
				const size = 32
				l := NewLocal(LocalConfig{Threads: test.threads, Queue: size})
				var others sync.WaitGroup
				others.Add(size - 1)
				f := newFake(l, size, func(ctx context.Context, i int32) error {
					if i != 0 {
						others.Done()
						return nil
					}
					if test.lends {
						lenderOf(ctx).lend()
						defer lenderOf(ctx).reclaim()
					}
					others.Wait()
					return nil
				})
				execute(t, l, f)
				f.all.Wait()
				settled(t, l)
				if wrong := f.wrong(); wrong != nil {
					t.Fatalf("calls %v", wrong)
				}
			}
		})
	}
}

// A waiting task gets its slot back before the other calls of a share.
func TestLocalL3ReclaimGoesBeforeAShare(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLocal(LocalConfig{Threads: 1, Queue: 100})
		over := make(chan struct{})
		began := make(chan struct{})
		var mu sync.Mutex
		var order []string
		note := func(s string) {
			mu.Lock()
			defer mu.Unlock()
			order = append(order, s)
		}
		a := newFake(l, 1, func(ctx context.Context, _ int32) error {
			lenderOf(ctx).lend()
			<-over
			lenderOf(ctx).reclaim()
			note("waiter")
			return nil
		})
		b := newFake(l, 16, func(_ context.Context, i int32) error {
			if i == 0 {
				close(began)
				time.Sleep(time.Second)
			}
			note("other")
			return nil
		})
		execute(t, l, a)
		synctest.Wait()
		execute(t, l, b)
		<-began
		close(over)
		a.all.Wait()
		b.all.Wait()
		settled(t, l)
		if len(order) != 17 || order[1] != "waiter" {
			t.Errorf("order %v, want the waiter second", order)
		}
	})
}

// A Goexit in the middle of a share costs one call, whose context ends.
func TestLocalGoexitInAShare(t *testing.T) {
	for _, threads := range []int{1, 2} {
		l := NewLocal(LocalConfig{Threads: threads, Queue: 100})
		var left context.Context
		f := newFake(l, 40, func(ctx context.Context, i int32) error {
			if i == 3 {
				left = ctx
				ctx.Done()
				runtime.Goexit()
			}
			return nil
		})
		execute(t, l, f)
		f.all.Wait()
		settled(t, l)
		if wrong := f.wrong(); len(wrong) != 1 || wrong[0] != 3 {
			t.Fatalf("calls %v failed, want 3 only", wrong)
		}
		if p, ok := errors.AsType[*PanicError](f.outcomes[3][0]); !ok || !p.Goexit {
			t.Errorf("outcome %v", f.outcomes[3][0])
		}
		if left.Err() == nil {
			t.Error("the context of the call goes on")
		}
	}
}

func TestLocalGoexitIsRetried(t *testing.T) {
	l := NewLocal(LocalConfig{Threads: 2, Queue: 100})
	var tries [20]atomic.Int32
	f := newFake(l, 20, func(_ context.Context, i int32) error {
		if tries[i].Add(1) == 1 {
			runtime.Goexit()
		}
		return nil
	})
	f.batch.opts.retries = 1
	execute(t, l, f)
	f.all.Wait()
	settled(t, l)
	if wrong := f.wrong(); wrong != nil {
		t.Errorf("calls %v", wrong)
	}
}

// What a goroutine does with the context of a call that has ended has no effect,
// and a slot that it left lent is taken back.
func TestLocalContextOutlivesItsCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLocal(LocalConfig{Threads: 1, Queue: 100})
		never := make(chan struct{})
		var untouched, lent context.Context
		f := newFake(l, 2, func(ctx context.Context, i int32) error {
			if i == 0 {
				untouched = ctx
				return nil
			}
			lent = ctx
			go func() {
				lenderOf(ctx).lend()
				<-never
				lenderOf(ctx).reclaim()
			}()
			synctest.Wait()
			if l.free.Load() != 1 {
				t.Error("the slot was not lent")
			}
			return nil
		})
		execute(t, l, f)
		f.all.Wait()
		synctest.Wait()
		for _, ctx := range []context.Context{untouched, lent} {
			if ctx.Err() == nil {
				t.Error("the context goes on")
			}
			<-ctx.Done()
			lenderOf(ctx).lend()
			lenderOf(ctx).reclaim()
		}
		if l.free.Load() != 1 {
			t.Errorf("%d slots are free, want 1", l.free.Load())
		}
		close(never)
		synctest.Wait()
		settled(t, l)
	})
}

// Several goroutines of one task wait in any order: the slot is lent while one
// waits, and held when the task has ended.
func TestLocalManyWaitsOfOneTask(t *testing.T) {
	l := NewLocal(LocalConfig{Threads: 1, Queue: 1000})
	quick := newFake(l, 400, func(context.Context, int32) error { return nil })
	f := newFake(l, 1, func(ctx context.Context, _ int32) error {
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 50 {
					lenderOf(ctx).lend()
					runtime.Gosched()
					lenderOf(ctx).reclaim()
				}
			})
		}
		lenderOf(ctx).lend()
		group.Wait()
		lenderOf(ctx).reclaim()
		return nil
	})
	execute(t, l, f)
	execute(t, l, quick)
	f.all.Wait()
	quick.all.Wait()
	settled(t, l)
}

// Close with an ended context, Cancel, and the runners meet at the same calls:
// each has one outcome.
func TestLocalCloseRacesWithRunners(t *testing.T) {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	for round := range 400 {
		l := NewLocal(LocalConfig{Threads: 2, Queue: 1000})
		var batches []*fakeBody
		for i := range 6 {
			f := newFake(l, 1+i%2*(round%20), func(ctx context.Context, i int32) error {
				if i%2 == 0 {
					return errors.New("no")
				}
				return nil
			})
			f.batch.opts.retries = 2
			if i == 5 {
				f.batch.opts.timeout, f.batch.opts.careful = time.Hour, true
			}
			execute(t, l, f)
			batches = append(batches, f)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			l.Cancel(batches[round%6].batch)
		}()
		l.Close(ended)
		<-done
		for _, f := range batches {
			f.all.Wait()
		}
		settled(t, l)
		for n, f := range batches {
			for i, o := range f.outcomes {
				if len(o) != 1 {
					t.Fatalf("round %d: call %d of batch %d has %d outcomes: %v", round, i, n, len(o), o)
				}
			}
		}
	}
}

// A batch that is watched after its call has finished leaves nothing watching.
func TestBatchWatchAfterTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		ex := &countingCancels{}
		b := newFake(ex, 1, nil).batch
		b.ctx, b.counters = ctx, new(counters)
		b.All().At(0).Succeed(nil)
		b.Watch()
		if b.unwatch != nil {
			t.Error("the batch is still watched")
		}
		cancel()
		synctest.Wait()
		if ex.n.Load() != 0 {
			t.Error("a finished call was canceled")
		}
	})
}

// countingCancels is an executor that counts cancellations.
type countingCancels struct {
	Executor
	n atomic.Int32
}

func (c *countingCancels) Cancel(*Batch) { c.n.Add(1) }

// The fate of an outcome holds for all attempts of the call.
func TestCallFateRemembersAttempts(t *testing.T) {
	notStarted := func(c Call) error { return NewCallError(ErrWorkerStart, NotStarted, c, "", nil) }
	tests := map[string]struct {
		first func(Call) error
		last  func(Call)
		want  error
		fate  Fate
	}{
		"own error, then canceled":      {func(Call) error { return errors.New("own") }, Call.FailCanceled, ErrCanceled, MayHaveRun},
		"own error, then not started":   {func(Call) error { return errors.New("own") }, func(c Call) { c.Fail(notStarted(c)) }, ErrWorkerStart, MayHaveRun},
		"not started, then canceled":    {notStarted, Call.FailCanceled, ErrCanceled, NotStarted},
		"not started, then not started": {notStarted, func(c Call) { c.Fail(notStarted(c)) }, ErrWorkerStart, NotStarted},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			f := newFake(nil, 1, nil)
			f.batch.opts.retries = 1
			f.batch.counters = new(counters)
			c := f.batch.All().At(0)
			if c.Fail(test.first(c)) != Again || c.Attempt() != 2 {
				t.Fatalf("first attempt was the last; attempt %d", c.Attempt())
			}
			test.last(c)
			if err := f.outcomes[0][0]; !errors.Is(err, test.want) || FateOf(err) != test.fate {
				t.Errorf("outcome %v, want %v with fate %v", err, test.want, test.fate)
			}
		})
	}
}
