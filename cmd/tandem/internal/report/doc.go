// Package report writes about calls that failed.
//
// # Promises
//
// A block names the input and its number in its first line, with what went
// wrong; indented lines follow with what is known beyond that, such as the
// traceback of another process. It ends after a bounded number of lines, and
// control characters in it are made visible.
//
// # Concurrency
//
// All functions are pure.
//
// # Failure
//
// None: an error of any type makes a block.
package report
