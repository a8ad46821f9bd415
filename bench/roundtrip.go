package main

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/bench/internal/pingpong"
	"github.com/gotandem/tandem/bench/internal/stats"
	"github.com/gotandem/tandem/bench/internal/trial"
)

// messageSizes are the ping-pongs' messages in bytes. A call of increment is a
// frame between the two.
var messageSizes = []int{1, 64}

// roundTripTrials is row 4.
func roundTripTrials(s settings) []trial.Trial {
	n := s.size(5_000)
	bare, polled := pingPongName(pingpong.Blocking, 64), pingPongName(pingpong.Netpoller, 64)
	t := trial.Trial{
		Title:   "One call to an idle Go worker and back",
		Metrics: []trial.Metric{{Name: "median", Unit: "µs"}, {Name: "99th of 100", Unit: "µs"}},
		Goals: []trial.Goal{
			{Text: "at most 1.5 times the bare ping-pong", Against: bare, Bound: 1.5},
			{Text: "the same, with the ping-pong through Go's netpoller", Against: polled, Bound: 1.5},
		},
		Notes: []string{
			fmt.Sprintf("each measurement is the median, and the 99th percentile, of %d round trips one after the other", n),
			"blocking: both ends block in read; netpoller: both ends are a net.Conn, as in a worker",
		},
		Contenders: []trial.Contender{workerRoundTrip(n)},
	}
	for _, way := range []pingpong.Way{pingpong.Blocking, pingpong.Netpoller} {
		for _, size := range messageSizes {
			t.Contenders = append(t.Contenders, pingPongRoundTrip(way, size, n))
		}
	}
	t.Contenders = append(t.Contenders, pluginRoundTrip(n))
	return []trial.Trial{t}
}

// latencies times n round trips, one after the other. It ends early when ctx
// does.
func latencies(ctx context.Context, n int, round func(i int) error) (trial.Sample, error) {
	took := make([]float64, 0, n)
	for i := range n {
		start := time.Now()
		if err := round(i); err != nil {
			return trial.Sample{}, err
		}
		took = append(took, float64(time.Since(start))/float64(time.Microsecond))
		if i%256 == 0 && ctx.Err() != nil {
			return trial.Sample{}, context.Cause(ctx)
		}
	}
	return trial.Sample{Values: []float64{stats.Median(took), stats.Quantile(took, 0.99)}}, nil
}

func workerRoundTrip(n int) trial.Contender {
	return trial.Contender{Name: "tandem, process executor", Open: func(ctx context.Context) (trial.Session, error) {
		ex, err := openWorkers(ctx, 1, nil)
		if err != nil {
			return trial.Session{}, err
		}
		return trial.Session{Close: closing(ex), Measure: func(ctx context.Context) (trial.Sample, error) {
			return latencies(ctx, n, func(i int) error { return callOnce(ctx, ex, i) })
		}}, nil
	}}
}

// callOnce runs the trivial task and checks its value.
func callOnce(ctx context.Context, ex tandem.Executor, n int) error {
	value, err := tandem.Run(ctx, ex, increment, n)
	if err == nil && value != n+1 {
		err = fmt.Errorf("increment(%d) = %d", n, value)
	}
	return err
}

func pingPongName(way pingpong.Way, size int) string {
	return fmt.Sprintf("%s ping-pong, %d B", way, size)
}

func pingPongRoundTrip(way pingpong.Way, size, n int) trial.Contender {
	return trial.Contender{Name: pingPongName(way, size), Open: func(context.Context) (trial.Session, error) {
		p, err := pingpong.Start(executable(), way, size)
		if err != nil {
			return trial.Session{}, err
		}
		message := make([]byte, size)
		return trial.Session{Close: p.End, Measure: func(ctx context.Context) (trial.Sample, error) {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			return latencies(ctx, n, func(int) error { return p.Round(message) })
		}}, nil
	}}
}

func pluginRoundTrip(n int) trial.Contender {
	return trial.Contender{Name: "go-plugin net/rpc", Open: func(context.Context) (trial.Session, error) {
		p, err := startPlugin(nil)
		if err != nil {
			return trial.Session{}, err
		}
		return trial.Session{
			Close: func() error { return endPlugins([]*plugged{p}) },
			Measure: func(ctx context.Context) (trial.Sample, error) {
				stop := context.AfterFunc(ctx, p.client.Kill)
				defer stop()
				return latencies(ctx, n, p.increment)
			},
		}, nil
	}}
}
