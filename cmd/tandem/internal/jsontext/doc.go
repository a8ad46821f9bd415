// Package jsontext appends JSON to a buffer: what a log or a trace needs for a
// line, without reflection.
//
// # Promises
//
// What is appended is valid JSON and holds no line feed, whatever the bytes of a
// text are: those that are no UTF-8 are replaced by U+FFFD. Functions return the
// longer buffer, as append does.
package jsontext
