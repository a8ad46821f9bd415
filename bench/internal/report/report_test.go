package report

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotandem/tandem/bench/internal/trial"
)

func sampleResult() trial.Result {
	return trial.Result{
		Trial: trial.Trial{
			Row: 2, Title: "work", Notes: []string{"small"},
			Metrics: []trial.Metric{{Name: "time", Unit: "ns"}, {Name: "allocations", Unit: "per call"}},
			Goals:   []trial.Goal{{Text: "half of other", Against: "other", Bound: 0.5}, {Text: "at most 1", Metric: 1, Bound: 1}},
		},
		Outcomes: []trial.Outcome{
			{Name: "tandem", Samples: [][]float64{{10, 12, 11}, {1, 1, 1}}},
			{Name: "other", Samples: [][]float64{{40, 48, 44}, {2, 2, 2}}},
			{Name: "absent", Failure: "not installed", Unavailable: true},
			{Name: "broken", Failure: "exit status 1\nmore", Samples: [][]float64{{20}, {3}}},
		},
	}
}

func TestText(t *testing.T) {
	r := sampleResult()
	var b strings.Builder
	if err := Text(&b, &r); err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"row 2: work",
		"  contender  time, ns   min   max  to tandem  allocations, per call",
		"  tandem         11.0  10.0  12.0       1.00                   1.00",
		"  other          44.0  40.0  48.0       4.00                   2.00",
		"  absent     not installed",
		"  broken         20.0  20.0  20.0       2.00                   3.00  failed: exit status 1 …",
		"  goal: half of other; measured 0.25 × other: reached yes",
		"  goal: at most 1; measured 1.00: reached yes",
		"  note: small",
		"", "",
	}, "\n")
	if got := b.String(); got != want {
		t.Errorf("Text:\n%s\nwant:\n%s", got, want)
	}
}

// The column of ratios follows the trial's base, and remarks come last.
func TestTextWithABaseAndRemarks(t *testing.T) {
	r := trial.Result{
		Trial: trial.Trial{Row: 3, Title: "work", Base: "serial", Metrics: []trial.Metric{{Name: "time", Unit: "s"}}},
		Outcomes: []trial.Outcome{
			{Name: "tandem", Samples: [][]float64{{1, 1}}},
			{Name: "serial", Samples: [][]float64{{4, 4}}, Remarks: map[string]int{"slow": 2}},
		},
	}
	var b strings.Builder
	if err := Text(&b, &r); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"to serial\n", "1.00  1.00  1.00       0.25\n", "4.00  4.00  4.00       1.00  2 × slow\n"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in:\n%s", want, b.String())
		}
	}
}

// Every line of a Markdown table has as many cells as its head.
func TestMarkdownTablesAreRectangles(t *testing.T) {
	var b strings.Builder
	run := &Run{Facts: []Fact{{"cores", "2"}}, Results: []trial.Result{sampleResult()}}
	if err := Markdown(&b, run); err != nil {
		t.Fatal(err)
	}
	text := b.String()
	if !strings.HasPrefix(text, beginMarker) || !strings.HasSuffix(text, endMarker+"\n") {
		t.Errorf("no markers around:\n%s", text)
	}
	columns := 0
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		n := strings.Count(line, "|")
		if columns == 0 {
			columns = n
		}
		if n != columns {
			t.Errorf("%d bars, want %d: %s", n, columns, line)
		}
	}
	for _, want := range []string{"* cores: 2\n", "### Row 2: work\n", "| absent | not installed |", "* Goal: half of other; measured 0.25 × other: reached yes\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
}

func TestJSONKeepsEverySample(t *testing.T) {
	file := filepath.Join(t.TempDir(), "raw.json")
	if err := WriteJSON(file, &Run{Rounds: 3, Results: []trial.Result{sampleResult()}}); err != nil {
		t.Fatal(err)
	}
	encoded, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var run rawRun
	if err := json.Unmarshal(encoded, &run); err != nil {
		t.Fatal(err)
	}
	if got, want := run.Trials[0].Outcomes[1].Samples[0][2], 44.0; got != want {
		t.Errorf("sample = %v, want %v", got, want)
	}
}

func TestNumber(t *testing.T) {
	for _, test := range []struct {
		x    float64
		want string
	}{
		{0, "0"}, {0.25, "0.25"}, {0.00123, "0.0012"}, {1, "1.00"}, {12.34, "12.3"}, {123.4, "123"}, {9999, "9999"},
		{12_345, "12 345"}, {1_000_007, "1 000 007"}, {-12_345, "-12 345"}, {math.NaN(), "–"},
	} {
		if got := Number(test.x); got != test.want {
			t.Errorf("Number(%v) = %q, want %q", test.x, got, test.want)
		}
	}
}

func TestModelName(t *testing.T) {
	const cpuinfo = "processor\t: 0\nmodel name\t: Some: CPU\n"
	if got, want := modelName(cpuinfo), "Some: CPU"; got != want {
		t.Errorf("modelName = %q, want %q", got, want)
	}
	if got, want := modelName(""), "unknown"; got != want {
		t.Errorf("modelName = %q, want %q", got, want)
	}
}

func TestShortName(t *testing.T) {
	for module, want := range map[string]string{
		"github.com/alitto/pond/v2":      "pond",
		"github.com/sourcegraph/conc":    "conc",
		"golang.org/x/sync":              "sync",
		"github.com/hashicorp/go-plugin": "go-plugin",
	} {
		if got := shortName(module); got != want {
			t.Errorf("shortName(%q) = %q, want %q", module, got, want)
		}
	}
}
