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
// outcomes it had finished are delivered.
// P2: a call that overstays its timeout is ended, with its process if need be:
// its context is canceled, then the process group gets SIGTERM, then SIGKILL.
// P3: whatever ends this program ends its workers.
// P4: what workers write to their standard streams never mixes with the
// protocol, and is passed on line by line.
//
// # How a call travels
//
//	Execute -> queue -> filler --call frame--> worker
//	                      ^                      |
//	                      +-- returned --+       | result or failure frame
//	                                     |       v
//	                      supervisor <-- receiver -> outcome
//
// Each slot has three goroutines while its worker lives: the filler claims calls
// from the queue and writes frames, the receiver reads frames and finishes calls,
// the supervisor starts the worker, watches deadlines, and cleans up after it.
//
// # Failure
//
// A worker that cannot be started is tried again after growing pauses. When
// that has failed as often as the restart budget allows, the slot retires; when
// all have, waiting and new calls fail with tandem.ErrWorkerStart. A worker that
// ran a call before it died does not count against the budget.
//
// # Limits
//
// Linux has everything. Other Unix systems lack the parent-death signal, so a
// worker there ends when it notices the end of its socket; memory is limited by
// rlimit only. Windows is refused with tandem.ErrUnsupported.
package process
