// Package command runs external programs as tasks: [Exec] takes a [Spec] and
// returns an [Output], on an [Executor] that implements [tandem.Executor]. A
// [Program] in [Config.Programs] is a task of its own, with typed input and
// result in JSON, that callers name with [tandem.Declare].
//
// # Promises
//
//	C1: a program is executed from its list of arguments. No shell sees them,
//	    so no character in them has a meaning. The one way to a shell is a
//	    [Template] of [ParseShell], which quotes what it inserts.
//	C2: standard output and standard error are kept apart, whole, and never
//	    mixed with those of another call: in memory, in files when they are
//	    large ([Config.Spill]), or passed on as they come ([Spec.Sink]).
//	C3: when a call has finished, its program is gone, with all processes of its
//	    process group.
//	C4: on Linux a program dies with this process, however that dies.
//	C5: a program gets descriptors 0, 1 and 2, and the environment that Config
//	    and Spec describe. Nothing else that this process opened reaches it.
//	C6: with Spill or Sink a running call needs a bounded amount of memory,
//	    whatever its program writes: the threshold for each stream, and little
//	    more. No file of Spill outlives this process, however that ends.
//
// # The life of a call
//
// A call ends when its program does. What the program left running in its group
// is then killed, and what it had written by then is kept. A shell that starts
// something in the background and wants its output must wait for it.
//
// A program is asked to end with SIGTERM to its group, followed by SIGCONT so
// that a stopped one can obey. What remains after [Config.KillGrace] gets
// SIGKILL. A timeout asks, and so does [tandem.Executor.Cancel]; output over
// [Config.MaxOutput], output that cannot be kept or passed on, and a Close whose
// context has ended kill at once.
//
// # Failure
//
// A program that ends with another status than 0, or by a signal, fails its call
// with an [*ExitError]: the task's own error, with all output. Other failures are
// [*tandem.CallError]:
//
//	what happened                         code            fate
//	no such program, bad arguments        ErrBadInput     NotStarted
//	system refused to start it            ErrWorkerStart  NotStarted
//	ran longer than its timeout           ErrTimeout      MayHaveRun
//	canceled while it ran                 ErrWorkerLost   MayHaveRun; matches context.Canceled
//	input without a field of the Template ErrBadInput     NotStarted; says what it has
//	limits refused after the start        ErrWorkerStart  MayHaveRun; Config.Memory, Config.Nice
//	wrote more than Config.MaxOutput      ErrTooLarge     MayHaveRun; Finished if it ended by itself
//	no room for the file of its output    ErrTooLarge     the same; says folder and free bytes
//	another failure of that file          ErrBadResult    the same
//	error of the Sink                     ErrBadResult    the same; wraps that error
//	executor closed by force              ErrClosed       MayHaveRun; NotStarted if it waited
//	exit status taken by other code       ErrWorkerLost   Finished
//	input of a Program has no JSON form   ErrBadInput     NotStarted
//	Program wrote no JSON, or other type  ErrBadResult    Finished; shows the first bytes
//	neither Exec nor in Config.Programs   ErrUnknownTask  NotStarted; lists what there is
//	a task without a name                 ErrNotPortable  NotStarted
//
// The errors of programs that were ended carry an [*ExitError] too, with what
// they wrote before. So ask for [*tandem.CallError] first. A program that ends
// with status 0 although it was canceled has succeeded.
//
// # Concurrency
//
// All methods may be used from several goroutines at once. A slot with calls has
// one goroutine, which starts its program, reads and writes its streams and
// waits for its end with one poll(2), and which is locked to its thread from the
// start to the end of a program: the thread whose end would kill the program
// (C4) outlives it. Where the kernel has no pidfd (Linux before 5.4, macOS, the
// BSDs) a second goroutine waits for the end. An executor without calls has no
// goroutine and no thread, only three descriptors for each slot, until Close.
//
// # Limits
//
// A process that leaves its group, as setsid does, escapes C3: the group is the
// one handle that the system gives for descendants. It does not delay the call,
// it has no stream that anybody reads, and its next write to one fails. A
// program in an uninterruptible wait of the kernel keeps its slot, and a Close,
// until the kernel lets it go. macOS and the BSDs lack C4. Other systems are
// refused by [New] with [tandem.ErrUnsupported].
package command
