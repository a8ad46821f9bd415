// Package shm is the black box of docs/wire.md: a file without a name, mapped by
// the parent and one worker, that outlives the worker. In it the worker keeps
// which call each of its threads runs, and the frames that it has not handed to
// the socket yet. Whatever ends the worker, the parent then knows of each call
// whether its outcome is here, it was running, or it never started.
//
// # Promises
//
// The worker counts the bytes of its stream of frames. base and committed are
// positions in it; the buffer holds the bytes from base to committed.
//
//	B1: a byte of the buffer below committed never changes while base stays.
//	B2: base moves only over bytes that the socket has taken.
//	B3: after the worker's death, what the parent received and what Salvage
//	    returns make exactly the first committed bytes of the stream, and more
//	    only while a frame was written straight to the socket.
//
// Death can come between any two stores: each operation orders its stores so
// that B1 to B3 hold after every one of them. The box does not survive the
// death of the machine.
//
// # Concurrency
//
// There is one worker side and one parent side. On the worker side Append,
// Pending, Sent and Direct need the caller's lock, one for all four. Writing the
// bytes that Pending returned needs no lock: Append may go on meanwhile, because
// it stores only behind them. Start and Clear of one thread belong to that
// thread and need no lock. On the parent side Running may be called at any time,
// and Check and Salvage after the worker has ended. Close needs that no other
// method runs or will run, and that no view from Pending is in use.
//
// The race detector does not see mapped memory.
//
// # Failure
//
// The parent believes nothing that it reads: a worker gone wrong may have
// written anywhere. Sizes come from its own memory, positions are checked.
// On Linux the file is sealed, so a worker cannot cut it. Elsewhere a worker that
// cuts the file ends the parent with SIGBUS when it reads the box.
//
// # Limits
//
// All words are in the machine's byte order. Every Unix but AIX and Solaris has
// the box; other systems refuse with [ErrUnsupported].
package shm
