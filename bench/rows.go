package main

import "github.com/gotandem/tandem/bench/internal/trial"

// row is one line of the table of goals, measured in one or more trials.
type row struct {
	number int
	trials func(settings) []trial.Trial
}

// rows are in the order in which they are measured. Rows 5, 6 and 9 of the
// table compare Python workers.
var rows = []row{
	{1, submitTrials},
	{2, mapTrials},
	{3, processTrials},
	{4, roundTripTrials},
	{7, commandTrials},
	{8, recoveryTrials},
}

func rowNumbers() []int {
	var numbers []int
	for _, r := range rows {
		numbers = append(numbers, r.number)
	}
	return numbers
}
