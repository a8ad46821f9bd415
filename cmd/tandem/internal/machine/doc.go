// Package machine reads what this machine offers: cores, memory, descriptors,
// the directory for temporary files.
//
// # Promises
//
// What the system does not tell is zero or empty, and never guessed. Limits of
// the control group count as well as those of the machine.
//
// # Concurrency
//
// All functions may be called at any time from any goroutine.
//
// # Failure
//
// A source that cannot be read leaves its facts out.
package machine
