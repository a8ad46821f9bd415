package report

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/gotandem/tandem/bench/internal/stats"
	"github.com/gotandem/tandem/bench/internal/trial"
)

// cells returns the table of a result: a line of headings, and one for each
// contender. The main metric has its range and ratio, the others their median.
func cells(r *trial.Result) [][]string {
	metrics := r.Trial.Metrics
	head := []string{"contender", heading(metrics[0]), "min", "max", "to " + base(r)}
	for _, m := range metrics[1:] {
		head = append(head, heading(m))
	}
	table := [][]string{head}
	for i := range r.Outcomes {
		table = append(table, line(r, i))
	}
	return table
}

// base is the name that the column of ratios has.
func base(r *trial.Result) string {
	if r.Trial.Base == "" {
		return "tandem"
	}
	return r.Trial.Base
}

func heading(m trial.Metric) string { return m.Name + ", " + m.Unit }

// line describes one contender. One without samples shows why.
func line(r *trial.Result, contender int) []string {
	o := &r.Outcomes[contender]
	main := o.Metric(0)
	if len(main) == 0 {
		return []string{o.Name, reason(o)}
	}
	cells := []string{
		o.Name, Number(stats.Median(main)), Number(stats.Min(main)), Number(stats.Max(main)),
		Number(r.Ratio(contender, r.BaseIndex(), 0)),
	}
	for m := 1; m < len(r.Trial.Metrics); m++ {
		cells = append(cells, Number(stats.Median(o.Metric(m))))
	}
	if o.Failure != "" {
		cells = append(cells, reason(o))
	}
	if len(o.Remarks) > 0 {
		cells = append(cells, remarks(o))
	}
	return cells
}

// remarks says what happened to a contender and how often.
func remarks(o *trial.Outcome) string {
	var parts []string
	for _, remark := range slices.Sorted(maps.Keys(o.Remarks)) {
		parts = append(parts, fmt.Sprintf("%d × %s", o.Remarks[remark], remark))
	}
	return strings.Join(parts, "; ")
}

// reason says why a contender has no samples, or not all, on one line.
func reason(o *trial.Outcome) string {
	if o.Failure == "" {
		return "not measured"
	}
	text, _, more := strings.Cut(strings.TrimSpace(o.Failure), "\n")
	if more {
		text += " …"
	}
	if o.Unavailable {
		return text
	}
	return "failed: " + text
}

// judgements returns a line for each goal of a result.
func judgements(r *trial.Result) []string {
	var lines []string
	for _, g := range r.Trial.Goals {
		verdict, err := r.Judge(g)
		if err != nil {
			lines = append(lines, "goal: "+err.Error())
			continue
		}
		lines = append(lines, fmt.Sprintf("goal: %s; measured %s: %s", g.Text, measured(g, verdict), answer(verdict)))
	}
	return lines
}

func measured(g trial.Goal, v trial.Verdict) string {
	if math.IsNaN(v.Value) {
		return "nothing"
	}
	if v.Against == "" {
		return Number(v.Value)
	}
	return Number(v.Value) + " × " + v.Against
}

func answer(v trial.Verdict) string {
	if v.Reached {
		return "reached yes"
	}
	return "reached no"
}

// Number formats x with about three digits that say something.
func Number(x float64) string {
	switch size := math.Abs(x); {
	case math.IsNaN(x):
		return "–"
	case x == 0:
		return "0"
	case size >= 100:
		return grouped(int64(math.Round(x)))
	case size >= 10:
		return fmt.Sprintf("%.1f", x)
	case size >= 0.01:
		return fmt.Sprintf("%.2f", x)
	default:
		return fmt.Sprintf("%.4f", x)
	}
}

// grouped writes n with a space between thousands.
func grouped(n int64) string {
	if n < 0 {
		return "-" + grouped(-n)
	}
	if n < 10_000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s %03d", groups(n/1000), n%1000)
}

func groups(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s %03d", groups(n/1000), n%1000)
}
