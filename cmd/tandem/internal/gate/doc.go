// Package gate decides when calls start.
//
// # Promises
//
// Who starts calls passes the gate before each: [Gate.Enter] blocks until as few
// calls run as may, every [Condition] agrees and nobody holds the gate. When calls
// are short, some more are let through than may run, so that no executor waits for
// the gate: as many as end in 20 ms by the measured rate. Conditions turn that off,
// because each of them is about single starts.
//
// # Concurrency
//
// Enter belongs to one goroutine, [Gate.End] to one other, [Gate.Pass] to one more.
// The other methods may be called from anywhere. Nothing polls that can be told: an
// end, a hold and the end of the context wake Enter. Only a Condition may ask to be
// asked again, after a time, and so may the number of places.
//
// # Failure
//
// Enter returns false when its context has ended, also when a call could start.
package gate
