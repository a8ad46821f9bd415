// Package osproc starts, watches, signals and ends operating-system processes
// for supervisors, and connects them: sockets, captured output, memory limits,
// niceness.
//
// # Promises
//
// A process is the leader of its own process group. Its life is
//
//	      leader ends           Reap
//	running ---------> exited ---------> reaped
//
//	O1: Exited is closed in exited and reaped, never in running.
//	O2: a signal is sent only before reaped. Until then the kernel keeps the
//	    process number, so no signal can hit a stranger. To a process that was
//	    adopted it goes through a pidfd, because its parent may die.
//	O3: Reap kills what is left of the group before it reaps the leader.
//	O4: on Linux the leader is killed when this program dies, however it dies:
//	    the parent-death signal follows the thread that made the process, and
//	    that thread lives as long as the [Spawner], or is the caller's own,
//	    locked until [Child.Reap], of a [Child] (golang/go#27505).
//	O5: a process gets the descriptors and the environment that its [Command]
//	    lists and nothing else of what this program opened.
//	O6: a file that output goes to has no name while it is written: it ends with
//	    its last descriptor, however this program ends.
//	O7: on Linux a process of a Spawner has its [Nice] before its first
//	    instruction: it is that of the thread, which nothing else runs on.
//	    Elsewhere, and to a Child, it is given when the file was just executed.
//
// A process of another parent can be adopted ([Adopt]): that parent reaps it when
// it is asked to. On kernels before Linux 6.9 the rest of its group is not killed
// when that parent has died first and the leader was reaped by the system.
//
// A grandchild that leaves the group with setsid escapes O3. Descriptors that
// this program was itself started with, beside 0 to 2, are passed on unless it
// makes them close-on-exec.
//
// # Concurrency
//
// All methods may be called from any goroutine, unless they say otherwise. A
// Spawner has one goroutine, locked to a thread. A Process has one goroutine
// that ends with the leader; where the kernel has pidfd (Linux 5.4) it waits in
// the runtime's poller, elsewhere it holds a thread. A [Child] belongs to one
// goroutine and has none itself where there is pidfd; a [Thread] too, but Wake
// may be called by any. An Output has one
// goroutine that ends at the end of the stream or with Close.
//
// # Failure
//
// An error from Start or from a constructor leaves nothing behind. The program
// must not wait for children that it did not start, as wait4(-1) does: it would
// take the exit status, and [Exit.Code] is then [CodeUnknown].
//
// # Limits
//
// Linux has everything. macOS and the BSDs have no parent-death signal, no
// memory limit and no resident size; a worker there notices the end of its
// socket. Other systems refuse with [ErrUnsupported].
package osproc
