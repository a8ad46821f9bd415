package inputs

import (
	"bytes"
	"context"
	"io"
	"iter"
)

// Lines is the source of inputs that an origin delivers, each ended by the same
// byte. It reads on a goroutine of its own.
type Lines struct {
	*stopper
	stream    *stream
	end       byte
	skipBlank bool
	err       error // owned by the loop
}

// NewLines returns a source of what r delivers. end ends an input: a line feed,
// or NUL. Errors call r "standard input".
func NewLines(r io.Reader, end byte) *Lines { return NewText(FromReader("standard input", r), end) }

// NewText returns a source of what the origin delivers. end ends an input: a
// line feed, or NUL.
func NewText(origin Origin, end byte) *Lines {
	stream := newStream(origin)
	return &Lines{stopper: stream.stopper, stream: stream, end: end}
}

// NewJSONLines is [NewText] for inputs that are JSON: what is empty or blank is
// none.
func NewJSONLines(origin Origin, end byte) *Lines {
	l := NewText(origin, end)
	l.skipBlank = true
	return l
}

// Records implements [Source].
func (l *Lines) Records() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		l.stream.begin()
		l.split(yield)
		l.err = l.stream.end()
	}
}

// Err implements [Source].
func (l *Lines) Err() error { return l.err }

// Total implements [Source].
func (l *Lines) Total() (int64, bool) { return 0, false }

// Count implements [Source].
func (l *Lines) Count(ctx context.Context) (int64, error) {
	origin, err := l.stream.origin.copy()
	if err != nil {
		return 0, err
	}
	ahead := NewText(origin, l.end)
	ahead.skipBlank = l.skipBlank
	return count(ctx, ahead)
}

// split yields the inputs of the blocks until they end or the source is stopped.
// An input within one block is not copied.
func (l *Lines) split(yield func(Record) bool) {
	var begun []byte // an input whose end has not come
	for block := l.stream.next(); block != nil; block = l.stream.next() {
		for at := bytes.IndexByte(block, l.end); at >= 0; at = bytes.IndexByte(block, l.end) {
			token := block[:at:at]
			if begun != nil {
				token, begun = append(begun, token...), nil
			}
			block = block[at+1:]
			if l.skipBlank && isBlank(token) {
				continue
			}
			if l.over() || !yield(Record{Whole: token}) {
				return
			}
		}
		if len(block) > 0 {
			begun = append(begun, block...)
		}
	}
	// What was cut off by an error of the origin is no input.
	if l.stream.complete() && len(begun) > 0 && !(l.skipBlank && isBlank(begun)) {
		yield(Record{Whole: begun})
	}
}

// isBlank reports whether a text has nothing but what JSON allows between values.
func isBlank(text []byte) bool { return len(bytes.TrimLeft(text, " \t\r\n")) == 0 }
