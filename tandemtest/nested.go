package tandemtest

import (
	"context"
	"slices"
	"sync"

	"github.com/gotandem/tandem"
)

func nests(c Capabilities) bool { return c.Closures && c.NestedSubmit }

var nestedScenarios = []scenario{
	{name: "Nested/submit and wait", options: Options{Slots: 1, Queue: 1}, needs: nests, run: nestedSubmit},
	{name: "Nested/on a full executor", options: Options{Slots: 1, Queue: 1}, needs: nests, run: nestedFull},
	{name: "Nested/many", options: Options{Slots: 2, Queue: 4}, needs: nests, run: nestedTree},
	{name: "Nested/Map", options: Options{Slots: 1, Queue: 1}, needs: nests, run: nestedMap},
	{name: "Nested/wait on a closure's call", options: Options{Slots: 1, Queue: 1}, needs: nests, run: nestedAwait},
}

// depth returns a task that runs itself n levels deep.
func (e *env) depth() tandem.Task[int, int] {
	var task tandem.Task[int, int]
	task = tandem.Func(func(ctx context.Context, n int) (int, error) {
		if n == 0 {
			return 0, nil
		}
		v, err := tandem.Run(ctx, e.ex, task, n-1)
		return v + 1, err
	})
	return task
}

// Waiting lends the slot, at any depth.
func nestedSubmit(e *env) {
	if v := value(e, submit(e, e.depth(), 50)); v != 50 {
		e.Errorf("depth 50: %v", v)
	}
	e.counts(51, 0, 0)
}

// Others fill the only place in the queue again and again.
func nestedFull(e *env) {
	task := e.depth()
	results := make(chan error, 6)
	var group sync.WaitGroup
	defer group.Wait()
	for range cap(results) {
		group.Go(func() {
			v, err := tandem.Run(e.ctx, e.ex, task, 8)
			if err == nil && v != 8 {
				e.Errorf("depth 8: %v", v)
			}
			results <- err
		})
	}
	for range cap(results) {
		if err := <-results; err != nil {
			e.Error(err)
		}
	}
}

// tree returns a task that adds up a binary tree of calls.
func (e *env) tree() tandem.Task[int, int] {
	var task tandem.Task[int, int]
	task = tandem.Func(func(ctx context.Context, n int) (int, error) {
		if n == 0 {
			return 1, nil
		}
		left, err := tandem.Submit(ctx, e.ex, task, n-1)
		if err != nil {
			return 0, err
		}
		right, err := tandem.Submit(ctx, e.ex, task, n-1)
		if err != nil {
			return 0, err
		}
		values, err := tandem.WaitAll(ctx, left, right)
		return values[0] + values[1], err
	})
	return task
}

func nestedTree(e *env) {
	if v := value(e, submit(e, e.tree(), 8)); v != 256 {
		e.Errorf("tree of depth 8 has %d leaves, want 256", v)
	}
	e.counts(511, 0, 0)
}

// mapping returns a task that maps itself over three inputs, n levels deep.
func (e *env) mapping(opts ...tandem.MapOption) tandem.Task[int, int] {
	var task tandem.Task[int, int]
	task = tandem.Func(func(ctx context.Context, n int) (int, error) {
		if n == 0 {
			return 1, nil
		}
		total := 0
		in := slices.Values([]int{n - 1, n - 1, n - 1})
		for v, err := range tandem.Map(ctx, e.ex, task, in, opts...) {
			if err != nil {
				return 0, err
			}
			total += v
		}
		return total, nil
	})
	return task
}

func nestedMap(e *env) {
	for _, mode := range mapModes {
		if v := value(e, submit(e, e.mapping(mode...), 4)); v != 81 {
			e.Errorf("tree of depth 4 has %d leaves, want 81", v)
		}
	}
	total := 0
	for v, err := range tandem.Map(e.ctx, e.ex, e.mapping(), count(4)) {
		if err != nil {
			e.Fatal(err)
		}
		total += v
	}
	if total != 1+3+9+27 {
		e.Errorf("sum %d, want 40", total)
	}
}

// The other ways to wait lend the slot as well.
func nestedAwait(e *env) {
	task := tandem.Func(func(ctx context.Context, way int) (int, error) {
		var futures []*tandem.Future[int]
		for i := range 3 {
			f, err := tandem.Submit(ctx, e.ex, e.tasks.Double, i)
			if err != nil {
				return 0, err
			}
			futures = append(futures, f)
		}
		switch way {
		case 0:
			return tandem.WaitFirst(ctx, futures...)
		case 1:
			return tandem.WaitFirstError(ctx, futures...)
		}
		n := 0
		for range tandem.AsCompleted(ctx, futures...) {
			n++
		}
		return n, nil
	})
	for way, want := range []int{0, -1, 3} {
		if v := value(e, submit(e, task, way)); v != want {
			e.Errorf("way %d: %v, want %v", way, v, want)
		}
	}
}
