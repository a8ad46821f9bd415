package tandem

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
)

// Whoever comes to a latch while it opens is told once.
func TestLatchOpensForAll(t *testing.T) {
	for range 2000 {
		var l latch
		l.close()
		var ran atomic.Int32
		var all sync.WaitGroup
		all.Go(l.open)
		for range 2 {
			all.Go(func() { l.then(&hook{func() { ran.Add(1) }}) })
			all.Go(func() { <-l.channel() })
		}
		all.Go(func() {
			if !l.wait(context.Background()) {
				t.Error("wait ended before the latch opened")
			}
		})
		all.Wait()
		if n := ran.Load(); n != 2 || !l.opened() {
			t.Fatalf("%d of 2 hooks ran, opened %v", n, l.opened())
		}
	}
}

func TestLatchForgetsHooks(t *testing.T) {
	var l latch
	l.close()
	ran := 0
	kept, dropped := &hook{func() { ran++ }}, &hook{func() { t.Error("a forgotten hook ran") }}
	l.then(kept)
	l.then(dropped)
	l.forget(dropped)
	l.open()
	l.forget(kept)
	l.then(kept)
	if ran != 2 {
		t.Errorf("the hook ran %d times, want once when the latch opened and once after", ran)
	}
}
