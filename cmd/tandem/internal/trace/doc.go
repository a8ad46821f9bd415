// Package trace writes Chrome trace events, which Perfetto and chrome://tracing
// open.
//
// # Promises
//
// A process of the trace is a worker, a track in it one of the worker's threads; a
// slice is an attempt. Where each call is a process of its own, the tracks are the
// slots of one process. A worker that takes the place of a dead one is a process of
// its own, with the same name. An attempt and the one that repeats it are joined by
// an arrow. Slices of one track do not overlap: where clocks disagree by a few
// microseconds a slice is shortened or moved, and where they disagree by more it
// has a track of its own. A call that did not start has no slice.
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
// # What viewers make of it
//
// make perfetto opens traces of runs in Perfetto 52.0 (its trace processor for
// WebAssembly, under node) and asks it by SQL: no error of the import, each attempt
// on a track and a process with a name, none nested in or over another, each arrow
// from an attempt to the next one of the same call, the counters, the arguments.
// The user interface of that version was looked at as well. It
//
//   - takes a quote behind a backslash as a part of the text, even where the backslash
//     is escaped, and refuses the file then (google/perfetto issue 3361): a backslash
//     that ends a text is written as \u005c;
//   - shows other escapes as they are written (a\\b, \n), unless the text has a quote;
//   - orders threads by their first event and processes by how many slices they have,
//     not by process_sort_index, which the format has for that;
//   - shows an instant of the whole trace on a track without a name: the instants here
//     belong to a thread of tandem's process, "run".
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
