package inputs

import (
	"bytes"
	"context"
	"iter"
)

// Blocks is the source of large pieces of what an origin delivers, each of whole
// lines. It reads on a goroutine of its own.
//
// A block is the longest run of lines that has at most the wanted size; a line
// that is longer is a block of its own. So nothing is cut or lost: all blocks one
// after the other are what the origin has. An origin without a byte has no block.
type Blocks struct {
	*stopper
	stream *stream
	size   int
	end    byte
	err    error // owned by the loop
}

// NewBlocks returns a source of blocks of about size bytes, which must be more
// than 0. end ends a line: a line feed, or NUL.
func NewBlocks(origin Origin, size int, end byte) *Blocks {
	stream := newStream(origin)
	return &Blocks{stopper: stream.stopper, stream: stream, size: size, end: end}
}

// Records implements [Source].
func (b *Blocks) Records() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		b.stream.begin()
		b.split(yield)
		b.err = b.stream.end()
	}
}

// Err implements [Source].
func (b *Blocks) Err() error { return b.err }

// Total implements [Source].
func (b *Blocks) Total() (int64, bool) { return 0, false }

// Count implements [Source].
func (b *Blocks) Count(ctx context.Context) (int64, error) {
	origin, err := b.stream.origin.copy()
	if err != nil {
		return 0, err
	}
	return count(ctx, NewBlocks(origin, b.size, b.end))
}

// split yields the blocks until the stream ends or the source is stopped.
func (b *Blocks) split(yield func(Record) bool) {
	var open []byte // what has no end yet
	for read := b.stream.next(); read != nil; read = b.stream.next() {
		looked := len(open) // what is before has no end for a block, unless it is shorter than one
		open = append(open, read...)
		for end := b.cut(open, looked); end > 0; end = b.cut(open, looked) {
			block, rest := open[:end:end], open[end:]
			open, looked = append(make([]byte, 0, len(rest)+blockSize), rest...), 0
			if b.over() || !yield(Record{Whole: block}) {
				return
			}
		}
	}
	// What was cut off by an error of the origin is no input.
	if b.stream.complete() && len(open) > 0 {
		yield(Record{Whole: open})
	}
}

// cut returns where the first block of text ends, 0 when it has no end yet. The
// first bytes, looked of them, were looked at before.
func (b *Blocks) cut(text []byte, looked int) int {
	if len(text) < b.size {
		return 0
	}
	if looked < b.size {
		if end := bytes.LastIndexByte(text[:b.size], b.end); end >= 0 {
			return end + 1
		}
	}
	from := max(looked, b.size)
	if end := bytes.IndexByte(text[from:], b.end); end >= 0 {
		return from + end + 1
	}
	return 0
}
