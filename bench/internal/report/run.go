package report

import (
	"encoding/json"
	"os"
	"time"

	"github.com/gotandem/tandem/bench/internal/trial"
)

// Run is all that one run of the comparisons has found.
type Run struct {
	Started time.Time
	Command string
	Rounds  int
	Facts   []Fact
	Results []trial.Result
}

// Fact is one thing to know about the machine or the run.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// The form of the file with raw samples.
type (
	rawRun struct {
		Started time.Time `json:"started"`
		Command string    `json:"command"`
		Rounds  int       `json:"rounds"`
		Facts   []Fact    `json:"facts"`
		Trials  []rawTest `json:"trials"`
	}
	rawTest struct {
		Row      int             `json:"row"`
		Title    string          `json:"title"`
		Metrics  []string        `json:"metrics"`
		Outcomes []trial.Outcome `json:"outcomes"`
		Goals    []string        `json:"goals"`
	}
)

// WriteJSON writes the run with every sample to a file, replacing it.
func WriteJSON(file string, run *Run) error {
	raw := rawRun{Started: run.Started, Command: run.Command, Rounds: run.Rounds, Facts: run.Facts}
	for i := range run.Results {
		r := &run.Results[i]
		test := rawTest{Row: r.Trial.Row, Title: r.Trial.Title, Outcomes: r.Outcomes, Goals: judgements(r)}
		for _, m := range r.Trial.Metrics {
			test.Metrics = append(test.Metrics, heading(m))
		}
		raw.Trials = append(raw.Trials, test)
	}
	encoded, err := json.MarshalIndent(raw, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(file, append(encoded, '\n'), 0o644)
}
