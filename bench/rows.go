package main

import (
	"slices"

	"github.com/gotandem/tandem/bench/internal/trial"
)

// row is one line of the table of goals, measured in one or more trials. Rows
// 10 and 11 have no goal there: single calls, starts and streams of Python
// workers, and the workloads that mpire has published.
type row struct {
	number int
	trials func(settings) []trial.Trial
}

// rows are in the order in which they are measured.
var rows = []row{
	{1, submitTrials},
	{2, mapTrials},
	{3, processTrials},
	{4, roundTripTrials},
	{5, rateTrials},
	{6, payloadTrials},
	{7, commandTrials},
	{8, recoveryTrials},
	{8, pythonRecoveryTrials},
	{9, memoryTrials},
	{10, singleTrials},
	{10, streamTrials},
	{11, workloadTrials},
}

func rowNumbers() []int {
	var numbers []int
	for _, r := range rows {
		numbers = append(numbers, r.number)
	}
	return slices.Compact(numbers)
}
