package main

import (
	"runtime"
	"time"

	"github.com/gotandem/tandem/bench/internal/trial"
)

// costMetrics are what [cost] measures.
func costMetrics(per string) []trial.Metric {
	return []trial.Metric{
		{Name: "time", Unit: "ns per " + per},
		{Name: "allocations", Unit: "per " + per},
		{Name: "memory", Unit: "bytes per " + per},
	}
}

// cost runs work, which does a thing n times, and returns what one costs in
// this process: nanoseconds, allocations and bytes allocated.
func cost(n int, work func() error) (trial.Sample, error) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	err := work()
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	each := func(total uint64) float64 { return float64(total) / float64(n) }
	return trial.Sample{Values: []float64{
		float64(took.Nanoseconds()) / float64(n),
		each(after.Mallocs - before.Mallocs),
		each(after.TotalAlloc - before.TotalAlloc),
	}}, err
}
