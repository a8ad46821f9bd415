package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/bench/internal/trial"
	"github.com/gotandem/tandem/process"
)

// outstanding is how many calls each plugin gets at once: enough that it never
// waits for the next.
const outstanding = 32

// processTrials is row 3.
func processTrials(s settings) []trial.Trial {
	many, few := s.size(300_000), s.size(20_000)
	return []trial.Trial{{
		Title:   "Map of a trivial Go task over worker processes",
		Metrics: []trial.Metric{{Name: "rate", Unit: "calls/s", More: true}},
		Goals:   []trial.Goal{{Text: "at least 1 000 000 calls/s", Bound: 1e6}},
		Notes: []string{
			fmt.Sprintf("%d calls for tandem, %d for go-plugin, which gets %d calls at once for each process", many, few, outstanding),
		},
		Contenders: []trial.Contender{
			processMap("tandem, 2 workers", 2, many),
			processMap("tandem, 2 workers, unordered", 2, many, tandem.Unordered()),
			processMap("tandem, 1 worker", 1, many),
			pluginMap("go-plugin net/rpc, 2 plugins", 2, few),
			pluginMap("go-plugin net/rpc, 1 plugin", 1, few),
		},
	}}
}

// rate returns the calls per second of work that makes n calls.
func rate(n int, work func() error) (trial.Sample, error) {
	start := time.Now()
	err := work()
	return trial.Sample{Values: []float64{float64(n) / time.Since(start).Seconds()}}, err
}

func processMap(name string, workers, n int, opts ...tandem.MapOption) trial.Contender {
	return trial.Contender{Name: name, Open: func(ctx context.Context) (trial.Session, error) {
		ex, err := openWorkers(ctx, workers, nil)
		if err != nil {
			return trial.Session{}, err
		}
		inputs, want := countdown(n)
		return trial.Session{Close: closing(ex), Measure: func(ctx context.Context) (trial.Sample, error) {
			return rate(n, func() error { return checked(mapOn(ctx, ex, opts...), inputs, want) })
		}}, nil
	}}
}

// openWorkers starts a process executor whose workers are this program.
func openWorkers(ctx context.Context, workers int, output func(process.Line)) (*process.Executor, error) {
	ex, err := process.New(process.Config{Workers: workers, Output: output})
	if err != nil {
		return nil, err
	}
	if err := ex.WaitReady(ctx); err != nil {
		return nil, closeAfter(err, ex)
	}
	return ex, nil
}

// closeGrace is how long an executor may take to finish its calls. They have
// ended by then, unless a measurement failed.
const closeGrace = 5 * time.Second

func closing(ex tandem.Executor) func() error {
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), closeGrace)
		defer cancel()
		return ex.Close(ctx)
	}
}

// closeAfter closes an executor that cannot be used and returns why.
func closeAfter(err error, ex tandem.Executor) error {
	if closed := closing(ex)(); closed != nil {
		return fmt.Errorf("%w; close: %w", err, closed)
	}
	return err
}

func pluginMap(name string, plugins, n int) trial.Contender {
	return trial.Contender{Name: name, Open: func(context.Context) (trial.Session, error) {
		clients, err := startPlugins(plugins)
		if err != nil {
			return trial.Session{}, err
		}
		return trial.Session{
			Close: func() error { return endPlugins(clients) },
			Measure: func(ctx context.Context) (trial.Sample, error) {
				stop := context.AfterFunc(ctx, func() { endPlugins(clients) })
				defer stop()
				return rate(n, func() error { return callPlugins(clients, n) })
			},
		}, nil
	}}
}

// callPlugins makes n calls, spread over plugins, and checks each value.
func callPlugins(clients []*plugged, n int) error {
	var next atomic.Int64
	var callers sync.WaitGroup
	errs := make(chan error, len(clients)*outstanding) // one for each caller
	for _, c := range clients {
		for range outstanding {
			callers.Go(func() {
				for i := int(next.Add(1)); i <= n; i = int(next.Add(1)) {
					if err := c.increment(i); err != nil {
						errs <- err
						return
					}
				}
			})
		}
	}
	callers.Wait()
	close(errs)
	return <-errs
}
