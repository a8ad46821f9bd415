// Package inputs turns arguments and lines of standard input into the inputs of
// calls.
//
// # Promises
//
// A source yields its tokens in order and as they come: an input can run before
// the next one exists. A token may have any length. A last line without its end
// counts; an empty line is an empty input. Bytes are kept as they are, also a
// carriage return.
//
// [Format.Encode] turns a token into a JSON value. Bytes of a token that are no
// UTF-8 become the escapes \udc80 to \udcff, which Python knows as surrogate
// escapes: a file name of any bytes can be opened by os.fsencode or open.
//
// # Concurrency
//
// A source serves one loop. Its Stop may be called from anywhere, any number of
// times, and does not wait. A [Lines] reads on a goroutine of its own, because
// reading a terminal or a pipe cannot be interrupted: that goroutine ends when
// the source has ended, or with its next read after Stop.
//
// # Failure
//
// A read error ends the source and is returned by Err after the loop. A token
// that is no JSON where JSON is asked for is an error of that token alone.
package inputs
