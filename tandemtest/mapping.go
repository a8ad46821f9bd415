package tandemtest

import (
	"context"
	"errors"
	"iter"
	"sync/atomic"

	"github.com/gotandem/tandem"
)

var mapScenarios = []scenario{
	{name: "Map/none", run: mapNone},
	{name: "Map/order", run: mapOrder},
	{name: "Map/unordered", run: mapUnordered},
	{name: "Map/large", run: mapLarge},
	{name: "Map/results", run: mapResults},
	{name: "Map/window", run: mapWindow},
	{name: "Map/slow loop", run: mapSlowLoop},
	{name: "Map/ranged twice", run: mapTwice},
	{name: "Map/some fail", run: mapSomeFail},
	{name: "Map/label", run: mapLabel},
	{name: "Map/two", run: mapTwo},
	{name: "Map/three", run: mapThree},
}

// count yields 0 to n-1.
func count(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func mapNone(e *env) {
	for _, opts := range mapModes {
		for v, err := range tandem.Map(e.ctx, e.ex, e.tasks.Double, count(0), opts...) {
			e.Errorf("yielded %v, %v", v, err)
		}
	}
	e.counts(0, 0, 0)
}

// mapModes are the ways in which a Map yields.
var mapModes = [][]tandem.MapOption{nil, {tandem.Unordered()}}

func mapOrder(e *env) {
	some := min(1000, e.large)
	for _, n := range []int{1, 2, 3, some} {
		i := 0
		for v, err := range tandem.Map(e.ctx, e.ex, e.tasks.Double, count(n)) {
			if v != 2*i || err != nil {
				e.Fatalf("outcome %d: %v, %v", i, v, err)
			}
			i++
		}
		if i != n {
			e.Errorf("%d outcomes, want %d", i, n)
		}
	}
	e.counts(uint64(6+some), 0, 0)
}

// Order holds when calls end in another one.
func mapResults(e *env) {
	in := func(yield func(Hold) bool) {
		_ = yield(e.gate.Hold("first")) && yield(e.gate.Hold("second"))
	}
	join := e.beside(func() {
		first, second := e.gate.Await(e, "first"), e.gate.Await(e, "second")
		second.Return("2")
		second.AwaitGone(e)
		first.Return("1")
	})
	i := 0
	for r := range tandem.Results(e.ctx, e.ex, e.tasks.Hold, in) {
		want := []string{"first", "second"}[i]
		if r.Index != i || r.Input.Key != want || r.Value != []string{"1", "2"}[i] || r.Err != nil {
			e.Errorf("result %d: %+v", i, r)
		}
		i++
	}
	join()
}

func mapUnordered(e *env) {
	n := min(5000, e.large)
	e.eachOnce(n, tandem.Map(e.ctx, e.ex, e.tasks.Double, count(n), tandem.Unordered()))
	first := true // the call that ends first comes first
	in := func(yield func(Hold) bool) { _ = yield(e.gate.Hold("slow")) && yield(e.gate.Hold("quick")) }
	join := e.beside(func() {
		slow, quick := e.gate.Await(e, "slow"), e.gate.Await(e, "quick")
		quick.Return("quick")
		e.gate.Await(e, "yielded").Return("")
		slow.Return("slow")
	})
	for v, err := range tandem.Map(e.ctx, e.ex, e.tasks.Hold, in, tandem.Unordered()) {
		if err != nil || v != map[bool]string{true: "quick", false: "slow"}[first] {
			e.Errorf("yielded %q, %v, first: %v", v, err, first)
		}
		if first {
			if _, err := tandem.Run(e.ctx, e.ex, e.tasks.Hold, e.gate.Hold("yielded")); err != nil {
				e.Error(err)
			}
		}
		first = false
	}
	join()
}

// eachOnce checks that outcomes are 0, 2, … 2(n-1) in any order.
func (e *env) eachOnce(n int, outcomes iter.Seq2[int, error]) {
	e.Helper()
	seen := make([]bool, n)
	total := 0
	for v, err := range outcomes {
		if err != nil || v%2 != 0 || v < 0 || v/2 >= n || seen[v/2] {
			e.Fatalf("outcome %v, %v", v, err)
		}
		seen[v/2] = true
		total++
	}
	if total != n {
		e.Errorf("%d outcomes, want %d", total, n)
	}
}

func mapLarge(e *env) {
	n := e.large
	i := 0
	for v, err := range tandem.Map(e.ctx, e.ex, e.tasks.Double, count(n)) {
		if v != 2*i || err != nil {
			e.Fatalf("outcome %d: %v, %v", i, v, err)
		}
		i++
	}
	if i != n {
		e.Errorf("%d outcomes, want %d", i, n)
	}
	e.counts(uint64(n), 0, 0)
}

// pulled counts how many inputs were taken.
func pulled(in iter.Seq[int], n *atomic.Int64) iter.Seq[int] {
	return func(yield func(int) bool) {
		for v := range in {
			n.Add(1)
			if !yield(v) {
				return
			}
		}
	}
}

// While outcome i is yielded, i+1 outcomes have been, so i+1+window inputs may
// have been taken.
func mapWindow(e *env) {
	const n = 20
	for window := 1; window <= 5; window++ {
		for _, mode := range mapModes {
			var taken atomic.Int64
			opts := append([]tandem.MapOption{tandem.Window(window)}, mode...)
			yielded := int64(0)
			for _, err := range tandem.Map(e.ctx, e.ex, e.tasks.Double, pulled(count(n), &taken), opts...) {
				yielded++
				if ahead := taken.Load() - yielded; err != nil || ahead > int64(window) {
					e.Fatalf("window %d: %d inputs ahead, error %v", window, ahead, err)
				}
			}
			if yielded != n {
				e.Fatalf("window %d: %d outcomes, want %d", window, yielded, n)
			}
		}
	}
}

// A loop that stands still stops the input after at most a window.
func mapSlowLoop(e *env) {
	const window, n = 8, 50
	var taken atomic.Int64
	yielded := 0
	full := make(chan struct{})
	in := func(yield func(int) bool) {
		for v := range pulled(count(n), &taken) {
			if v == window-1 {
				close(full)
			}
			if !yield(v) {
				return
			}
		}
	}
	for _, err := range tandem.Map(e.ctx, e.ex, e.tasks.Double, in, tandem.Window(window)) {
		if err != nil {
			e.Fatal(err)
		}
		if yielded++; yielded == 1 {
			await(e, full, "the window to fill")
			if ahead := taken.Load(); ahead > window+1 {
				e.Errorf("%d inputs taken during the first outcome, want %d at most", ahead, window+1)
			}
		}
	}
	if yielded != n {
		e.Errorf("%d outcomes, want %d", yielded, n)
	}
}

func mapTwice(e *env) {
	all := tandem.Map(e.ctx, e.ex, e.tasks.Double, count(10))
	for range 2 {
		e.eachOnce(10, all)
	}
	e.counts(20, 0, 0)
}

func mapSomeFail(e *env) {
	in := func(yield func(Failure) bool) {
		for i := range 20 {
			if !yield(Failure{"plain", string(rune('a' + i))}) {
				return
			}
		}
	}
	i := 0
	for _, err := range tandem.Map(e.ctx, e.ex, e.tasks.Fail, in) {
		if want := string(rune('a' + i)); messageOf(err) != want {
			e.Errorf("outcome %d: %s, want %s", i, describe(err), want)
		}
		i++
	}
	e.counts(0, 20, 0)
}

// messageOf returns the task's own text of an error.
func messageOf(err error) string {
	if remote, ok := errors.AsType[*tandem.RemoteError](err); ok {
		return remote.Message
	}
	if err == nil {
		return ""
	}
	return err.Error()
}

func mapLabel(e *env) {
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	in := func(yield func(Hold) bool) {
		for range 3 {
			if !yield(e.gate.Hold("map")) {
				return
			}
		}
	}
	join := e.beside(func() {
		visits := []*Visit{e.gate.Await(e, "map"), e.gate.Await(e, "map")}
		cancel()
		for _, v := range visits {
			if !e.can.CancelRunning {
				v.Return("")
			}
		}
	})
	for r := range tandem.Results(ctx, e.ex, e.tasks.Hold, in, tandem.Label("batch"), tandem.Window(3)) {
		call, engine := errors.AsType[*tandem.CallError](r.Err)
		if engine && r.Index >= 0 && call.Label != "" && call.Label != "batch["+string(rune('0'+r.Index))+"]" {
			e.Errorf("label of call %d: %q", r.Index, call.Label)
		}
	}
	join()
}

// values drops the errors, which must be nil.
func values(e *env, outcomes iter.Seq2[int, error]) iter.Seq[int] {
	return func(yield func(int) bool) {
		for v, err := range outcomes {
			if err != nil {
				e.Errorf("inner outcome: %v", err)
			}
			if !yield(v) {
				return
			}
		}
	}
}

func mapTwo(e *env) {
	n := min(2000, e.large)
	for _, mode := range mapModes {
		inner := values(e, tandem.Map(e.ctx, e.ex, e.tasks.Double, count(n), mode...))
		total := 0
		for v, err := range tandem.Map(e.ctx, e.ex, e.tasks.Double, inner, mode...) {
			if err != nil {
				e.Fatal(err)
			}
			total += v
		}
		if want := 4 * n * (n - 1) / 2; total != want {
			e.Errorf("sum is %d, want %d", total, want)
		}
	}
}

// Leaving three nested loops in the middle ends all of them.
func mapThree(e *env) {
	n := min(1000, e.large)
	one := values(e, tandem.Map(e.ctx, e.ex, e.tasks.Double, count(n)))
	two := func(yield func(int) bool) {
		for v, err := range tandem.Map(e.ctx, e.ex, e.tasks.Double, one) {
			if err != nil && !errors.Is(err, context.Canceled) || !yield(v) {
				return
			}
		}
	}
	i := 0
	for v, err := range tandem.Map(e.ctx, e.ex, e.tasks.Double, two) {
		if v != 8*i || err != nil {
			e.Fatalf("outcome %d: %v, %v", i, v, err)
		}
		if i++; i == n/2 {
			break
		}
	}
}
