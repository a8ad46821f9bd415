package summary_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/summary"
)

var began = time.Unix(1795280041, 0)

func succeeded(wall time.Duration) *outcome.Outcome {
	return &outcome.Outcome{Number: 1, Wall: wall}
}

// Of two times 95 per cent are within the longer one.
func TestPercentileOfFew(t *testing.T) {
	s := summary.New(began)
	for _, wall := range []time.Duration{time.Second, 2 * time.Second} {
		s.Add(succeeded(wall))
	}
	if r := s.Report(time.Minute, tandem.Stats{}); math.Round(r.Median) != 1 || r.P95 != 2 {
		t.Errorf("median %v, 95%% within %v", r.Median, r.P95)
	}
}

// TestMedian compares with the middle of the sorted times, after each one.
func TestMedian(t *testing.T) {
	for name, draw := range map[string]func(r *rand.Rand) time.Duration{
		"same":     func(*rand.Rand) time.Duration { return 7 * time.Millisecond },
		"even":     func(r *rand.Rand) time.Duration { return time.Duration(r.Int64N(int64(time.Second))) },
		"tiny":     func(r *rand.Rand) time.Duration { return time.Duration(r.Int64N(300)) },
		"two":      func(r *rand.Rand) time.Duration { return time.Duration(1+r.IntN(2)*1000) * time.Millisecond },
		"long":     func(r *rand.Rand) time.Duration { return time.Duration(math.Exp(20 + 3*r.NormFloat64())) },
		"any":      func(r *rand.Rand) time.Duration { return time.Duration(r.Uint64() >> (1 + r.UintN(63))) },
		"negative": func(r *rand.Rand) time.Duration { return -time.Duration(r.Int64N(10)) },
	} {
		t.Run(name, func(t *testing.T) {
			r, s := rand.New(rand.NewPCG(1, 2)), summary.New(began)
			if _, ok := s.Median(); ok {
				t.Error("a median of nothing")
			}
			var all []time.Duration
			for range 2000 {
				d := draw(r)
				at, _ := slices.BinarySearch(all, d)
				all = slices.Insert(all, at, d)
				s.Add(succeeded(d))
				got, ok := s.Median()
				want := max(1, all[(len(all)-1)/2])
				if diff := math.Abs(float64(got - want)); !ok || diff > float64(want)/200 {
					t.Fatalf("the median of %d is %v, got %v, %v", len(all), want, got, ok)
				}
			}
		})
	}
}

func TestMedianIsOfThoseThatSucceeded(t *testing.T) {
	s := summary.New(began)
	s.Add(&outcome.Outcome{Wall: time.Hour, Err: errors.New("x"), Kind: "x"})
	s.Add(&outcome.Outcome{Wall: time.Hour, Err: errors.New("x"), Cut: true})
	if _, ok := s.Median(); ok {
		t.Error("a median without a success")
	}
	s.Add(succeeded(time.Second))
	if got, ok := s.Median(); got != time.Second || !ok {
		t.Errorf("got %v, %v", got, ok)
	}
}

func TestReport(t *testing.T) {
	s := summary.New(began)
	for i := range 20 {
		o := &outcome.Outcome{Number: i + 1, Input: fmt.Sprint("in\n", i), Wall: time.Duration(i%7) * time.Second}
		if i%4 == 0 {
			o.Err, o.Kind = errors.New("x"), fmt.Sprint("kind ", i%8)
		}
		for attempt := range 1 + i%2 {
			o.Attempts = append(o.Attempts, tandem.Attempt{
				Number: attempt + 1, Slot: 1 + i%2, Thread: i % 3, PID: 10 + i%2 + 2*(i/10),
				Start: began.Add(time.Duration(1+i) * time.Second), Wall: time.Second, CPU: time.Second / 2, PeakRSS: int64(i),
			})
		}
		s.Add(o)
	}
	r := s.Report(40*time.Second, tandem.Stats{Restarts: 2})
	if r.Succeeded != 15 || r.Failed != 5 || r.Repeated != 10 || r.CPU != 15 || r.Peak != 19 {
		t.Errorf("got %+v", r)
	}
	var slow []int
	for _, c := range r.Slowest {
		slow = append(slow, c.Number)
	}
	if want := []int{7, 14, 6, 13, 20}; !slices.Equal(slow, want) {
		t.Errorf("slowest %v, want %v", slow, want)
	}
	if len(r.Failures) != 2 || r.Failures[0] != (summary.Failures{Kind: "kind 0", Count: 3, Number: 1, Input: "in\n0"}) {
		t.Errorf("failures %+v", r.Failures)
	}
	want := summary.Worker{Slot: 1, Workers: 2, Calls: 10, Threads: 3, Start: 1, Work: 10.0 / 3, Wait: 40 - 1 - 10.0/3, CPU: 5}
	if got := r.Workers[0]; math.Abs(got.Wait-want.Wait) > 1e-6 || math.Abs(got.Work-want.Work) > 1e-6 ||
		got.Slot != 1 || got.Workers != 2 || got.Calls != 10 || got.Start != 1 || got.CPU != 5 {
		t.Errorf("got %+v, want %+v", got, want)
	}
	const text = `calls     15 ok, 5 failed, 10 attempts repeated in 40.0s
times     median 3.0s, 95% within 6.0s, longest 6.0s
slowest        6.0s  input 7 (in 6)
               6.0s  input 14 (in 13)
               5.0s  input 6 (in 5)
               5.0s  input 13 (in 12)
               5.0s  input 20 (in 19)
failures          3  kind 0: input 1 (in 0)
                  2  kind 4: input 5 (in 4)
workers    attempts     start      wait      work  busy
  1              10      1.0s     35.7s      3.3s    8%
  2              20      2.0s     31.3s      6.7s   17%
  mean/2         15      1.5s     33.5s      5.0s   12%
restarts          2
`
	if got := r.Text(); got != text {
		t.Errorf("got\n%s\nwant\n%s", got, text)
	}
}

// TestBounds: a report stays short and the memory small, whatever the run was.
func TestBounds(t *testing.T) {
	s := summary.New(began)
	for i := range 20_000 {
		s.Add(&outcome.Outcome{
			Number: i + 1, Input: strings.Repeat("é", 5000), Wall: time.Duration(i), Err: errors.New("x"), Kind: fmt.Sprint(i % 1000),
			Attempts: []tandem.Attempt{{Number: 1, Slot: 1 + i, Start: began, Wall: 1}},
		})
	}
	s.Add(succeeded(1))
	r := s.Report(time.Second, tandem.Stats{Restarts: 1})
	text := r.Text()
	if n := strings.Count(text, "\n"); n > 25 {
		t.Errorf("%d lines:\n%s", n, text)
	}
	for _, want := range []string{"of 46 other kinds", "mean/4096"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	if encoded, err := json.Marshal(r); err != nil || len(encoded) > 1<<20 {
		t.Errorf("%d bytes of JSON, %v", len(encoded), err)
	}
}

func TestEmptyReport(t *testing.T) {
	r := summary.New(began).Report(0, tandem.Stats{})
	if got, want := r.Text(), "calls     0 ok, 0 failed in 0s\n"; got != want {
		t.Errorf("got %q", got)
	}
	encoded, err := json.Marshal(r)
	if err != nil || strings.Contains(string(encoded), "null") {
		t.Errorf("got %s, %v", encoded, err)
	}
}

// TestReadWhileAdding is for the race detector.
func TestReadWhileAdding(t *testing.T) {
	s := summary.New(began)
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range 2 {
		readers.Go(func() {
			for {
				s.Median()
				_ = s.Report(time.Second, tandem.Stats{}).Text()
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	for i := range 2000 {
		s.Add(succeeded(time.Duration(i)))
	}
	close(done)
	readers.Wait()
}

// FuzzMedian compares the median of any three times.
func FuzzMedian(f *testing.F) {
	f.Add(int64(1), int64(2), int64(3))
	f.Add(int64(math.MaxInt64), int64(-1), int64(255))
	f.Fuzz(func(t *testing.T, a, b, c int64) {
		s, all := summary.New(began), []int64{a, b, c}
		for _, d := range all {
			s.Add(succeeded(time.Duration(d)))
		}
		slices.Sort(all)
		got, ok := s.Median()
		if want := max(1, all[1]); !ok || math.Abs(float64(got)-float64(want)) > float64(want)/200 {
			t.Errorf("the median of %v is %v", all, got)
		}
	})
}

func BenchmarkAdd(b *testing.B) {
	s := summary.New(began)
	o := succeeded(0)
	o.Attempts = []tandem.Attempt{{Number: 1, Slot: 1, Start: began}}
	i := 0
	for b.Loop() {
		i++
		o.Wall = time.Duration(1000 + i%777*1000)
		s.Add(o)
	}
}

// TestNinetyFivePercent: that many calls took no longer, not fewer.
func TestNinetyFivePercent(t *testing.T) {
	for n, want := range map[int]float64{1: 1, 3: 3, 20: 19, 21: 20, 100: 95} {
		s := summary.New(began)
		for i := range n {
			s.Add(succeeded(time.Duration(i+1) * time.Second))
		}
		if got := s.Report(time.Second, tandem.Stats{}).P95; math.Abs(got-want) > want/200 {
			t.Errorf("of 1 to %d seconds: %v, want %v", n, got, want)
		}
	}
}
