package osproc

import (
	"bytes"
	"strings"
	"sync"
)

// MaxLine is the longest line that an [Output] gives at once, in bytes. A longer
// one comes in pieces. More costs memory for each stream; less cuts more lines.
const MaxLine = 64 << 10

// Bounds of [Output.Tail]: enough for the end of a stack trace, small enough
// for an error text.
const (
	tailBytes = 4 << 10
	tailLines = 20

	// tailKept leaves room for the line ends before and after those bytes.
	tailKept = tailBytes + 2
)

// lineSplitter cuts a stream into lines. The bytes of the stream are put into
// space, then announced by advance. It is used by one goroutine.
type lineSplitter struct {
	emit func(line []byte)
	buf  []byte // its length is the longest line
	fill int    // buf[:fill] is the start of an unfinished line
	cut  bool   // the last piece given was the start of this line
}

// space returns where the next bytes go. It is never empty.
func (s *lineSplitter) space() []byte { return s.buf[s.fill:] }

// advance takes n bytes of space and emits the lines that they end.
func (s *lineSplitter) advance(n int) {
	end := s.fill + n
	start, search := 0, s.fill
	for {
		i := bytes.IndexByte(s.buf[search:end], '\n')
		if i < 0 {
			break
		}
		s.endLine(s.buf[start : search+i])
		start = search + i + 1
		search = start
	}
	s.fill = copy(s.buf, s.buf[start:end])
	if s.fill == len(s.buf) {
		s.emit(s.buf)
		s.fill = 0
		s.cut = true
	}
}

// endLine emits a line, or the last piece of one. The piece is empty when the
// line was a whole number of pieces long.
func (s *lineSplitter) endLine(line []byte) {
	if len(line) > 0 || !s.cut {
		s.emit(line)
	}
	s.cut = false
}

// finish emits the last line if the stream did not end it.
func (s *lineSplitter) finish() {
	if s.fill > 0 {
		s.endLine(s.buf[:s.fill])
	}
	s.fill = 0
}

// tail keeps the end of a stream.
type tail struct {
	mu      sync.Mutex
	last    []byte // guarded by mu: at most 2*tailKept
	dropped bool   // guarded by mu: bytes before last are gone
}

// Tail keeps the end of lines as [Output.Tail] does. It is used by one goroutine
// at a time. The zero value is empty.
type Tail struct{ kept tail }

// Record adds a line, which has no line end.
func (t *Tail) Record(line []byte) {
	t.kept.record(line)
	t.kept.record([]byte{'\n'})
}

// Reset forgets all lines.
func (t *Tail) Reset() { t.kept.last, t.kept.dropped = t.kept.last[:0], false }

// String returns the last lines, without the last line end.
func (t *Tail) String() string { return t.kept.String() }

func (t *tail) record(chunk []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(chunk) > tailKept {
		t.dropped = true
		t.last = t.last[:0]
		chunk = chunk[len(chunk)-tailKept:]
	}
	if len(t.last)+len(chunk) > 2*tailKept {
		t.dropped = true
		keep := copy(t.last, t.last[len(t.last)-tailKept:])
		t.last = t.last[:keep]
	}
	t.last = append(t.last, chunk...)
}

// String returns whole lines, except when the last tailBytes hold no line end.
func (t *tail) String() string {
	t.mu.Lock()
	text, dropped := string(t.last), t.dropped
	t.mu.Unlock()

	text = strings.TrimSuffix(text, "\n")
	if len(text) > tailBytes {
		// One byte more: a line end just before the window keeps its first line.
		text, dropped = text[len(text)-tailBytes-1:], true
	}
	if dropped {
		if _, whole, found := strings.Cut(text, "\n"); found {
			text = whole
		}
	}
	text = text[max(0, len(text)-tailBytes):]
	return lastLines(text, tailLines)
}

func lastLines(text string, n int) string {
	start := len(text)
	for range n {
		start = strings.LastIndexByte(text[:start], '\n')
		if start < 0 {
			return text
		}
	}
	return text[start+1:]
}
