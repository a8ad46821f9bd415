package demo

import (
	"context"

	"github.com/gotandem/tandem"
)

// Work is the input of a call.
type Work struct {
	URL    string `json:"url"`    // page to fetch
	Rounds int    `json:"rounds"` // of arithmetic
}

// Plan is the input of a plain loop.
type Plan struct {
	Workload string `json:"workload"`
	Works    []Work `json:"works"`
}

// A goTask is one workload in Go.
type goTask = tandem.Task[Work, int]

var goTasks = map[string]goTask{
	"waiting":   tandem.Define("demo.waiting", waiting),
	"computing": tandem.Define("demo.computing", computing),
	"mixed":     tandem.Define("demo.mixed", mixed),
}

var goFunctions = map[string]func(context.Context, Work) (int, error){
	"waiting": waiting, "computing": computing, "mixed": mixed,
}

// Tasks returns the tasks that workers of this program must know.
func Tasks() []tandem.AnyTask {
	return []tandem.AnyTask{goTasks["waiting"], goTasks["computing"], goTasks["mixed"]}
}

// waiting fetches a page and returns its size.
func waiting(ctx context.Context, w Work) (int, error) { return fetch(ctx, w.URL) }

// computing does arithmetic whose steps depend on each other.
func computing(_ context.Context, w Work) (int, error) {
	x := 1
	for range w.Rounds {
		x = (x*1103515245 + 12345) % 2147483648
	}
	return x, nil
}

func mixed(ctx context.Context, w Work) (int, error) {
	size, err := waiting(ctx, w)
	if err != nil {
		return 0, err
	}
	x, err := computing(ctx, w)
	return size + x, err
}
