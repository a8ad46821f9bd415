package examples_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
)

// Each row of the grid is one call with the columns as arguments, in order, and
// what it learns is the same on each machine.
func TestTraining(t *testing.T) {
	p := play(t, "training")
	rows := strings.Fields(string(p.read(t, "grid.csv")))[1:]
	for i, line := range p.lines(t, len(rows)) {
		var got struct{ Rate, Penalty, Epochs, Accuracy float64 }
		if err := json.Unmarshal([]byte(line), &got); err != nil {
			t.Fatal(err)
		}
		for column, text := range strings.Split(rows[i], ",") {
			if want, err := strconv.ParseFloat(text, 64); err != nil || []float64{got.Rate, got.Penalty, got.Epochs}[column] != want {
				t.Errorf("row %d is %s, its result %s (%v)", i+1, rows[i], line, err)
			}
		}
		if got.Accuracy < 0.5 || got.Accuracy > 0.95 {
			t.Errorf("row %d: accuracy %v", i+1, got.Accuracy)
		}
	}
	if !strings.Contains(string(p.read(t, "README.md")), strings.SplitN(p.stdout, "\n", 2)[0]) {
		t.Errorf("the README has another first line than %s", p.stdout)
	}
}
