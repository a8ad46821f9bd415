package trial_test

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotandem/tandem/bench/internal/trial"
)

// script is a contender that yields the given values, one a measurement.
type script struct {
	log    *[]string
	name   string
	values []float64
	closed int
}

var errSpent = errors.New("spent")

func (s *script) contender() trial.Contender {
	return trial.Contender{Name: s.name, Open: func(context.Context) (trial.Session, error) {
		return trial.Session{Measure: s.measure, Close: func() error { s.closed++; return nil }}, nil
	}}
}

func (s *script) measure(context.Context) (trial.Sample, error) {
	*s.log = append(*s.log, s.name)
	if len(s.values) == 0 {
		return trial.Sample{}, errSpent
	}
	v := s.values[0]
	s.values = s.values[1:]
	return trial.Sample{Values: []float64{v}}, nil
}

func forward(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	return order
}

func newTrial(contenders ...trial.Contender) trial.Trial {
	return trial.Trial{Title: "work", Metrics: []trial.Metric{{Name: "time", Unit: "ns"}}, Contenders: contenders}
}

// Each round measures every contender once, and the first round is not kept.
func TestRunInterleavesContendersAfterAWarmUp(t *testing.T) {
	var log []string
	a := &script{log: &log, name: "a", values: []float64{100, 1, 2}}
	b := &script{log: &log, name: "b", values: []float64{200, 3, 4}}
	result := trial.Run(t.Context(), newTrial(a.contender(), b.contender()), trial.Plan{Rounds: 2, Limit: time.Minute, Order: forward})

	if got, want := strings.Join(log, " "), "a b a b a b"; got != want {
		t.Errorf("order = %q, want %q", got, want)
	}
	if got, want := result.Outcomes[0].Metric(0), []float64{1, 2}; !slices.Equal(got, want) {
		t.Errorf("samples of a = %v, want %v", got, want)
	}
	if got, want := result.Outcomes[1].Metric(0), []float64{3, 4}; !slices.Equal(got, want) {
		t.Errorf("samples of b = %v, want %v", got, want)
	}
	if a.closed != 1 || b.closed != 1 {
		t.Errorf("closed %d and %d times, want once each", a.closed, b.closed)
	}
}

// The random order of a round names every contender once.
func TestRunMeasuresEveryContenderInRandomOrder(t *testing.T) {
	var log []string
	var contenders []trial.Contender
	for _, name := range []string{"a", "b", "c"} {
		s := &script{log: &log, name: name, values: make([]float64, 3)}
		contenders = append(contenders, s.contender())
	}
	trial.Run(t.Context(), newTrial(contenders...), trial.Plan{Rounds: 2, Limit: time.Minute})
	for round := range slices.Chunk(log, 3) {
		if got, want := strings.Join(slices.Sorted(slices.Values(round)), ""), "abc"; got != want {
			t.Errorf("round measured %q, want %q", got, want)
		}
	}
	if got, want := len(log), 9; got != want {
		t.Errorf("%d measurements, want %d", got, want)
	}
}

// A contender that fails keeps its samples and its reason; others go on.
func TestRunReportsContendersThatFail(t *testing.T) {
	var log []string
	spent := &script{log: &log, name: "spent", values: []float64{0, 1}}
	panics := trial.Contender{Name: "panics", Open: func(context.Context) (trial.Session, error) { panic("no") }}
	missing := trial.Contender{Name: "missing", Open: func(context.Context) (trial.Session, error) {
		return trial.Session{}, trial.Unavailable("not installed")
	}}
	short := trial.Contender{Name: "short", Open: func(context.Context) (trial.Session, error) {
		return trial.Session{Measure: func(context.Context) (trial.Sample, error) { return trial.Sample{}, nil }}, nil
	}}
	fine := &script{log: &log, name: "fine", values: make([]float64, 4)}
	result := trial.Run(t.Context(), newTrial(spent.contender(), panics, missing, short, fine.contender()),
		trial.Plan{Rounds: 3, Limit: time.Minute, Order: forward})

	for i, want := range []struct {
		failure     string
		unavailable bool
		samples     int
	}{
		{"spent", false, 1},
		{"panic: no", false, 0},
		{"not installed", true, 0},
		{"measured 0 numbers: want 1", false, 0},
		{"", false, 3},
	} {
		got := result.Outcomes[i]
		if got.Failure != want.failure || got.Unavailable != want.unavailable || len(got.Metric(0)) != want.samples {
			t.Errorf("%s: %+v, want %+v", got.Name, got, want)
		}
	}
	if spent.closed != 1 {
		t.Errorf("the contender that failed was closed %d times, want once", spent.closed)
	}
}

func TestRunEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	var log []string
	s := &script{log: &log, name: "a", values: make([]float64, 1000)}
	first := s.contender()
	last := trial.Contender{Name: "last", Open: func(context.Context) (trial.Session, error) {
		return trial.Session{Measure: func(context.Context) (trial.Sample, error) {
			cancel()
			return trial.Sample{Values: []float64{1}}, nil
		}}, nil
	}}
	trial.Run(ctx, newTrial(first, last), trial.Plan{Rounds: 999, Limit: time.Minute, Order: forward})
	if got, want := len(log), 1; got != want {
		t.Errorf("%d measurements after the end, want %d", got, want)
	}
}

func TestJudge(t *testing.T) {
	less := []trial.Metric{{Name: "time"}}
	more := []trial.Metric{{Name: "rate", More: true}}
	for _, test := range []struct {
		name    string
		metrics []trial.Metric
		first   []float64
		second  []float64
		goal    trial.Goal
		want    trial.Verdict
	}{
		{"below", less, []float64{3, 1, 2}, nil, trial.Goal{Bound: 2}, trial.Verdict{Value: 2, Reached: true}},
		{"above", less, []float64{3, 3, 3}, nil, trial.Goal{Bound: 2}, trial.Verdict{Value: 3}},
		{"more", more, []float64{3, 3, 3}, nil, trial.Goal{Bound: 2}, trial.Verdict{Value: 3, Reached: true}},
		{"less than wanted", more, []float64{1}, nil, trial.Goal{Bound: 2}, trial.Verdict{Value: 1}},
		{"ratio by round", less, []float64{1, 10}, []float64{4, 40}, trial.Goal{Against: "second", Bound: 0.25}, trial.Verdict{Value: 0.25, Against: "second", Reached: true}},
		{"of another", less, []float64{9}, []float64{1}, trial.Goal{Of: "second", Bound: 2}, trial.Verdict{Value: 1, Reached: true}},
		{"worse ratio", less, []float64{2}, []float64{4}, trial.Goal{Against: "second", Bound: 0.25}, trial.Verdict{Value: 0.5, Against: "second"}},
	} {
		result := trial.Result{
			Trial:    trial.Trial{Metrics: test.metrics},
			Outcomes: []trial.Outcome{{Name: "first", Samples: [][]float64{test.first}}, {Name: "second", Samples: [][]float64{test.second}}},
		}
		got, err := result.Judge(test.goal)
		if err != nil || got != test.want {
			t.Errorf("%s: Judge = %+v, %v, want %+v", test.name, got, err, test.want)
		}
	}
}

// A goal against the best takes the one with the best median in the direction
// of its metric, and leaves out those that were not measured.
func TestJudgeAgainstTheBest(t *testing.T) {
	outcomes := []trial.Outcome{
		{Name: "tandem", Samples: [][]float64{{6}}}, {Name: "low", Samples: [][]float64{{2}}},
		{Name: "high", Samples: [][]float64{{3}}}, {Name: "absent"},
	}
	for _, test := range []struct {
		more  bool
		names []string
		want  trial.Verdict
	}{
		{true, []string{"low", "high", "absent"}, trial.Verdict{Value: 2, Against: "high", Reached: true}},
		{false, []string{"absent", "high", "low"}, trial.Verdict{Value: 3, Against: "low"}},
	} {
		result := trial.Result{Trial: trial.Trial{Metrics: []trial.Metric{{Name: "rate", More: test.more}}}, Outcomes: outcomes}
		got, err := result.Judge(trial.Goal{Best: test.names, Bound: 1})
		if err != nil || got != test.want {
			t.Errorf("Judge against the best of %v, more %v = %+v, %v, want %+v", test.names, test.more, got, err, test.want)
		}
	}
}

// A trial may limit its rounds and go without the warm-up.
func TestRunKeepsToTheRoundsOfItsTrial(t *testing.T) {
	var log []string
	a := &script{log: &log, name: "a", values: []float64{1, 2, 3}}
	cold := newTrial(a.contender())
	cold.Rounds, cold.Cold = 2, true
	result := trial.Run(t.Context(), cold, trial.Plan{Rounds: 5, Limit: time.Minute})
	if got, want := result.Outcomes[0].Metric(0), []float64{1, 2}; !slices.Equal(got, want) {
		t.Errorf("samples = %v, want %v", got, want)
	}
}

func TestJudgeDoesNotReachWhatWasNotMeasured(t *testing.T) {
	result := trial.Result{Trial: trial.Trial{Metrics: []trial.Metric{{Name: "time"}}}, Outcomes: []trial.Outcome{{Name: "first"}}}
	verdict, err := result.Judge(trial.Goal{Bound: 1})
	if err != nil || verdict.Reached || !math.IsNaN(verdict.Value) {
		t.Errorf("Judge = %+v, %v, want no value and not reached", verdict, err)
	}
	for _, goal := range []trial.Goal{{Against: "nobody"}, {Of: "nobody"}} {
		if _, err := result.Judge(goal); err == nil {
			t.Errorf("Judge accepted %+v, which names an unknown contender", goal)
		}
	}
}
