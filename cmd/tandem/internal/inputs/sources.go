package inputs

import (
	"bytes"
	"errors"
	"io"
	"iter"
	"sync"
)

// Record is one input.
type Record struct {
	Whole  []byte   // as it was written; the fields joined with a space when several sources combine
	Fields [][]byte // its parts; nil: Whole is the only one
	Names  []string // of the fields, shared by all records of a source; nil without a header
}

// A Source yields the tokens that become inputs.
type Source interface {
	// Tokens yields the tokens. The bytes belong to the loop and are not
	// written again. It may be called once.
	Tokens() iter.Seq[[]byte]

	// Stop makes Tokens end before the next token.
	Stop()

	// Err returns why Tokens ended early, after it has ended; nil for Stop.
	Err() error
}

// stopper ends a source.
type stopper struct {
	once    sync.Once
	stopped chan struct{}
}

func newStopper() *stopper { return &stopper{stopped: make(chan struct{})} }

func (s *stopper) Stop() { s.once.Do(func() { close(s.stopped) }) }

func (s *stopper) over() bool {
	select {
	case <-s.stopped:
		return true
	default:
		return false
	}
}

// List is the source of inputs that stand on the command line.
type List struct {
	*stopper
	tokens []string
}

// NewList returns a source of tokens.
func NewList(tokens []string) *List { return &List{newStopper(), tokens} }

// Tokens implements [Source].
func (l *List) Tokens() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for _, token := range l.tokens {
			if l.over() || !yield([]byte(token)) {
				return
			}
		}
	}
}

// Err implements [Source].
func (l *List) Err() error { return nil }

const (
	// blockSize is how much is read at once. Smaller means more system calls,
	// larger more memory held by the inputs of a window.
	blockSize = 64 << 10

	// leastRoom is how much of a block must be free for another read into it.
	leastRoom = 4 << 10
)

// Lines is the source of inputs that a reader delivers, each ended by end.
type Lines struct {
	*stopper
	reader  io.Reader
	end     byte
	reading sync.WaitGroup
	failure error // owned by the reading goroutine until it closes the blocks
	err     error // owned by the loop
}

// NewLines returns a source of what r delivers. end ends a token: a line feed,
// or NUL.
func NewLines(r io.Reader, end byte) *Lines {
	return &Lines{stopper: newStopper(), reader: r, end: end}
}

// Tokens implements [Source].
func (l *Lines) Tokens() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		blocks := make(chan []byte)
		l.reading.Go(func() { l.read(blocks) })
		l.split(blocks, yield)
		l.Stop()
	}
}

// Err implements [Source].
func (l *Lines) Err() error { return l.err }

// read delivers what the reader has, as it comes, and closes blocks at the end.
func (l *Lines) read(blocks chan<- []byte) {
	defer close(blocks)
	var block []byte
	for {
		if cap(block)-len(block) < leastRoom {
			block = make([]byte, 0, blockSize)
		}
		from := len(block)
		n, err := l.reader.Read(block[from:cap(block)])
		block = block[:from+n]
		if n > 0 {
			select {
			case blocks <- block[from:len(block):len(block)]:
			case <-l.stopped:
				return
			}
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				l.failure = err
			}
			return
		}
	}
}

// split yields the tokens of the blocks until they end or the source is stopped.
// A token within one block is not copied.
func (l *Lines) split(blocks <-chan []byte, yield func([]byte) bool) {
	var begun []byte // a token whose end has not come
	for {
		var block []byte
		var more bool
		select {
		case block, more = <-blocks:
		case <-l.stopped:
			return
		}
		if !more {
			l.err = l.failure
			if len(begun) > 0 && l.err == nil {
				yield(begun)
			}
			return
		}
		for at := bytes.IndexByte(block, l.end); at >= 0; at = bytes.IndexByte(block, l.end) {
			token := block[:at:at]
			if begun != nil {
				token, begun = append(begun, token...), nil
			}
			block = block[at+1:]
			if l.over() || !yield(token) {
				return
			}
		}
		if len(block) > 0 {
			begun = append(begun, block...)
		}
	}
}
