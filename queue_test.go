package tandem

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// oracle is the queue as a list: spans of waiting calls by falling priority.
type oracle struct {
	limit int
	spans []*oracleSpan
}

type oracleSpan struct {
	priority int
	batch    *Batch
	size     int     // counts whole until the last call is claimed
	calls    []int32 // not claimed
}

func (o *oracle) waiting() (whole, calls int) {
	for _, s := range o.spans {
		whole += s.size
		calls += len(s.calls)
	}
	return whole, calls
}

func (o *oracle) fits(n int) bool {
	whole, _ := o.waiting()
	return whole == 0 || whole+n <= o.limit
}

func (o *oracle) add(s *oracleSpan, front bool) {
	at := slices.IndexFunc(o.spans, func(x *oracleSpan) bool {
		return x.priority < s.priority || front && x.priority == s.priority
	})
	if at < 0 {
		at = len(o.spans)
	}
	o.spans = slices.Insert(o.spans, at, s)
}

func (o *oracle) remove(match func(*oracleSpan) bool) (removed int) {
	o.spans = slices.DeleteFunc(o.spans, func(s *oracleSpan) bool {
		if match(s) {
			removed += len(s.calls)
			return true
		}
		return false
	})
	return removed
}

// modelRun compares a queue with the oracle after random operations.
type modelRun struct {
	t       *testing.T
	rng     *rand.Rand
	queue   *Queue
	oracle  oracle
	batches []*Batch
	claimed []Calls
}

func (m *modelRun) push() {
	b := newFake(nil, 1+m.rng.IntN(6), nil).batch
	b.opts.priority = m.rng.IntN(3)
	err := m.queue.Push(context.Background(), b)
	if fits := m.oracle.fits(b.Len()); fits != (err == nil) || !fits && !errors.Is(err, ErrFull) {
		m.t.Fatalf("Push of %d: %v, fits: %v", b.Len(), err, fits)
	}
	if err != nil {
		return
	}
	m.batches = append(m.batches, b)
	s := &oracleSpan{priority: b.opts.priority, batch: b, size: b.Len()}
	for i := range b.size {
		s.calls = append(s.calls, i)
	}
	m.oracle.add(s, false)
}

func (m *modelRun) claim() {
	limit := 1 + m.rng.IntN(4)
	got := m.queue.Claim(limit, 1+m.rng.IntN(2))
	if len(m.oracle.spans) == 0 {
		if got.Len() != 0 {
			m.t.Fatalf("Claim of an empty queue: %+v", got)
		}
		return
	}
	s := m.oracle.spans[0]
	if got.Len() < 1 || got.Len() > limit || got.Batch != s.batch || !slices.Equal(indexes(got), s.calls[:got.Len()]) {
		m.t.Fatalf("Claim(%d) gave %v of %p, want the first of %v of %p", limit, indexes(got), got.Batch, s.calls, s.batch)
	}
	if s.calls = s.calls[got.Len():]; len(s.calls) == 0 {
		m.oracle.spans = m.oracle.spans[1:]
	}
	m.claimed = append(m.claimed, got)
}

func indexes(c Calls) (all []int32) {
	for i := range c.Len() {
		all = append(all, c.At(i).index)
	}
	return all
}

func (m *modelRun) giveBack() {
	if len(m.claimed) == 0 {
		return
	}
	i := m.rng.IntN(len(m.claimed))
	c := m.claimed[i]
	m.claimed = slices.Delete(m.claimed, i, i+1)
	m.queue.Return(c)
	m.oracle.add(&oracleSpan{priority: c.Batch.opts.priority, batch: c.Batch, size: c.Len(), calls: indexes(c)}, true)
}

func (m *modelRun) withdraw() {
	if len(m.batches) == 0 {
		return
	}
	b := m.batches[m.rng.IntN(len(m.batches))]
	n := 0
	m.queue.Withdraw(b, func(c Call) {
		n++
		if c.batch != b {
			m.t.Fatal("Withdraw gave a call of another batch")
		}
	})
	if want := m.oracle.remove(func(s *oracleSpan) bool { return s.batch == b }); n != want {
		m.t.Fatalf("Withdraw gave %d calls, want %d", n, want)
	}
}

func (m *modelRun) withdrawAll() {
	n := 0
	m.queue.WithdrawAll(func(Call) { n++ })
	if want := m.oracle.remove(func(*oracleSpan) bool { return true }); n != want {
		m.t.Fatalf("WithdrawAll gave %d calls, want %d", n, want)
	}
}

// The queue hands out what the oracle does, whatever is done to it.
func TestQueueModel(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for run := range uint64(50) {
		m := &modelRun{t: t, rng: rand.New(rand.NewPCG(seed, run))}
		m.oracle.limit = 1 + m.rng.IntN(12)
		m.queue = NewQueue(m.oracle.limit)
		for range 300 {
			switch n := m.rng.IntN(100); {
			case n < 40:
				m.push()
			case n < 80:
				m.claim()
			case n < 90:
				m.giveBack()
			case n < 98:
				m.withdraw()
			default:
				m.withdrawAll()
			}
			if _, want := m.oracle.waiting(); m.queue.Waiting() != want {
				t.Fatalf("Waiting is %d, want %d", m.queue.Waiting(), want)
			}
		}
	}
}

// waiter is a submitter in a bubble.
type waiter struct {
	batch *Batch
	err   error
	done  bool
}

// wait starts a Push that may block and returns once it blocks or has ended.
func wait(ctx context.Context, q *Queue, size int) *waiter {
	w := &waiter{batch: newFake(nil, size, nil).batch}
	w.batch.refuse = false
	go func() {
		w.err = q.Push(ctx, w.batch)
		w.done = true
	}()
	synctest.Wait()
	return w
}

// expectWaiters checks which submitters are through: + accepted, x refused, - not.
func expectWaiters(t *testing.T, want string, waiters ...*waiter) {
	t.Helper()
	synctest.Wait()
	got := ""
	for _, w := range waiters {
		switch {
		case !w.done:
			got += "-"
		case w.err == nil:
			got += "+"
		default:
			got += "x"
		}
	}
	if got != want {
		t.Errorf("submitters: %s, want %s", got, want)
	}
}

func TestQueueQ3AdmitsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		q := NewQueue(4)
		a := wait(ctx, q, 4)
		large, small, last := wait(ctx, q, 3), wait(ctx, q, 1), wait(ctx, q, 2)
		expectWaiters(t, "+---", a, large, small, last)
		for range 4 {
			q.Claim(1, 1)
		}
		expectWaiters(t, "+++-", a, large, small, last)
		refused := newFake(nil, 1, nil).batch
		if err := q.Push(ctx, refused); !errors.Is(err, ErrFull) {
			t.Errorf("Push that does not wait overtook those that do: %v", err)
		}
		q.WithdrawAll(func(Call) {})
		expectWaiters(t, "++++", a, large, small, last)
	})
}

// A submitter that goes away lets those behind it in.
func TestQueueBlockedContextEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewQueue(4)
		a := wait(t.Context(), q, 2)
		ctx, cancel := context.WithCancel(t.Context())
		large, small := wait(ctx, q, 3), wait(t.Context(), q, 2)
		expectWaiters(t, "+--", a, large, small)
		cancel()
		expectWaiters(t, "+x+", a, large, small)
		if !errors.Is(large.err, ErrCanceled) || FateOf(large.err) != NotStarted {
			t.Errorf("error %v", large.err)
		}
	})
}

// A context that ends at the moment of admission leaves the call either accepted
// or refused, and no room is lost.
func TestQueueAdmissionRacesWithContext(t *testing.T) {
	for range 300 {
		q := NewQueue(1)
		first := newFake(nil, 1, nil).batch
		if err := q.Push(context.Background(), first); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		second := newFake(nil, 1, nil).batch
		second.refuse = false
		result := make(chan error)
		go func() { result <- q.Push(ctx, second) }()
		go cancel()
		q.Claim(1, 1)
		if err := <-result; (err == nil) != (q.Waiting() == 1) {
			t.Fatalf("Push: %v, but %d calls wait", err, q.Waiting())
		}
		q.WithdrawAll(func(Call) {})
		if err := q.Push(context.Background(), newFake(nil, 1, nil).batch); err != nil {
			t.Fatalf("empty queue: %v", err)
		}
		cancel()
	}
}

func TestQueueDrainRefusesBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewQueue(1)
		a, b, c := wait(t.Context(), q, 1), wait(t.Context(), q, 1), wait(t.Context(), q, 5)
		q.Drain()
		expectWaiters(t, "+xx", a, b, c)
		q.Drain()
		q.WithdrawAll(func(Call) {})
		if err := q.Push(t.Context(), newFake(nil, 1, nil).batch); !errors.Is(err, ErrClosed) || !errors.Is(b.err, ErrClosed) {
			t.Errorf("Push after Drain: %v, %v", err, b.err)
		}
	})
}

// A batch larger than the queue waits alone.
func TestQueueQ2LargeBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := NewQueue(2)
		a := wait(t.Context(), q, 1)
		large, small := wait(t.Context(), q, 10), wait(t.Context(), q, 1)
		expectWaiters(t, "+--", a, large, small)
		q.Claim(1, 1)
		expectWaiters(t, "++-", a, large, small)
		for range 10 {
			q.Claim(1, 1)
		}
		expectWaiters(t, "+++", a, large, small)
	})
}

// The calls of a used up span leave room at once, not at the next claim.
func TestQueueClaimMakesRoom(t *testing.T) {
	q := NewQueue(1)
	for range 3 {
		if err := q.Push(context.Background(), newFake(nil, 1, nil).batch); err != nil {
			t.Fatal(err)
		}
		if q.Claim(1, 1).Len() != 1 {
			t.Fatal("nothing to claim")
		}
	}
}

// Many submitters, claimers and cancelers: each accepted call is handed out once.
// The last calls of a span are shared out, but not one by one when the limit says
// that they are short.
func TestQueueClaimShares(t *testing.T) {
	for _, test := range []struct{ size, limit, slots, want int }{
		{1000, 1, 2, 1}, {1000, 1000, 2, 250}, {1000, 100, 2, 100}, {40, 1000, 2, 40}, {40, 80, 2, 10}, {8, 80, 4, 8}, {8, 4, 4, 1},
	} {
		q := NewQueue(1000)
		f := newFake(nil, test.size, nil)
		if err := q.Push(t.Context(), f.batch); err != nil {
			t.Fatal(err)
		}
		if got := q.Claim(test.limit, test.slots).Len(); got != test.want {
			t.Errorf("%d waiting, limit %d, %d slots: %d claimed, want %d", test.size, test.limit, test.slots, got, test.want)
		}
	}
}

func TestQueueQ1Concurrent(t *testing.T) {
	const submitters, each = 4, 500
	q := NewQueue(8)
	out := make(chan Call, submitters*each*3)
	pushed := make(chan int, submitters)
	for s := range submitters {
		go func() {
			rng := rand.New(rand.NewPCG(1, uint64(s)))
			n := 0
			for range each {
				b := newFake(nil, 1+rng.IntN(3), nil).batch
				b.refuse = false
				b.opts.priority = rng.IntN(3)
				ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rng.IntN(300))*time.Microsecond)
				if q.Push(ctx, b) == nil {
					n += b.Len()
					if rng.IntN(4) == 0 {
						q.Withdraw(b, func(c Call) { out <- c })
					}
				}
				cancel()
			}
			pushed <- n
		}()
	}
	stop := make(chan struct{})
	stopped := make(chan struct{}, 2)
	for range 2 {
		go func() {
			defer func() { stopped <- struct{}{} }()
			for {
				calls := q.Claim(4, 1)
				for i := range calls.Len() {
					out <- calls.At(i)
				}
				select {
				case <-stop:
					return
				default:
				}
			}
		}()
	}
	total := 0
	for range submitters {
		total += <-pushed
	}
	close(stop)
	<-stopped
	<-stopped
	q.WithdrawAll(func(c Call) { out <- c })
	seen := map[Call]bool{}
	for len(out) > 0 {
		c := <-out
		if seen[c] {
			t.Fatal("a call was handed out twice")
		}
		seen[c] = true
	}
	if len(seen) != total {
		t.Errorf("%d calls were handed out, %d accepted", len(seen), total)
	}
}
