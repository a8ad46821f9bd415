package trial

import (
	"fmt"
	"math"

	"github.com/gotandem/tandem/bench/internal/stats"
)

// Result is a trial with what became of each contender, in their order.
type Result struct {
	Trial    Trial
	Outcomes []Outcome
}

// Outcome is what was measured of one contender.
type Outcome struct {
	Name        string          `json:"name"`
	Failure     string          `json:"failure,omitempty"`     // why there are fewer samples than rounds
	Unavailable bool            `json:"unavailable,omitempty"` // it is not on this machine
	Samples     [][]float64     `json:"samples"`               // by metric, then by round
	Points      [][]stats.Point `json:"points,omitempty"`      // by round
}

func (o *Outcome) add(s Sample) {
	if o.Samples == nil {
		o.Samples = make([][]float64, len(s.Values))
	}
	for i, v := range s.Values {
		o.Samples[i] = append(o.Samples[i], v)
	}
	if s.Points != nil {
		o.Points = append(o.Points, s.Points)
	}
}

// Metric returns the samples of a metric, none if nothing was measured.
func (o *Outcome) Metric(metric int) []float64 {
	if metric >= len(o.Samples) {
		return nil
	}
	return o.Samples[metric]
}

// Ratio returns the median over the rounds of a contender's value divided by
// that of another in the same round. It is NaN if one of them has none.
func (r *Result) Ratio(contender, other, metric int) float64 {
	return stats.Median(stats.Ratios(r.Outcomes[contender].Metric(metric), r.Outcomes[other].Metric(metric)))
}

// Verdict says whether a goal was reached.
type Verdict struct {
	Value   float64 // what the goal bounds; NaN if it was not measured
	Reached bool
}

// Judge compares a contender with a goal. The error tells that the goal names a
// contender that the trial does not have.
func (r *Result) Judge(g Goal) (Verdict, error) {
	of, against := 0, -1
	for _, named := range []struct {
		name string
		at   *int
	}{{g.Of, &of}, {g.Against, &against}} {
		if named.name == "" {
			continue
		}
		if *named.at = r.index(named.name); *named.at < 0 {
			return Verdict{}, fmt.Errorf("trial: goal %q names %q, which is no contender", g.Text, named.name)
		}
	}
	value := stats.Median(r.Outcomes[of].Metric(g.Metric))
	if against >= 0 {
		value = r.Ratio(of, against, g.Metric)
	}
	reached := value <= g.Bound
	if r.Trial.Metrics[g.Metric].More {
		reached = value >= g.Bound
	}
	return Verdict{Value: value, Reached: reached && !math.IsNaN(value)}, nil
}

func (r *Result) index(name string) int {
	for i := range r.Outcomes {
		if r.Outcomes[i].Name == name {
			return i
		}
	}
	return -1
}
