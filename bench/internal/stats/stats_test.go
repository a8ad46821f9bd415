package stats_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/gotandem/tandem/bench/internal/stats"
)

func TestQuantile(t *testing.T) {
	for _, test := range []struct {
		name string
		xs   []float64
		q    float64
		want float64
	}{
		{"one value", []float64{7}, 0.99, 7},
		{"odd median", []float64{9, 1, 5}, 0.5, 5},
		{"even median", []float64{4, 1, 3, 2}, 0.5, 2.5},
		{"least", []float64{3, 1, 2}, 0, 1},
		{"greatest", []float64{3, 1, 2}, 1, 3},
		{"interpolated", []float64{0, 10}, 0.9, 9},
		{"below the range", []float64{1, 2}, -1, 1},
		{"above the range", []float64{1, 2}, 2, 2},
		{"equal values", []float64{2, 2, 2, 2}, 0.3, 2},
	} {
		if got := stats.Quantile(test.xs, test.q); math.Abs(got-test.want) > 1e-12 {
			t.Errorf("%s: Quantile(%v, %v) = %v, want %v", test.name, test.xs, test.q, got, test.want)
		}
	}
}

func TestOrderStatisticsOfNothingAreNotNumbers(t *testing.T) {
	for name, f := range map[string]func([]float64) float64{"Median": stats.Median, "Min": stats.Min, "Max": stats.Max} {
		if got := f(nil); !math.IsNaN(got) {
			t.Errorf("%s(nil) = %v, want NaN", name, got)
		}
	}
}

func TestOrderStatisticsLeaveTheirArgumentAlone(t *testing.T) {
	xs := []float64{3, 1, 2}
	stats.Median(xs)
	if want := []float64{3, 1, 2}; !slices.Equal(xs, want) {
		t.Errorf("xs = %v after Median, want %v", xs, want)
	}
}

func TestRatios(t *testing.T) {
	for _, test := range []struct {
		name         string
		xs, ys, want []float64
	}{
		{"pairs", []float64{2, 9}, []float64{1, 3}, []float64{2, 3}},
		{"zero divisor", []float64{2, 9}, []float64{0, 3}, []float64{3}},
		{"unequal lengths", []float64{2, 9, 4}, []float64{1, 3}, []float64{2, 3}},
		{"nothing", nil, []float64{1}, nil},
	} {
		if got := stats.Ratios(test.xs, test.ys); !slices.Equal(got, test.want) {
			t.Errorf("%s: Ratios = %v, want %v", test.name, got, test.want)
		}
	}
}

func TestFit(t *testing.T) {
	for _, test := range []struct {
		name             string
		points           []stats.Point
		intercept, slope float64
	}{
		{"two points", []stats.Point{{X: 1, Y: 3}, {X: 3, Y: 7}}, 1, 2},
		{"exact line", []stats.Point{{X: 100, Y: 90}, {X: 500, Y: 410}, {X: 1000, Y: 810}, {X: 2000, Y: 1610}}, 10, 0.8},
		{"errors that cancel", []stats.Point{{X: 0, Y: 1}, {X: 0, Y: -1}, {X: 2, Y: 5}, {X: 2, Y: 3}}, 0, 2},
		{"level", []stats.Point{{X: 1, Y: 4}, {X: 2, Y: 4}, {X: 9, Y: 4}}, 4, 0},
		{"falling", []stats.Point{{X: 0, Y: 4}, {X: 2, Y: 0}}, 4, -2},
		{"repeated x", []stats.Point{{X: 1, Y: 1}, {X: 1, Y: 3}, {X: 2, Y: 4}}, 0, 2},
	} {
		line, err := stats.Fit(test.points)
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
			continue
		}
		if math.Abs(line.Intercept-test.intercept) > 1e-9 || math.Abs(line.Slope-test.slope) > 1e-9 {
			t.Errorf("%s: Fit = %+v, want intercept %v and slope %v", test.name, line, test.intercept, test.slope)
		}
	}
}

// An error of a tenth of a large value does not hide a small intercept.
func TestFitRelative(t *testing.T) {
	points := []stats.Point{{X: 1, Y: 11}, {X: 1, Y: 11}, {X: 1000, Y: 1100}, {X: 10_000, Y: 9000}}
	line, err := stats.FitRelative(points)
	if err != nil || math.Abs(line.Intercept-10) > 0.5 || math.Abs(line.Slope-1) > 0.1 {
		t.Errorf("FitRelative = %+v, %v, want intercept 10 and slope 1", line, err)
	}
	if _, err := stats.FitRelative(nil); !errors.Is(err, stats.ErrNoLine) {
		t.Errorf("of nothing: error = %v, want ErrNoLine", err)
	}
}

func TestFitRefusesPointsWithoutALine(t *testing.T) {
	for name, points := range map[string][]stats.Point{
		"none":       nil,
		"one":        {{X: 1, Y: 1}},
		"one x only": {{X: 1, Y: 1}, {X: 1, Y: 2}},
	} {
		if _, err := stats.Fit(points); !errors.Is(err, stats.ErrNoLine) {
			t.Errorf("%s: error = %v, want ErrNoLine", name, err)
		}
	}
}
