package tandem

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// recorder notes the sizes of the batches that it passes on.
type recorder struct {
	Executor
	mu    sync.Mutex
	sizes []int
}

func (r *recorder) Execute(ctx context.Context, b *Batch) error {
	r.mu.Lock()
	r.sizes = append(r.sizes, b.Len())
	r.mu.Unlock()
	return r.Executor.Execute(ctx, b)
}

func sleeping(d time.Duration) Task[int, int] {
	return Func(func(_ context.Context, n int) (int, error) {
		time.Sleep(d)
		return n, nil
	})
}

func upTo(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := 0; i < n && yield(i); i++ {
		}
	}
}

// Chunks grow while calls are short and stay small while they are long.
func TestMapChunksFollowTheTimeOfACall(t *testing.T) {
	tests := map[string]struct {
		call           time.Duration
		n              int
		atLeast, above int // the largest chunk is between them
	}{
		"short":  {0, 20000, maxChunk / 4, maxChunk},
		"medium": {20 * time.Microsecond, 20000, 50, 200}, // 100 in chunkTime, on two threads
		"long":   {20 * time.Millisecond, 200, 1, 1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := NewLocal(LocalConfig{Threads: 2})
				r := &recorder{Executor: l}
				n := 0
				for v, err := range Map(t.Context(), r, sleeping(test.call), upTo(test.n)) {
					if v != n || err != nil {
						t.Fatalf("outcome %d: %v, %v", n, v, err)
					}
					n++
				}
				if largest := slices.Max(r.sizes); n != test.n || largest < test.atLeast || largest > test.above {
					t.Errorf("%d outcomes, largest chunk %d, want %d to %d", n, largest, test.atLeast, test.above)
				}
				settled(t, l)
			})
		})
	}
}

// When calls become long, chunks become small again.
func TestMapChunksShrink(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLocal(LocalConfig{Threads: 2})
		r := &recorder{Executor: l}
		const quick = 10000
		task := Func(func(_ context.Context, n int) (int, error) {
			if n > quick {
				time.Sleep(10 * time.Millisecond)
			}
			return n, nil
		})
		for _, err := range Map(t.Context(), r, task, upTo(quick+10000)) {
			if err != nil {
				t.Fatal(err)
			}
		}
		if last := r.sizes[len(r.sizes)-2]; slices.Max(r.sizes) < 64 || last > 2 {
			t.Errorf("largest chunk %d, last %d, want at least 64, at most 2", slices.Max(r.sizes), last)
		}
		settled(t, l)
	})
}

// An input that comes slowly is not held back for others to travel with.
func TestMapSlowInputLingersOnlyShortly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLocal(LocalConfig{Threads: 2})
		const quick, slow = 5000, 20
		given := make([]time.Time, quick+slow)
		in := func(yield func(int) bool) {
			for i := range quick + slow {
				if i >= quick {
					time.Sleep(7 * time.Millisecond)
				}
				given[i] = time.Now()
				if !yield(i) {
					return
				}
			}
		}
		for v, err := range Map(t.Context(), l, sleeping(0), in) {
			if held := time.Since(given[v]); err != nil || v >= quick && held > linger {
				t.Fatalf("outcome %d after %v, error %v, want %v at most", v, held, err, linger)
			}
		}
		settled(t, l)
	})
}

// M2: the chunk that the timer sends comes before the one that the feeder fills
// at the same moment, and none is lost at the end of the input.
func TestMapM2TimerAndFeederSendInOrder(t *testing.T) {
	for _, opts := range [][]MapOption{nil, {Unordered()}} {
		synctest.Test(t, func(t *testing.T) {
			l := NewLocal(LocalConfig{Threads: 2})
			for round := range 300 {
				total := 520 + round%7
				in := func(yield func(int) bool) {
					for i := range total {
						if i >= 500 {
							time.Sleep(linger) // the timer fires at this very moment
						}
						if !yield(i) {
							return
						}
					}
				}
				n := 0
				for v, err := range Map(t.Context(), l, sleeping(0), in, opts...) {
					if err != nil || opts == nil && v != n {
						t.Fatalf("outcome %d: %v, %v", n, v, err)
					}
					n++
				}
				if n != total {
					t.Fatalf("%d outcomes, want %d", n, total)
				}
			}
			settled(t, l)
		})
	}
}

// M1, exactly: during outcome i no more than i+1+window inputs have been taken,
// and a loop that waits long enough sees the window full.
func TestMapM1WindowIsExact(t *testing.T) {
	for window := 1; window <= 5; window++ {
		for _, opts := range [][]MapOption{{Window(window)}, {Window(window), Unordered()}} {
			synctest.Test(t, func(t *testing.T) {
				l := NewLocal(LocalConfig{Threads: 3})
				var taken atomic.Int64
				in := func(yield func(int) bool) {
					for i := range 100 {
						taken.Add(1)
						if !yield(i) {
							return
						}
					}
				}
				n, most := int64(0), int64(0)
				for range Map(t.Context(), l, sleeping(time.Millisecond), in, opts...) {
					n++
					synctest.Wait()
					most = max(most, taken.Load()-n)
					if most > int64(window) {
						t.Fatalf("window %d: %d inputs ahead", window, most)
					}
				}
				if n != 100 || most < int64(window)-1 {
					t.Errorf("window %d: %d outcomes, at most %d inputs ahead", window, n, most)
				}
				settled(t, l)
			})
		}
	}
}

// The end of ctx reaches a feeder that waits for room in the executor.
func TestMapContextEndsWhileTheFeederIsBlocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLocal(LocalConfig{Threads: 1, Queue: 1})
		over := make(chan struct{})
		blocker := Func(func(context.Context, int) (int, error) { <-over; return 0, nil })
		for range 2 {
			if _, err := Submit(t.Context(), l, blocker, 0); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		var errs []error
		done := make(chan struct{})
		go func() {
			defer close(done)
			for _, err := range Map(ctx, l, sleeping(0), upTo(1000)) {
				errs = append(errs, err)
			}
		}()
		synctest.Wait()
		cancel()
		<-done
		for _, err := range errs {
			if !errors.Is(err, ErrCanceled) || FateOf(err) != NotStarted {
				t.Errorf("outcome %v", err)
			}
		}
		if len(errs) < 2 {
			t.Errorf("%d outcomes, want that of an input and a last error", len(errs))
		}
		close(over)
		settled(t, l)
	})
}

// A loop that panics or ends its goroutine leaves no call and no goroutine.
func TestMapLoopEndsBadly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLocal(LocalConfig{Threads: 2})
		running := Func(func(ctx context.Context, n int) (int, error) {
			if n > 3 {
				<-ctx.Done()
			}
			return n, ctx.Err()
		})
		done := make(chan any)
		go func() {
			defer func() { done <- recover() }()
			for range Map(t.Context(), l, running, upTo(1000), Window(20)) {
				panic("loop")
			}
		}()
		if v := <-done; v != "loop" {
			t.Errorf("recovered %v", v)
		}
		if s := l.Stats(); s.Accepted != s.Succeeded+s.Failed+s.Canceled {
			t.Errorf("%+v", s)
		}
		settled(t, l)
	})
}

// A slow loop does not keep calls from running ahead within the window.
func TestMapSlowLoopOverlapsCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := NewLocal(LocalConfig{Threads: 4})
		begin := time.Now()
		for range Map(t.Context(), l, sleeping(4*time.Second), upTo(40), Window(8)) {
			time.Sleep(time.Second)
		}
		if took := time.Since(begin); took > 60*time.Second {
			t.Errorf("40 calls of 4 s on 4 slots beside a loop of 1 s took %v, want about 44 s", took)
		}
		settled(t, l)
	})
}

// An input that ends because ctx did is reported, however early it notices.
func TestMapInputThatWatchesTheContext(t *testing.T) {
	l := NewLocal(LocalConfig{Threads: 2})
	for range 500 {
		ctx, cancel := context.WithCancel(context.Background())
		in := func(yield func(int) bool) {
			if yield(0) {
				<-ctx.Done()
			}
		}
		var last error
		for _, err := range Map(ctx, l, sleeping(0), in) {
			cancel()
			last = err
		}
		cancel()
		if !errors.Is(last, ErrCanceled) {
			t.Fatalf("last error %v, want %v", last, ErrCanceled)
		}
	}
	settled(t, l)
}

// holding accepts batches and leaves their calls to the test.
type holding struct {
	Executor
	batches chan *Batch
}

func (h *holding) Execute(_ context.Context, b *Batch) error { h.batches <- b; return nil }
func (h *holding) Cancel(*Batch)                             {}
func (h *holding) Stats() Stats                              { return Stats{Slots: 1} }

// C3: the consumer of an unordered Map is told once of all the outcomes of a chunk
// that it has not seen, and yields them as they came.
func TestMapC3ConsumerIsToldOnceOfManyOutcomes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // in real time the chunk could be sent before it has all inputs
		const n = 64
		h := &holding{batches: make(chan *Batch, 1)}
		m := newMapper(t.Context(), h, Declare[int, int]("held"), newMapOptions([]MapOption{Unordered()}))
		m.resize(n)
		m.slots = 0 // none is ever free: the inputs are one chunk
		var first sync.WaitGroup
		first.Go(func() { Call{<-h.batches, 0}.Succeed(0) })
		var yielded []int32
		err := m.run(upTo(n), func(c *chunk[int, int], i int32) bool {
			if yielded = append(yielded, i); len(yielded) > 1 {
				return true
			}
			for i := int32(n - 1); i > 0; i-- {
				Call{&c.batch, i}.Succeed(int(i))
			}
			m.mu.Lock()
			defer m.mu.Unlock()
			if len(m.arrivals) != 0 {
				t.Errorf("told %d times of outcomes while it consumes the chunk", len(m.arrivals))
			}
			return true
		})
		first.Wait()
		want := []int32{0}
		for i := int32(n - 1); i > 0; i-- {
			want = append(want, i)
		}
		if err != nil || !slices.Equal(yielded, want) {
			t.Errorf("error %v, yielded %v, want %v", err, yielded, want)
		}
	})
}

// An input waits for others to travel with only while all slots are busy: one that
// depends on what has ended never meets others.
func TestMapDoesNotLingerWithFreeSlots(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		ex := NewLocal(LocalConfig{Threads: 2})
		defer ex.Close(ctx)
		for name, opts := range map[string][]MapOption{"ordered": nil, "unordered": {Unordered()}} {
			places := make(chan struct{}, 2)
			inputs := func(yield func(int) bool) {
				for i := range 1000 {
					if places <- struct{}{}; !yield(i) {
						return
					}
				}
			}
			began := time.Now()
			for _, err := range Map(ctx, ex, Func(func(_ context.Context, n int) (int, error) { return n, nil }), inputs, opts...) {
				if err != nil {
					t.Fatal(err)
				}
				<-places
			}
			if took := time.Since(began); took > 0 { // in fake time: timers only
				t.Errorf("%s: inputs lingered for %v", name, took)
			}
		}
	})
}
