// Package trace writes Chrome trace events, which Perfetto and chrome://tracing
// open.
//
// # Promises
//
// A process of the trace is a worker, a track in it one of the worker's threads; a
// slice is an attempt. Where each call is a process of its own, the tracks are the
// slots of one process. An attempt and the one that repeats it are joined by an
// arrow. Slices of one track do not overlap: where clocks disagree by a few
// microseconds the later slice is shortened, and where they disagree by more it
// has a track of its own.
//
// Times are microseconds from the beginning of the run, which the first events
// give as wall-clock time.
//
// # Limits
//
// Of more than [Config.Events] events, the first half is written as it comes.
// Of the others the slowest calls and a random choice are kept and written at the
// end; an event in the file and [Trace.Close] say how many are missing. What
// belongs to one call is kept or left out together.
//
// # Failure
//
// The file is an array of one event a line. It is whole JSON after each write, so
// also after a kill, which loses what some milliseconds had; where it is no regular
// file its end comes with Close. The first write that fails is the last one, and its error is returned once.
//
// # Concurrency
//
// A [Trace] may be used by several goroutines.
package trace
