// Package tandem runs the same task on goroutines, on worker processes, in
// Python interpreters or as commands, through one small contract.
//
// A task is a named function, made once with [Define]. A call is one request to
// run it. [Submit], [Run] and [Map] give calls to an [Executor]; what runs them
// is the executor's business, and moving from one to another changes neither
// the code around a call nor its error handling. [Local] runs calls on
// goroutines of this process and is the reference for all others.
//
// # Promises
//
// A call is carried by exactly one owner at a time and finished exactly once.
// Every failure of the engine is a [*CallError] whose [Fate] says whether the
// call may have run. A task's own error comes back as it is from executors that
// share memory, and as a [*RemoteError] from those that do not. A panic or a
// runtime.Goexit in a task is a [*PanicError], on every executor.
//
// # Blocking
//
// Whatever blocks takes a context and stops waiting when it ends. A full
// executor makes [Submit] wait; [TrySubmit] is refused instead. Inside a task,
// pass on the context that the task was given: the engine then knows that the
// task is waiting and lends its slot to other calls, so that tasks may submit
// and await calls on their own executor.
//
// # Steering
//
// [Timeout], [Retries], [RetryIf], [Priority] and [Label] are for each call. With [Steer] a
// [Handle] stops single inputs of a running [Map]; they then end as canceled calls
// do, and the others go on. Executors with workers show each attempt to the
// Observe of their configuration when it has ended: an [Attempt].
//
// # Concurrency
//
// All functions and methods may be used from several goroutines at once unless
// their comment says otherwise. What a task wrote before it returned is visible
// to whoever has seen its call finished.
package tandem
