// Package process runs calls in supervised worker processes: copies of this
// program that serve with package worker, or another runtime such as a Python
// interpreter.
//
// # Promises
//
// An executor has a fixed number of slots, and each has at most one worker.
//
// P1: a crash, kill, hang or exhausted memory costs the calls that were running
// in that worker. Calls that were sent to it and had not started run elsewhere;
// outcomes it had finished are delivered. Only a worker that writes nonsense to
// its socket can cost more: outcomes behind the nonsense are lost, and calls
// that may have had one fail with fate MayHaveRun.
// P2: a call that overstays its timeout is ended, with its process if need be:
// its context is canceled, then the process group gets SIGTERM, then SIGKILL. A
// call with a timeout that its worker does not start, although it runs nothing,
// moves to another worker after the timeout, or the handshake timeout if that is
// longer. Without a timeout, calls of a stopped worker wait until it goes on.
// P3: whatever ends this program ends its workers.
// P4: what workers write to their standard streams never mixes with the
// protocol, and is passed on line by line.
//
// # How a call travels
//
//	Execute -> queue -> filler --call frame--> worker
//	                      ^                      |
//	                      +-- returned --+       | result, run or failure frame
//	                                     |       v
//	                      supervisor <-- receiver -> outcome
//
// Each slot has three goroutines while its worker lives: the filler claims calls
// from the queue and writes frames, the receiver reads frames and finishes calls,
// the supervisor starts the worker, watches deadlines, and cleans up after it.
//
// What is sent to a worker cannot be overtaken, so only short calls are sent in
// advance of a free thread, as many as take about two milliseconds.
//
// # Templates
//
// A Runtime with a [Template] has its workers forked from one process, which the
// executor starts with the first worker, again with the next worker after it has ended, and
// ends last. It stays the workers' parent: the executor watches each through
// a pidfd, kills its group, and only then has the template reap it, so P1 to P4 hold as for
// workers that were started. A template that ends takes its workers along, and
// nobody can tell their exit status then. One that does not fork a worker within
// the handshake timeout is ended.
//
// # Failure
//
// A worker that cannot be started is tried again after growing pauses. When
// that has failed as often as the restart budget allows, the slot retires; when
// all have, waiting and new calls fail with tandem.ErrWorkerStart. One that
// says why it cannot serve, or is late when none was ready before, is not tried
// again. A worker that
// was given a call before it died does not count against the budget. If it died
// before it started the call, the next one is given one call at a time; a call
// that ends workers in this way again fails with tandem.ErrWorkerLost and fate
// NotStarted.
//
// # Limits
//
// Linux has everything. Other Unix systems lack the parent-death signal, so a
// worker there ends when it notices the end of its socket; memory is limited by
// rlimit only. Windows is refused with tandem.ErrUnsupported.
package process
