package demo_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gotandem/tandem/cmd/tandem/internal/demo"
)

// row makes a row out of speed-ups.
func row(threads, processes, hybrid float64) demo.Row {
	return demo.Row{Workload: "mixed", Language: "Go", Calls: 8, Seconds: [4]float64{1, 1 / threads, 1 / processes, 1 / hybrid}}
}

func TestVerdictFollowsFromTheNumbers(t *testing.T) {
	tests := []struct {
		threads, processes, hybrid float64
		choice                     demo.Mode
		want                       string
	}{
		{15.8, 2, 16, demo.Threads, "mixed: Go gains most from threads (16×, processes 2.0×)."},
		{1.95, 1.98, 1.9, demo.Threads, "mixed: Go does with threads (1.9×, processes 2.0×)."},
		{1.01, 1.96, 1.97, demo.Processes, "mixed: Go needs processes (2.0×): threads gain nothing (1.0×)."},
		{1.5, 1.96, 1.97, demo.Processes, "mixed: Go gains most from processes (2.0×, threads 1.5×)."},
		{1.6, 1.9, 3.4, demo.Hybrid, "mixed: Go gains most from threads in several processes (3.4×, threads alone 1.6×, processes alone 1.9×)."},
		{0.9, 1.1, 1.2, demo.Sequential, "mixed: Go gains from none of them (threads 0.9×, processes 1.1×, both 1.2×)."},
	}
	for _, test := range tests {
		r := row(test.threads, test.processes, test.hybrid)
		if got := r.Choice(); got != test.choice {
			t.Errorf("%+v: chose %v", test, got)
		}
		if got := demo.Verdict([]demo.Row{r}); got != test.want {
			t.Errorf("got  %s\nwant %s", got, test.want)
		}
	}
}

// The choice is never slower than the fastest by more than the noise, and never
// the plain loop when something is worth its trouble.
func TestChoiceForAllNumbers(t *testing.T) {
	speeds := []float64{0.5, 0.9, 1, 1.2, 1.3, 1.5, 2, 4, 16}
	for _, a := range speeds {
		for _, b := range speeds {
			for _, c := range speeds {
				r := row(a, b, c)
				best, choice := max(a, b, c), r.Choice()
				if choice == demo.Sequential && best > 1.3 || choice != demo.Sequential && r.SpeedUp(choice)*1.16 < best {
					t.Errorf("speed-ups %v, %v, %v: chose %v", a, b, c, choice)
				}
				if demo.Verdict([]demo.Row{r}) == "" {
					t.Errorf("speed-ups %v, %v, %v: no verdict", a, b, c)
				}
			}
		}
	}
}

func TestReport(t *testing.T) {
	inPython := row(1, 1.9, 2)
	inPython.Language = "Python"
	r := &demo.Report{
		Cores: 2, Go: "Go 1.26", Python: "Python 3.14", Threads: 16, Processes: 2,
		Rows: []demo.Row{row(2, 2, 2), inPython},
	}
	want := `2 cores, Go 1.26, Python 3.14.
Seconds, and how many times as fast as a plain loop.

work   in      sequential      16 threads     2 processes          2 × 16
mixed  Go          1.00 s   0.50 s   2.0×   0.50 s   2.0×   0.50 s   2.0×
mixed  Python      1.00 s   1.00 s   1.0×   0.53 s   1.9×   0.50 s   2.0×

mixed: Go does with threads (2.0×, processes 2.0×); Python needs processes
  (1.9×): threads gain nothing (1.0×).
`
	if got := r.Text(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	r.Python, r.NoPython, r.Rows = "", "python3 is not installed", r.Rows[:1]
	if got := r.Text(); !strings.Contains(got, "\nNo Python rows: python3 is not installed\n") {
		t.Errorf("got\n%s", got)
	}
	encoded, err := json.Marshal(r.Document())
	if err != nil || !strings.Contains(string(encoded), `"speed_up":{"hybrid":2,"processes":2,"sequential":1,"threads":2}`) {
		t.Errorf("%v, %s", err, encoded)
	}
}

// The report fits a terminal of 80 columns, whatever was measured.
func TestReportFits(t *testing.T) {
	r := &demo.Report{
		Cores: 128, Go: "Go 1.26.8", Python: "CPython 3.14.0 without the GIL", Threads: 16, Processes: 128,
		NoPython: "no python3 or python on PATH: " + strings.Repeat("install Python 3.9 or newer, ", 5),
	}
	for _, workload := range demo.Workloads {
		for _, language := range []string{"Go", "Python"} {
			slow := demo.Row{Workload: workload, Language: language, Seconds: [4]float64{29.99, 19.99, 19.98, 10}}
			r.Rows = append(r.Rows, slow)
		}
	}
	for line := range strings.Lines(r.Text()) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}
