// Package progress counts calls and shows how far they are.
//
// # Promises
//
// Counting costs one atomic addition. The changing line is drawn ten times a
// second at most, plain lines are written every ten seconds. No end is foretold
// when the number of inputs is not known.
//
// # Concurrency
//
// Counters may be used from several goroutines. [Start] runs one goroutine,
// which ends with the function that it returns.
//
// # Failure
//
// Nothing here can fail.
package progress
