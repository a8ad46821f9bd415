// Package parallel reads how many processes are to run: a number, one relative to
// the cores, or a file that says so and may change while calls run.
//
// # Promises
//
// A [Count] is the value of -p. Less than one process is one. A [File] is looked at
// when somebody asks, at most every 100 ms, and read only after it has changed. It is
// a regular file.
//
// # Concurrency
//
// A Count is a value. A File has one owner.
//
// # Failure
//
// A file that cannot be read or understood is an error at the start. Later its last
// value stays, which is said once for each time that it breaks.
package parallel
