"""The Python worker of tandem: runs calls that the engine sends to this interpreter.

``docs/wire.md`` is the protocol. The modules, in the order in which they build
on each other:

=========== ==================================================================
descriptors where the descriptors of this program are
memory      how much memory is in use
frames      frame headers, to and from bytes
outbox      the black box and the socket: what was answered survives a crash
arena       memory that is shared with the engine, for large values
values      JSON inputs and results, and what exactly is wrong with a bad one
failures    exceptions as failures
array       arrays in NumPy's file format
pickling    pickled inputs and results
tasks       names such as ``FILE.py:FUNCTION``, and the functions they mean
calls       accepted calls, and the queue in which they wait
exchange    inputs and results that are not small JSON
runner      one thread that runs calls
reader      the thread that reads the socket
template    the process that workers are forked from
start       from the setup frame to serving
=========== ==================================================================

Threads: the *main thread* runs calls when the worker has one thread, so that
code that needs it (signal handlers, some GUI and C libraries) works; otherwise
it waits for the threads that do. The *reader* always reads the socket. The
*flusher* sends what would wait too long behind a running call. A template has
the main thread only.

Only the standard library is used, and nothing newer than Python 3.9.
"""
