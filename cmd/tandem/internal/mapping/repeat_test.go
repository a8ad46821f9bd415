package mapping_test

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/gate"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
)

// repeated runs calls of which odd ones fail, each start an hour after the one before at
// least, and returns how often each started.
func repeated(t *testing.T, repeats int, started func(r *trial, n, times, all int)) (starts map[int]int, counts mapping.Counts, out string) {
	t.Helper()
	var stdout bytes.Buffer
	r := newTrial(t, []string{"1", "2", "3"}, &stdout)
	r.job.Gate.Conditions = []gate.Condition{gate.NewDelay(time.Hour)}
	r.job.Options, r.job.Repeats = []tandem.MapOption{tandem.Retries(repeats)}, repeats
	var mu sync.Mutex
	var last time.Time
	all := 0
	starts = map[int]int{}
	r.job.Task = tandem.Func(func(_ context.Context, n int) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		if since := time.Since(last); since < time.Hour {
			t.Errorf("a call starts %v after the one before", since)
		}
		last = time.Now()
		starts[n]++
		all++
		started(r, n, starts[n], all)
		if n%2 == 1 && starts[n] < 4 {
			return 0, errors.New("odd")
		}
		return n * n, nil
	})
	counts, err := mapping.Run(r.job)
	if err != nil {
		t.Error(err)
	}
	return starts, counts, stdout.String()
}

// Where starts have conditions, an attempt that failed is repeated when they hold, as
// often as it may be.
func TestRepeatsWaitForConditions(t *testing.T) {
	for repeats, want := range map[int]mapping.Counts{2: count(1, 2, 0), 3: count(3, 0, 0), 5: count(3, 0, 0)} {
		inFakeTime(t, func(t *testing.T) {
			starts, counts, out := repeated(t, repeats, func(*trial, int, int, int) {})
			tries := min(repeats+1, 4)
			if starts[1] != tries || starts[2] != 1 || starts[3] != tries {
				t.Errorf("%d repeats: started %v", repeats, starts)
			}
			if counts.Succeeded != want.Succeeded || counts.Failed != want.Failed || counts.Unfinished != want.Unfinished {
				t.Errorf("%d repeats: counts %+v, want %+v", repeats, counts, want)
			}
			if text := map[bool]string{true: "1\n4\n9\n", false: "4\n"}[repeats > 2]; out != text {
				t.Errorf("%d repeats: wrote %q, want %q", repeats, out, text)
			}
		})
	}
}

// What is to start again when a drain begins has not finished.
func TestDrainRepeatsNothing(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		starts, counts, _ := repeated(t, 3, func(r *trial, _, _, all int) {
			if all == 4 {
				r.session.Drain()
			}
		})
		if starts[1]+starts[2]+starts[3] != 4 || counts.Failed != 0 || counts.Unfinished != 2 || counts.Succeeded != 1 {
			t.Errorf("started %v, counts %+v", starts, counts)
		}
	})
}

// An attempt that fails in a drain and was the last one anyhow is a failure.
func TestLastAttemptInADrain(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		_, counts, _ := repeated(t, 1, func(r *trial, n, times, _ int) {
			if n == 1 && times == 2 {
				r.session.Drain()
			}
		})
		if counts.Failed != 1 {
			t.Errorf("counts %+v", counts)
		}
	})
}

// count returns counts of inputs.
func count(succeeded, failed, unfinished int64) (c mapping.Counts) {
	c.Succeeded, c.Failed, c.Unfinished = succeeded, failed, unfinished
	return c
}
