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
	Remarks     map[string]int  `json:"remarks,omitempty"`     // what happened, and in how many rounds
}

func (o *Outcome) add(s Sample) {
	if o.Samples == nil {
		o.Samples = make([][]float64, len(s.Values))
	}
	for i, v := range s.Values {
		o.Samples[i] = append(o.Samples[i], v)
	}
	if s.Remark != "" {
		if o.Remarks == nil {
			o.Remarks = make(map[string]int)
		}
		o.Remarks[s.Remark]++
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
	Against string  // the name of the contender it was divided by
	Reached bool
}

// BaseIndex returns the index of the contender that the others are compared
// with, the first if the trial names none that it has.
func (r *Result) BaseIndex() int { return max(0, r.index(r.Trial.Base)) }

// Judge compares a contender with a goal. The error tells that the goal names a
// contender that the trial does not have.
func (r *Result) Judge(g Goal) (Verdict, error) {
	for _, name := range append([]string{g.Of, g.Against}, g.Best...) {
		if name != "" && r.index(name) < 0 {
			return Verdict{}, fmt.Errorf("trial: goal %q names %q, which is no contender", g.Text, name)
		}
	}
	more := r.Trial.Metrics[g.Metric].More
	of, against := max(0, r.index(g.Of)), r.index(g.Against)
	if len(g.Best) > 0 {
		against = r.best(g)
	}
	v := Verdict{Value: stats.Median(r.Outcomes[of].Metric(g.Metric))}
	switch {
	case against >= 0:
		v.Value, v.Against = r.Ratio(of, against, g.Metric), r.Outcomes[against].Name
	case g.Against != "" || len(g.Best) > 0:
		v.Value = math.NaN() // none of the others was measured
	}
	v.Reached = !math.IsNaN(v.Value) && (v.Value == g.Bound || (v.Value > g.Bound) == more)
	return v, nil
}

// best returns the index of the best of the contenders that a goal names, or -1
// if none of them was measured.
func (r *Result) best(g Goal) int {
	found, most := -1, math.NaN()
	for _, name := range g.Best {
		i := r.index(name)
		value := stats.Median(r.Outcomes[i].Metric(g.Metric))
		if math.IsNaN(value) {
			continue
		}
		if found < 0 || (value > most) == r.Trial.Metrics[g.Metric].More {
			found, most = i, value
		}
	}
	return found
}

func (r *Result) index(name string) int {
	for i := range r.Outcomes {
		if r.Outcomes[i].Name == name {
			return i
		}
	}
	return -1
}
