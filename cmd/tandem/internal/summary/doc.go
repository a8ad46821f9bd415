// Package summary gathers what a run looked like, in memory that does not grow
// with it: how long calls took, which were slowest, why some failed, and what the
// workers did.
//
// # Promises
//
// The median is exact to half a percent: times are counted in steps of that size.
// Kinds of failures, slots and slow calls are bounded; what does not fit is
// counted together.
//
// # Concurrency
//
// One goroutine adds. Median and Report may be called by others at any time;
// Median takes no lock, so that it can be asked for before each start.
package summary
