// Package results writes what calls return to standard output.
//
// # Promises
//
// A [Writer] writes what it is given in the order in which it is given, whole.
// Small results travel together until somebody flushes them, much is written at
// once, and what is in a file is copied without being read. A [Tagger] puts a text
// before each line.
//
// [Format.Append] writes a JSON value as one line: as it is, or for [Raw] a text
// without quotes. Surrogate escapes of a text become the bytes they stand for.
//
// # Concurrency
//
// Everything here belongs to one goroutine at a time.
//
// # Failure
//
// The first error of an output stays: everything later returns it and writes nothing.
package results
