package tandem_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/gotandem/tandem"
)

func TestSmoke(t *testing.T) {
	ctx := context.Background()
	ex := tandem.NewLocal(tandem.LocalConfig{Threads: 2, Queue: 4})
	for _, opts := range [][]tandem.MapOption{nil, {tandem.Unordered()}, {tandem.Window(1)}, {tandem.Timeout(time.Minute)}} {
		n := 0
		for v, err := range tandem.Map(ctx, ex, double, slices.Values(make([]int, 20000)), opts...) {
			if err != nil || v != 0 {
				t.Fatal(v, err)
			}
			n++
		}
		if n != 20000 {
			t.Fatal(n)
		}
	}
	odd := tandem.Func(func(ctx context.Context, n int) (int, error) {
		switch n % 5 {
		case 1:
			panic("one")
		case 2:
			runtime.Goexit()
		case 3:
			return 0, errors.New("three")
		}
		return n, nil
	})
	var in []int
	for i := range 1000 {
		in = append(in, i)
	}
	i := 0
	for r := range tandem.Results(ctx, ex, odd, slices.Values(in), tandem.Retries(1)) {
		if r.Index != i {
			t.Fatal(r.Index, i)
		}
		if (r.Err == nil) != (i%5 == 0 || i%5 == 4) {
			t.Fatal(i, r.Err)
		}
		i++
	}
	if i != 1000 {
		t.Fatal(i)
	}
	for v := range tandem.Map(ctx, ex, double, slices.Values(in)) {
		if v == 100 {
			break
		}
	}
	fib := tandem.Task[int, int]{}
	fib = tandem.Func(func(ctx context.Context, n int) (int, error) {
		if n < 2 {
			return n, nil
		}
		f, err := tandem.Submit(ctx, ex, fib, n-1)
		if err != nil {
			return 0, err
		}
		b, err := tandem.Run(ctx, ex, fib, n-2)
		if err != nil {
			return 0, err
		}
		a, err := f.Wait(ctx)
		return a + b, err
	})
	if v, err := tandem.Run(ctx, ex, fib, 10); v != 55 || err != nil {
		t.Fatal(v, err)
	}
	slow := tandem.Func(func(ctx context.Context, n int) (int, error) { time.Sleep(time.Duration(n)); return 1, nil })
	_, err := tandem.Run(ctx, ex, slow, int(100*time.Millisecond), tandem.Timeout(10*time.Millisecond))
	fmt.Println(err, ex.Stats())
	if !errors.Is(err, tandem.ErrTimeout) {
		t.Fatal(err)
	}
	if err := ex.Close(ctx); err != nil {
		t.Fatal(err)
	}
	fmt.Println(ex.Stats())
}
