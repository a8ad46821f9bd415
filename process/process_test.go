package process_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/leaktest"
	"github.com/gotandem/tandem/process"
	"github.com/gotandem/tandem/worker"
)

var double = tandem.Define("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
var odd = tandem.Define("odd", func(ctx context.Context, n int) (int, error) {
	switch n {
	case 10:
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case 20:
		time.Sleep(time.Hour)
	case 30:
		return 0, errors.New("thirty")
	case 40:
		fmt.Println("garbage")
	case 50:
		panic("fifty")
	case 60:
		os.Exit(3)
	}
	return n, nil
})

func TestMain(m *testing.M) {
	worker.Main(double, odd)
	os.Exit(leaktest.Main(m))
}

func TestSmoke(t *testing.T) {
	ctx := context.Background()
	ex, err := process.New(process.Config{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	start := time.Now()
	for v, err := range tandem.Map(ctx, ex, double, slices.Values(make([]int, 200000))) {
		if err != nil || v != 0 {
			t.Fatal(v, err)
		}
		n++
	}
	t.Log(n, time.Since(start), ex.Stats())
	var in []int
	for i := range 100 {
		in = append(in, i)
	}
	i := 0
	for v, err := range tandem.Map(ctx, ex, odd, slices.Values(in), tandem.Timeout(time.Second)) {
		if err != nil {
			t.Log(i, err)
		} else if v != i {
			t.Fatal(v, i)
		}
		i++
	}
	if i != 100 {
		t.Fatal(i)
	}
	t.Log(ex.Stats())
	if err := ex.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

func BenchmarkMap(b *testing.B) {
	ctx := context.Background()
	ex, err := process.New(process.Config{Workers: 2})
	if err != nil {
		b.Fatal(err)
	}
	defer ex.Close(ctx)
	in := make([]int, 1000000)
	for b.Loop() {
		for _, err := range tandem.Map(ctx, ex, double, slices.Values(in)) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.N)*1e6/b.Elapsed().Seconds(), "calls/s")
}

func BenchmarkOne(b *testing.B) {
	ctx := context.Background()
	ex, err := process.New(process.Config{Workers: 1})
	if err != nil {
		b.Fatal(err)
	}
	defer ex.Close(ctx)
	for b.Loop() {
		if _, err := tandem.Run(ctx, ex, double, 1); err != nil {
			b.Fatal(err)
		}
	}
}
