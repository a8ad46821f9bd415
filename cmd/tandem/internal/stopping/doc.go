// Package stopping decides what a signal means while calls run.
//
// # Promises
//
// The first Ctrl-C stops the input and lets what was taken finish, the second
// kills, the third gives up waiting. Asked to terminate, a run has a short time
// to finish. Output that nobody reads any more kills at once. The exit status is
// that of the first reason to stop.
//
// # Concurrency
//
// [Next] is pure: its caller owns the state.
//
// # Failure
//
// Every state knows every event.
package stopping
