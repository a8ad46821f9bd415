// Package fault marks points at which tests make a worker fail.
//
// # Promises
//
// In a program that never calls [Arm], which is every program but a test binary,
// a point is one comparison with nil and does nothing. No environment is read
// and no build tag is needed: what is tested is what is shipped.
//
// # Concurrency
//
// [Arm] must return before any point can be reached: it is called in TestMain,
// before worker.Main. Points are reached from any goroutine.
//
// # Failure
//
// What an armed point does is up to the test: it may panic, end the process, or
// never return.
package fault
