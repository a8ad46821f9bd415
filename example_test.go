package tandem_test

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/gotandem/tandem"
)

var length = tandem.Define("length", func(_ context.Context, s string) (int, error) { return len(s), nil })

var upper = tandem.Define("upper", func(_ context.Context, s string) (string, error) { return strings.ToUpper(s), nil })

func ExampleDefine() {
	square := tandem.Define("square", func(_ context.Context, n int) (int, error) { return n * n, nil })

	ctx := context.Background()
	local := tandem.NewLocal(tandem.LocalConfig{})
	defer local.Close(ctx)
	fmt.Println(tandem.Run(ctx, local, square, 7))
	// Output: 49 <nil>
}

func ExampleSubmit() {
	ctx := context.Background()
	local := tandem.NewLocal(tandem.LocalConfig{})
	defer local.Close(ctx)

	future, err := tandem.Submit(ctx, local, length, "tandem")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(future.Wait(ctx))
	// Output: 6 <nil>
}

func ExampleMap() {
	ctx := context.Background()
	local := tandem.NewLocal(tandem.LocalConfig{})
	defer local.Close(ctx)

	words := slices.Values([]string{"one", "three", "seven"})
	for n, err := range tandem.Map(ctx, local, length, words) {
		fmt.Println(n, err)
	}
	// Output:
	// 3 <nil>
	// 5 <nil>
	// 5 <nil>
}

// The outcomes of one Map are the inputs of another; a slow loop slows both.
func ExampleMap_nested() {
	ctx := context.Background()
	waiting := tandem.NewLocal(tandem.LocalConfig{Threads: 16})
	defer waiting.Close(ctx)
	computing := tandem.NewLocal(tandem.LocalConfig{})
	defer computing.Close(ctx)

	words := slices.Values([]string{"one", "three", "seven"})
	fetched := func(yield func(string) bool) {
		for word, err := range tandem.Map(ctx, waiting, upper, words) {
			if err != nil {
				fmt.Println(err)
				continue
			}
			if !yield(word) {
				return
			}
		}
	}
	for r := range tandem.Results(ctx, computing, length, fetched) {
		fmt.Println(r.Index, r.Input, r.Value)
	}
	// Output:
	// 0 ONE 3
	// 1 THREE 5
	// 2 SEVEN 5
}

func ExampleUnordered() {
	ctx := context.Background()
	local := tandem.NewLocal(tandem.LocalConfig{})
	defer local.Close(ctx)

	words := slices.Values([]string{"one", "three", "fourteen"})
	for n, err := range tandem.Map(ctx, local, length, words, tandem.Unordered()) {
		fmt.Println(n, err)
	}
	// Unordered output:
	// 3 <nil>
	// 8 <nil>
	// 5 <nil>
}

func ExampleAsCompleted() {
	ctx := context.Background()
	local := tandem.NewLocal(tandem.LocalConfig{})
	defer local.Close(ctx)

	var futures []*tandem.Future[string]
	for _, word := range []string{"one", "two"} {
		future, err := tandem.Submit(ctx, local, upper, word)
		if err != nil {
			fmt.Println(err)
			return
		}
		futures = append(futures, future)
	}
	for future := range tandem.AsCompleted(ctx, futures...) {
		value, err, _ := future.Result()
		fmt.Println(value, err)
	}
	// Unordered output:
	// ONE <nil>
	// TWO <nil>
}
