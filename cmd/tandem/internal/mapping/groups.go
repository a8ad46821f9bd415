package mapping

import "github.com/gotandem/tandem"

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
