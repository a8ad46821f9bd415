// Package report prints the results of trials: as text for a terminal, as
// Markdown between markers for docs/benchmarks.md, and as JSON with every
// sample. It also says what the machine is.
package report
