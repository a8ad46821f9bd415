// Package wire is the protocol between the engine and one worker process, as
// docs/wire.md describes it: frame headers, payloads, JSON bodies, the
// environment gate, and a reader that cuts a stream into frames.
//
// # Promises
//
// Encoding and decoding are pure functions over byte slices. Only [Reader]
// does I/O, and only by reading the io.Reader that it was given. Nothing is
// allocated for a length before that many bytes, within a constant factor,
// have arrived. Headers, payloads and array elements are parsed without
// allocation.
//
// # Concurrency
//
// Functions may be called from any goroutine. A [Reader] and a [Payloads] each
// belong to one goroutine at a time.
//
// # Failure
//
// A peer that breaks the protocol is reported as a [*ProtocolError]. A stream is
// never resynchronised: after such an error from [Reader.Next] the connection
// is to be closed, and every later call of Next returns the same error. A frame
// type that is not known is not an error: Next returns the frame and the caller
// skips it.
//
// # Limits
//
// A body has at most 4 GiB - 1 bytes by its format, and at most what the
// receiver allows. Building a larger frame panics: the sender checks first.
package wire
