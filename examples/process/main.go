// Command process runs a computation in worker processes. One input kills its
// own worker: the other results are right all the same.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"slices"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/process"
	"github.com/gotandem/tandem/worker"
)

var countPrimes = tandem.Define("countPrimes", func(_ context.Context, below int) (int, error) {
	if below == 13 {
		os.Exit(13) // a crash, as a bug in a C library would be
	}
	sieve := make([]bool, max(below, 2))
	count := 0
	for n := 2; n < below; n++ {
		if sieve[n] {
			continue
		}
		count++
		for m := n * n; m < below; m += n {
			sieve[m] = true
		}
	}
	return count, nil
})

func main() {
	worker.Main(countPrimes)

	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	ex, err := process.New(process.Config{Workers: 2})
	if err != nil {
		return err
	}
	inputs := []int{100_000, 13, 200_000, 300_000}
	i := 0
	for count, err := range tandem.Map(ctx, ex, countPrimes, slices.Values(inputs)) {
		switch {
		case errors.Is(err, tandem.ErrWorkerLost):
			fmt.Printf("%d: the worker died\n", inputs[i])
		case err != nil:
			return err
		default:
			fmt.Printf("%d: %d\n", inputs[i], count)
		}
		i++
	}
	return ex.Close(ctx)
}
