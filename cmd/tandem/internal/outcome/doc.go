// Package outcome is what one input came to: the value that passes from the calls
// of a run to its output, its log and its reports.
//
// # Promises
//
// A [Stream] has all that a call wrote, in memory or in a file.
//
// # Concurrency
//
// An [Outcome] has one owner at a time.
//
// # Failure
//
// Whoever has an outcome last closes its streams; what is forgotten costs a
// descriptor until the collector finds it.
package outcome
