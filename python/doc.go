// Package python runs calls in supervised CPython interpreters.
//
// A task is a name: "FILE.py:FUNCTION" or "PACKAGE.MODULE:FUNCTION", given to
// tandem.Declare. FILE.py is loaded once per worker, under its stem as module
// name and with its folder first on sys.path; blocks under __name__ ==
// "__main__" do not run, and nothing is pickled. FUNCTION may be a path of
// attributes, as in "shapes.py:Circle.area". It takes one positional argument.
// An async function runs in an event loop of its own, by asyncio.run.
//
// A function of several arguments is a task too. With "(*)" behind its name the
// input is an array, whose elements become its positional arguments, and with
// "(**)" an object, whose members become its arguments by name:
//
//	tandem.Declare[[]any, float64]("shapes.py:area(*)")
//	tandem.Declare[Size, float64]("shapes.py:area(**)") // Size is a struct
//
// An input that is no array or object fails its call with tandem.ErrBadInput; the
// function does not run. [Executor.Signature] tells what a function takes.
//
// # Promises
//
//   - Interpreters need nothing but CPython 3.9 or newer and its standard library.
//     The worker program is part of this package and never becomes a file.
//   - What a value crosses as follows from its type in Go, as listed below. A value
//     that cannot cross fails its call only.
//   - A raised exception is a *tandem.RemoteError with type, message, chain and
//     the traceback without the frames of the worker program. SystemExit and
//     KeyboardInterrupt end the call, not the worker.
//   - What a task prints goes to Config.Output, line by line, and cannot disturb the
//     protocol. Standard input is the null device.
//   - A result of None needs a Go type that can hold it, such as a pointer; for
//     others it fails the call with tandem.ErrBadResult.
//   - A function, file or module that cannot be loaded fails the call with
//     tandem.ErrUnknownTask, or New's workers when it is in Config.Preload. The text
//     says what exists instead, or has the traceback of the import.
//   - A crash, kill or hang costs the calls that were running in that worker. What
//     else a task can do to its worker, and what later calls in it find, is in
//     docs/guarantees.md; faults_test.go tests it.
//   - An initializer runs once in each worker before its first call. When it
//     raises, exits, ends its process or does not return, the executor's error
//     names it.
//
// # How workers come to be
//
// Config.Start says how; tandem.Stats says what came of it. With a template one
// interpreter imports what Config.Preload names, then freezes the garbage
// collector and forks a worker whenever one is wanted. The worker shares the memory
// of the imports until one of both writes to it, and takes milliseconds. The
// template is started with the first worker, and again with the next one after
// it has ended. It stays when workers are ended for being idle.
//
// The imports run in the template, so what they leave is that of a fork: files and
// connections that they opened are shared by all workers and belong into
// Config.Initializer, as does what must differ; generators of the module random
// and the global one of NumPy are seeded anew. Functions registered with atexit
// run at the end of each worker, not of the template, apart from the removal of
// temporary folders, which are those of all workers. A template whose imports
// started threads is not forked, unless they end before a fork, as those of
// OpenBLAS do.
//
// # Values
//
// A byte slice becomes bytes. When the function's first parameter is annotated
// memoryview, it becomes a memoryview that can only be read, and a large one is
// not copied: it is shared memory. It may be kept after the call; its memory is
// used again when nothing refers to it any more. A result of type []byte may be
// anything that has a contiguous buffer, also a part of the input.
//
// An [Array] becomes a numpy.ndarray that can only be read, or a memoryview
// without NumPy. A [Pickle] becomes what was pickled. Children that a task forks
// must not use memoryviews and arrays after the call has ended.
//
// Everything else is JSON. Integers of any size are exact; one that does not fit
// the type in Go fails the call, and so does one with more digits than Python
// converts (4,300). NaN, infinities, text that is not UTF-8 and lone surrogates are
// refused, not replaced, in both directions; [encoding/json.RawMessage] can hold
// lone surrogates. A number beyond the range of floats, such as 1e400, which only
// json.RawMessage and json.Number can hold, is infinite in Python. The last of
// several equal keys counts. A result without a JSON form fails its call with the
// type and the place, as in "result['x'][2] is a set".
//
// Encoded values of 64 KiB or more cross through shared memory where the system
// has memfd (Linux), up to Config.MaxFrame for each direction and worker; what
// finds no room crosses the socket. Up to 64 MiB for each direction stay with a
// worker once they were used, and count in its resident size.
//
// # The interpreter
//
// It is started with -u, so that bytes written to sys.stdout.buffer are seen at
// once; text goes out by lines, as UTF-8 with escapes for what that cannot hold
// unless PYTHONIOENCODING is set. Neither -I nor -X utf8 is given: site
// packages, PYTHONPATH and the encoding of files are those of the user's own
// runs. The variables that size thread pools of numerical libraries
// (OMP_NUM_THREADS and its relatives) are set to the processors of this
// program divided by the number of workers, unless the environment has them.
//
// # Concurrency
//
// Config.Threads calls run at once in one worker, under its one interpreter
// lock unless the build is free-threaded. With one thread, calls run in the
// interpreter's main thread. Cancellation reaches calls that have not started; a
// running Python function cannot be asked to stop, only killed by its timeout.
//
// # Failure
//
// [New] returns all problems of its Config joined. [Find] and [Probe] say what
// was looked for, where, and what to install.
//
// # Limits
//
// Config.Memory is enforced on Linux by RLIMIT_DATA: allocations beyond it raise
// MemoryError. Where that cannot be set the resident size is sampled, and a
// worker beyond the limit killed; Stats says which. Each thread's stack counts, 8 MiB on most systems. A C
// extension that keeps the interpreter lock also keeps the worker from sending
// what was answered before, and from noticing cancellation; nothing is lost.
package python
