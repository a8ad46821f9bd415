// Package results writes what calls return to standard output.
//
// # Promises
//
// A [Writer] writes what it is given in the order in which it is given, whole.
// Small results travel together, for a millisecond at most, so that a result is
// visible soon after it exists although many cost one system call.
//
// [Format.Append] writes a JSON value as one line: as it is, or for [Raw] a text
// without quotes. Surrogate escapes of a text become the bytes they stand for.
//
// # Concurrency
//
// A Writer may be used from several goroutines. Its function for errors is
// called once, on whatever goroutine met the error, without a lock held.
//
// # Failure
//
// The first error of the output ends the Writer: it reports it once, and drops
// what comes later.
package results
