// Package tandemtest is the test kit for executors: the suite that each of them
// must pass.
//
// [RunExecutor] runs the suite. A [Spec] says how to make the executor, which
// tasks it serves and what it can do. What it cannot do is declared in
// [Capabilities], printed, and checked to be refused clearly where that can be
// checked. Nothing is skipped in silence.
//
// # Tasks
//
// Executors without shared memory can run only named tasks, so the suite uses a
// fixed set. An executor whose workers are Go programs serves [Tasks]. Workers
// in another language define functions of the same names and behavior, and the
// Spec names them with [Declared]. Inputs and outputs as JSON:
//
//	name         input                    behavior
//	double       integer n                returns 2n
//	echo         base64 text              returns it unchanged
//	hold         {"Gate","Key","Deaf"}    is led by a [Gate]: see below; returns text
//	fail         {"Kind","Text"}          ends with an error: see below
//	panic        {"Kind","Text"}          panics (capability Panics)
//	goexit       integer                  calls runtime.Goexit (capability Goexit)
//	accept       anything                 returns 1
//	unencodable  integer                  returns a value that has no encoded form
//
// hold connects to the TCP address Gate and sends the line "start KEY PID",
// where PID is the number of its process. Then it reads one line and obeys:
//
//	return TEXT    returns TEXT
//	fail TEXT      ends with an error whose text is TEXT
//	exit N         ends its process at once with status N (capability Crashes)
//
// If its context ends first, and Deaf is false, it sends the line "canceled" and
// ends with the context's error. When the connection closes, it ends with an
// error. A hold that cannot learn of cancellation behaves as if Deaf.
//
// fail ends, by Kind, with
//
//	plain       an error whose text is Text
//	wrapped     an error with the text "outer: " and Text that wraps one with the text Text
//	canceled    context.Canceled (capability ContextErrors)
//	deadline    context.DeadlineExceeded (capability ContextErrors)
//	call        a *tandem.CallError of another call (capability SharedMemory)
//
// In Python the plain error is ValueError(Text), and the wrapped one is
// RuntimeError("outer: " + Text) raised from ValueError(Text).
//
// # Concurrency
//
// The suite checks that nothing is left behind, so it must not run in parallel
// with other tests of its package.
//
// # Failure
//
// Whatever the suite waits for has a deadline of [Patience]. An executor that
// hangs fails its scenario, not the whole run, unless Close hangs too.
package tandemtest
