// Package record is the record of a run: its log, GNU parallel's job log, a trace
// and the summary, behind the methods that a run calls.
//
// # Promises
//
// Each outcome is told once, by Ended, or by Held and later Written. The files have
// it with the next Flush or Close, or before. What is not asked for costs nothing.
//
// # Concurrency
//
// Plan belongs to the goroutine that reads the inputs, in their order. Sample
// and Counts may be called by any. The other methods are called one at a time.
//
// # Failure
//
// Each file reports its first error once and is then left as it is. The log is a
// promise: its error should end the run.
package record
