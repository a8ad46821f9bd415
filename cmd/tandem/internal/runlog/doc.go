// Package runlog writes the log of a run and continues a run from it. The format
// is documented in docs/runlog.md.
//
// # Promises
//
// L1: A line that says that an output was written is written after the output:
// after a kill at any moment the last outputs may be written again, and none is
// lost.
//
// L2: A call has finished when its line is whole in the log: an end, a held whose
// output is kept, or a held without and the written that follows. What has finished
// does not run again, and nothing else is left out. With [ResumeFailed], what has
// failed has not finished. An output that was kept and that somebody took away makes
// its call unfinished.
//
// L3: What has finished is counted for each key, which is a digest of the task and
// the input's content. The n-th input with a key is left out when n have finished:
// inputs may be added, removed and reordered.
//
// L4: A held output is replayed exactly once, as long as tandem is not killed
// between writing it and the line that says so.
//
// L5: Calls that tandem itself ended have not finished.
//
// Outputs that are too large for a line are in a folder beside the log, which has the
// name of the log and ".outputs". It goes when it has none.
//
// # Concurrency
//
// A [Log] is used by two goroutines, one that plans and one that notes what has
// ended. The file is locked against other processes until Close.
//
// # Failure
//
// A write that fails is the last one, and its error is returned once. A torn last
// line is cut off by the next Open; a torn line before it is an error, because the
// file was changed by something else.
//
// # Limits
//
// Open keeps about 32 bytes for each key. A killed machine, as opposed to a killed
// process, may lose lines whose outputs it has kept: files are not synced.
package runlog
