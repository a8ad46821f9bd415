// Package joblog writes the job log of GNU parallel, which existing programs read.
//
// # Promises
//
// One line for each call that has ended, in the columns and number formats of GNU
// parallel. A command stays on its line: line feeds, carriage returns, tabs and
// NULs in it become \n, \r, \t and \0. Backslashes stay single, so that a command
// can be copied; the escapes are for reading, not for reversing.
//
// Exitval is -1 for a call that tandem ended or that did not come to an end, as
// in GNU parallel; a command that a signal ended by itself has Exitval 0 and the
// signal. A function has 0 or 1.
//
// # Concurrency
//
// A [Log] serves one goroutine.
//
// # Failure
//
// The first write that fails is the last one, and its error is returned once.
// Lines are written at once when calls are slow. When they are fast, those of
// some milliseconds are written together: a kill loses them. Nothing is resumed
// from a job log.
package joblog
