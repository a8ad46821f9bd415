package gate_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotandem/tandem/cmd/tandem/internal/gate"
)

func places(n int) func(time.Time) (int, time.Duration) {
	return func(time.Time) (int, time.Duration) { return n, 0 }
}

// trial is a goroutine that enters a gate as often as it may.
type trial struct {
	gate    *gate.Gate
	entered atomic.Int64
	cancel  context.CancelFunc
	over    sync.WaitGroup
}

func begin(config gate.Config) *trial {
	ctx, cancel := context.WithCancel(context.Background())
	r := &trial{gate: gate.New(config), cancel: cancel}
	r.over.Go(func() {
		for r.gate.Enter(ctx, false) {
			r.entered.Add(1)
		}
	})
	return r
}

// expect waits until nothing goes on and compares how many calls have entered.
func (r *trial) expect(t *testing.T, want int64) {
	t.Helper()
	synctest.Wait()
	if got := r.entered.Load(); got != want {
		t.Errorf("%d calls entered, want %d", got, want)
	}
}

func (r *trial) end() {
	r.cancel()
	r.over.Wait()
}

func TestGateG1NeverMoreThanPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(gate.Config{Places: places(3), Single: true})
		defer r.end()
		r.expect(t, 3)
		r.gate.End()
		r.expect(t, 4)
		r.gate.End()
		r.gate.End()
		r.expect(t, 6)
	})
}

// With fewer places none starts until the count fits; with more, those that fit do.
func TestGatePlacesChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		n.Store(4)
		r := begin(gate.Config{Places: func(time.Time) (int, time.Duration) { return int(n.Load()), 0 }, Single: true})
		defer r.end()
		r.expect(t, 4)
		n.Store(2)
		for range 2 {
			r.gate.End()
			r.expect(t, 4)
		}
		r.gate.End()
		r.expect(t, 5)
		n.Store(10)
		r.gate.End()
		r.expect(t, 14)
	})
}

// An answer that holds for a time is asked for again after it, without an end.
func TestGatePlacesHoldForATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var n atomic.Int64
		n.Store(1)
		r := begin(gate.Config{Places: func(time.Time) (int, time.Duration) { return int(n.Load()), time.Second }, Single: true})
		defer r.end()
		r.expect(t, 1)
		n.Store(3)
		r.expect(t, 1)
		time.Sleep(time.Second) // fake time
		r.expect(t, 3)
	})
}

// Pass and Enter wait on goroutines of their own, and neither takes what wakes the other.
func TestGatePass(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(gate.Config{Places: places(1), Single: true})
		defer r.end()
		r.expect(t, 1)
		for range 10 {
			r.gate.Hold(true)
			ctx, cancel := context.WithCancel(context.Background())
			var passing sync.WaitGroup
			passed := false
			passing.Go(func() { passed = r.gate.Pass(ctx) })
			synctest.Wait()
			before := r.entered.Load()
			r.gate.End()
			r.expect(t, before)
			r.gate.Hold(false)
			r.expect(t, before+1)
			passing.Wait()
			if !passed {
				t.Error("did not pass")
			}
			cancel()
			r.gate.Hold(true)
			if r.gate.Pass(ctx) {
				t.Error("passed after the end")
			}
			r.gate.Hold(false)
		}
	})
}

func TestGateHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(gate.Config{Places: places(2)})
		defer r.end()
		r.expect(t, 2)
		r.gate.Hold(true)
		r.gate.End()
		r.expect(t, 2)
		r.gate.Hold(false)
		r.expect(t, 3)
	})
}

// What starts again passes a gate that is held, or nothing would ever release it.
func TestGateHoldLetsThroughWhatStartsAgain(t *testing.T) {
	g := gate.New(gate.Config{Places: places(1)})
	g.Hold(true)
	if !g.Enter(context.Background(), true) {
		t.Error("did not enter")
	}
}

func TestGateG2EndOfContext(t *testing.T) {
	for name, config := range map[string]gate.Config{
		"places":    {Places: places(1)},
		"condition": {Places: places(1), Conditions: []gate.Condition{gate.NewDelay(time.Hour)}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := begin(config)
				r.expect(t, 1)
				r.end()
			})
		})
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if gate.New(gate.Config{Places: places(1)}).Enter(ctx, true) {
		t.Error("entered after the end")
	}
}

func TestGateDelay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(gate.Config{Places: places(100), Conditions: []gate.Condition{gate.NewDelay(time.Second)}})
		defer r.end()
		r.expect(t, 1)
		for n := range int64(3) {
			time.Sleep(999 * time.Millisecond) // fake time
			r.expect(t, n+1)
			r.gate.End() // is no reason to start sooner
			r.expect(t, n+1)
			time.Sleep(time.Millisecond)
			r.expect(t, n+2)
		}
	})
}

func TestGateLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var busy atomic.Int64
		busy.Store(1)
		load := gate.NewLoad(3, func() int { return int(busy.Load()) }, func(int) { t.Error("said something while calls ran") })
		r := begin(gate.Config{Places: places(100), Conditions: []gate.Condition{load}})
		defer r.end()
		r.expect(t, 2) // and the one that runs are three
		busy.Store(5)
		time.Sleep(time.Second)
		r.gate.End()
		r.expect(t, 2)
		busy.Store(2)
		time.Sleep(time.Second)
		r.expect(t, 3)
		r.gate.End() // makes room for another, without another reading
		r.expect(t, 4)
	})
}

// Nothing starts on a busy machine, which is said once.
func TestGateLoadSaysThatItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var busy, said atomic.Int64
		busy.Store(4)
		load := gate.NewLoad(3, func() int { return int(busy.Load()) }, func(running int) { said.Add(int64(running)) })
		r := begin(gate.Config{Places: places(100), Conditions: []gate.Condition{load}})
		defer r.end()
		time.Sleep(10 * time.Second) // fake time
		r.expect(t, 0)
		busy.Store(2)
		time.Sleep(time.Second)
		r.expect(t, 1)
		if said.Load() != 4 {
			t.Errorf("said %d, want 4 once", said.Load())
		}
	})
}

func TestGateMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var free, said atomic.Int64
		free.Store(50)
		memory := gate.NewMemory(100, free.Load, func(free int64) { said.Add(free) })
		r := begin(gate.Config{Places: places(2), Conditions: []gate.Condition{memory}})
		defer r.end()
		r.expect(t, 0)
		time.Sleep(3 * time.Second)
		r.expect(t, 0)
		if said.Load() != 50 {
			t.Errorf("said %d, want 50 once", said.Load())
		}
		free.Store(100)
		time.Sleep(time.Second)
		r.expect(t, 2)
	})
}

// When calls are short, more are let through than have places, and half of those
// have to end before the next ones are.
func TestGateLooksAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := begin(gate.Config{Places: places(2)})
		defer r.end()
		r.expect(t, 2)
		for n := range int64(6) { // one call a millisecond, until that is measured
			time.Sleep(time.Millisecond)
			if n == 5 {
				break
			}
			r.gate.End()
			synctest.Wait()
		}
		r.gate.End()
		synctest.Wait()
		first := r.entered.Load()
		if ahead := first - 6 - 2; ahead < 15 || ahead > 25 {
			t.Fatalf("%d calls ahead at 1000 a second, want about 20", ahead)
		}
		r.gate.End()
		r.expect(t, first)
		for range 12 {
			r.gate.End()
		}
		synctest.Wait()
		if r.entered.Load() <= first {
			t.Error("nothing entered although half had ended")
		}
	})
}

func TestAhead(t *testing.T) {
	tests := []struct {
		n      int64
		took   time.Duration
		places int
		want   int
	}{
		{0, time.Second, 2, 0},
		{1, 20 * time.Millisecond, 1, 0},
		{1, 19 * time.Millisecond, 1, 1},
		{2, 20 * time.Millisecond, 2, 0},
		{4, 20 * time.Millisecond, 2, 4},
		{100, time.Second, 2, 0},
		{101, time.Second, 2, 2},
		{1000, time.Second, 2, 20},
		{1000, time.Second, 64, 0},
		{10_000, 5 * time.Millisecond, 2, 4096},
		{5, 0, 2, 0},
	}
	for _, test := range tests {
		if got := gate.Ahead(test.n, test.took, test.places); got != test.want {
			t.Errorf("Ahead(%d, %v, %d) = %d, want %d", test.n, test.took, test.places, got, test.want)
		}
	}
}

// The gate is passed a million times a second: it must not cost what a call does.
func BenchmarkGate(b *testing.B) {
	g := gate.New(gate.Config{Places: places(2)})
	for b.Loop() {
		g.Enter(context.Background(), false)
		g.End()
	}
}
