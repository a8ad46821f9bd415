// Package worker is the side of a worker process that is written in Go: it
// serves the calls that an executor of package process sends.
//
// # Use
//
// A program calls [Main] with its tasks as the first thing in main, and in
// TestMain. Started by a user, it returns at once; started as a worker, it
// serves and never returns. Package variables are set and init functions run in
// the worker too, before Main: [IsWorker] tells them where they are.
//
// # Promises
//
// W1: a call is noted in the black box before its function runs, and its outcome
// is there before the note is replaced.
// W2: the socket is always being read: calls are canceled, and the end of the
// parent is noticed, whatever the tasks do.
// W3: a result waits for others at most a millisecond before it is sent.
//
// # Failure
//
// A panic or Goexit in a task is an outcome. When the parent is gone, or breaks
// the protocol, the worker ends at once; running tasks are not waited for. When
// the parent is gone it takes its own children with it.
package worker
