package mapping

import (
	"fmt"

	"github.com/gotandem/tandem"
)

// GroupsOf returns a function for [Work] that returns the process groups of the
// workers of ex. Each worker leads its own.
func GroupsOf(ex tandem.Executor) func() []int {
	return func() []int {
		var groups []int
		for _, worker := range ex.Stats().Workers {
			if worker.PID > 0 {
				groups = append(groups, worker.PID)
			}
		}
		return groups
	}
}

// RunningIn returns a function for [Work] that names the processes of ex that have
// calls.
func RunningIn(ex tandem.Executor) func() []string {
	return func() []string {
		var lines []string
		for _, worker := range ex.Stats().Workers {
			if worker.Running > 0 {
				lines = append(lines, fmt.Sprintf("process %d: %d sent and not answered", worker.PID, worker.Running))
			}
		}
		return lines
	}
}
