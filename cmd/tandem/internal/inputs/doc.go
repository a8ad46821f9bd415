// Package inputs yields the inputs of calls: from the command line, files, tables,
// patterns of file names and ranges, and combinations of these.
//
// # Promises
//
// A [Source] yields its [Record]s in order and as they come: an input can run
// before the next one exists, and what was yielded is not held. Of combined
// sources, a [Product] holds all but the first, a [Link] none. An input may have
// any length. A last line without its end counts; an empty line is an empty input,
// but not where inputs are JSON or CSV. Bytes are kept as they are, also a carriage
// return.
//
// [Format.Encode] turns a text into a JSON value. Bytes that are no UTF-8 become
// the escapes \udc80 to \udcff, which Python knows as surrogate escapes: a file
// name of any bytes can be opened by os.fsencode or open.
//
// # Concurrency
//
// A source serves one loop. Its Stop may be called from anywhere, any number of
// times, and does not wait. What reads an [Origin] does so on a goroutine of its
// own, because opening a named pipe and reading a terminal or a pipe cannot always
// be interrupted. The source that it works for does not wait for it. It ends when
// the origin has ended; after Stop and after the loop was left, at once when it
// reads a file that the source has opened, and otherwise with the read or the
// opening that is under way.
//
// # Failure
//
// What ends a source early is an [*Error], returned by Err after the loop, with
// the name of the source. A record that is no input (a line of CSV with too few
// fields) has its own error and ends nothing; neither does a text that is no JSON
// where JSON is asked for.
package inputs
