package main

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/alitto/pond/v2"
	"github.com/sourcegraph/conc/iter"
	"golang.org/x/sync/errgroup"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/bench/internal/trial"
)

// elements is how many inputs the maps of row 2 have.
const elements = 100_000

// mapped runs the trivial task on all inputs and returns the sum of the values,
// which proves that each was delivered.
type mapped func(inputs []int) (sum int, err error)

// concMap is the contender that the goal of row 2 names.
const concMap = "conc iter.Map"

// mapTrials is row 2.
func mapTrials(s settings) []trial.Trial {
	n := s.size(elements)
	t := trial.Trial{
		Title:   fmt.Sprintf("Map of %d trivial elements on goroutines", n),
		Metrics: costMetrics("element"),
		Goals:   []trial.Goal{{Text: "no slower than " + concMap, Against: concMap, Bound: 1}},
		Notes: []string{
			"tandem takes a stream and yields each value, or error, as it comes; the others want all inputs and return all values",
		},
	}
	t.Contenders = []trial.Contender{
		localMap(n),
		localMap(n, tandem.Unordered()),
		inMemory(concMap, n, mapConc),
		inMemory("errgroup, one goroutine an element", n, mapErrgroup),
		inMemory("pond group", n, mapPond),
		inMemory("goroutines over slices of the input", n, mapSlices),
		inMemory("plain loop", n, mapLoop),
	}
	return []trial.Trial{t}
}

// inMemory makes a contender of a map.
func inMemory(name string, n int, work mapped) trial.Contender {
	return trial.Contender{Name: name, Open: func(context.Context) (trial.Session, error) {
		inputs, want := countdown(n)
		return trial.Session{Measure: func(context.Context) (trial.Sample, error) {
			return cost(n, func() error { return checked(work, inputs, want) })
		}}, nil
	}}
}

// checked runs work and complains about a wrong sum.
func checked(work mapped, inputs []int, want int) error {
	sum, err := work(inputs)
	if err == nil && sum != want {
		err = fmt.Errorf("sum of the values is %d: want %d", sum, want)
	}
	return err
}

// countdown returns n inputs and the sum of the values they lead to.
func countdown(n int) (inputs []int, sum int) {
	for i := range n {
		inputs = append(inputs, n-i)
		sum += n - i + 1
	}
	return inputs, sum
}

func localMap(n int, opts ...tandem.MapOption) trial.Contender {
	name := "tandem Map"
	if len(opts) > 0 {
		name = "tandem Map, unordered"
	}
	return trial.Contender{Name: name, Open: func(ctx context.Context) (trial.Session, error) {
		ex := tandem.NewLocal(tandem.LocalConfig{})
		session, err := inMemory(name, n, mapOn(context.Background(), ex, opts...)).Open(ctx)
		session.Close = func() error { return ex.Close(context.Background()) }
		return session, err
	}}
}

// mapOn maps with an executor of tandem.
func mapOn(ctx context.Context, ex tandem.Executor, opts ...tandem.MapOption) mapped {
	return mapTask(ctx, ex, increment, opts...)
}

func mapTask(ctx context.Context, ex tandem.Executor, task tandem.Task[int, int], opts ...tandem.MapOption) mapped {
	return func(inputs []int) (sum int, err error) {
		for value, err := range tandem.Map(ctx, ex, task, slices.Values(inputs), opts...) {
			if err != nil {
				return 0, err
			}
			sum += value
		}
		return sum, nil
	}
}

func mapConc(inputs []int) (int, error) {
	return total(iter.Map(inputs, func(n *int) int { return trivial(*n) })), nil
}

func mapErrgroup(inputs []int) (int, error) {
	values := make([]int, len(inputs))
	var group errgroup.Group
	group.SetLimit(threads)
	for i, n := range inputs {
		group.Go(func() error {
			values[i] = trivial(n)
			return nil
		})
	}
	err := group.Wait()
	return total(values), err
}

func mapPond(inputs []int) (int, error) {
	values := make([]int, len(inputs))
	p := pond.NewPool(threads)
	defer p.StopAndWait()
	group := p.NewGroup()
	for i, n := range inputs {
		group.Submit(func() { values[i] = trivial(n) })
	}
	err := group.Wait()
	return total(values), err
}

// mapSlices is what one would write by hand for work of equal length.
func mapSlices(inputs []int) (int, error) {
	values := make([]int, len(inputs))
	part := (len(inputs) + threads - 1) / threads
	var group sync.WaitGroup
	for from := 0; from < len(inputs); from += part {
		group.Go(func() {
			for i := from; i < min(from+part, len(inputs)); i++ {
				values[i] = trivial(inputs[i])
			}
		})
	}
	group.Wait()
	return total(values), nil
}

func mapLoop(inputs []int) (int, error) {
	values := make([]int, len(inputs))
	for i, n := range inputs {
		values[i] = trivial(n)
	}
	return total(values), nil
}

// trivial is the body of increment. It is not inlined, because no pool can
// inline what it is given.
//
//go:noinline
func trivial(n int) int { return n + 1 }

func total(values []int) (sum int) {
	for _, v := range values {
		sum += v
	}
	return sum
}
