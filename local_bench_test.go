package tandem_test

import (
	"context"
	"slices"
	"testing"

	"github.com/gotandem/tandem"
)

var double = tandem.Define("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })

func BenchmarkSubmitWait(b *testing.B) {
	ctx := context.Background()
	ex := tandem.NewLocal(tandem.LocalConfig{})
	defer ex.Close(ctx)
	b.ReportAllocs()
	for b.Loop() {
		f, err := tandem.Submit(ctx, ex, double, 1)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := f.Wait(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSubmitManyWait(b *testing.B) {
	ctx := context.Background()
	ex := tandem.NewLocal(tandem.LocalConfig{})
	defer ex.Close(ctx)
	futures := make([]*tandem.Future[int], 0, 1000)
	b.ReportAllocs()
	for b.Loop() {
		f, err := tandem.Submit(ctx, ex, double, 1)
		if err != nil {
			b.Fatal(err)
		}
		futures = append(futures, f)
		if len(futures) == cap(futures) {
			for _, f := range futures {
				f.Wait(ctx)
			}
			futures = futures[:0]
		}
	}
}

func BenchmarkMap(b *testing.B) {
	ctx := context.Background()
	ex := tandem.NewLocal(tandem.LocalConfig{})
	defer ex.Close(ctx)
	inputs := make([]int, 100_000)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		for _, err := range tandem.Map(ctx, ex, double, slices.Values(inputs)) {
			if err != nil {
				b.Fatal(err)
			}
			n++
		}
		if n != len(inputs) {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1e5, "ns/elem")
}
