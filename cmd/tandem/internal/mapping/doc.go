// Package mapping runs one "tandem map": inputs to calls, calls to results,
// failures to messages.
//
// # Promises
//
// Results reach the output in the order of the inputs, or as they finish when
// the options say so. Each failed input has one message. A [Session] turns
// signals into what package stopping decides, and [Run] returns when every call
// that was taken has ended.
//
// # Concurrency
//
// A Session owns one goroutine, from [NewSession] to [Session.End] or
// [Session.Leave]. Run uses the goroutine of its caller, those of [tandem.Results],
// and one that writes, so that an output that is blocked holds up nothing else.
//
// # Failure
//
// Failed inputs are counted and do not end a run. What does end it (the output,
// the input) is a [*Failure] with the exit status that belongs to it.
package mapping
