// Package demo measures three kinds of work on this machine, each sequentially,
// on threads, on processes and on both.
//
// # Promises
//
// Waiting work fetches pages from a server in this process that answers late.
// Computing work repeats arithmetic. Mixed work fetches, then computes. Each is
// done in Go and in Python, by functions that do the same. Sequential is a plain
// loop in one process, without the engine. Starting workers is not counted. A
// time is the best of up to three runs, whose results are checked; the modes
// take turns. What is said about the numbers follows from them by [Verdict].
//
// # Concurrency
//
// [Measure] uses the goroutine of its caller, the server's and the executors'.
// Nothing of them is left when it returns.
//
// # Failure
//
// Without a usable Python its rows are missing and the reason is told. A wrong
// result or a call that failed ends the measurement with an error.
package demo
