// Package stopping decides what a signal means while calls run.
//
// # Promises
//
// The first interrupt, SIGTERM or SIGHUP stops the input and lets what runs
// finish. An interrupt or SIGTERM after that kills, one more gives up waiting; a
// further SIGHUP changes nothing. Output that nobody reads any more kills at
// once. The exit status is that of the first reason to stop.
//
// # Concurrency
//
// All functions are pure: the caller owns the state.
//
// # Failure
//
// Every state knows every event.
package stopping
