// Package outcome is what one input came to: the value that passes from the calls
// of a run to its output, its log and its reports.
package outcome
