package main

import (
	"context"
	"fmt"
	"time"

	"github.com/gotandem/tandem"
)

// increment is the trivial task of all rows: what is measured is the way to it
// and back.
var increment = tandem.Define("increment", func(_ context.Context, n int) (int, error) { return n + 1, nil })

// hold says on standard output that it runs, and then waits to be killed.
var hold = tandem.Define("hold", func(ctx context.Context, d time.Duration) (bool, error) {
	fmt.Println(holding)
	select {
	case <-time.After(d):
		return false, nil
	case <-ctx.Done():
		return false, ctx.Err()
	}
})

// holding is the line that hold writes.
const holding = "holding"
