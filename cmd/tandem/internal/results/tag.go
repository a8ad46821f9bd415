package results

import (
	"bytes"
	"io"
)

// Tagger writes a tag before each line of what it is given.
type Tagger struct {
	out    io.Writer
	tag    []byte
	inside bool // a line has begun
}

// NewTagger returns a writer of tagged lines to out.
func NewTagger(out io.Writer, tag []byte) *Tagger { return &Tagger{out: out, tag: tag} }

// Tag returns what stands before the lines of an input: the input on one line, and
// a TAB.
func Tag(input string) []byte {
	tag := make([]byte, 0, len(input)+1)
	for i := range len(input) {
		c := input[i]
		if c == '\n' || c == '\r' {
			c = ' '
		}
		tag = append(tag, c)
	}
	return append(tag, '\t')
}

// End ends a line that has no end, so that the next tag begins one.
func (t *Tagger) End() error {
	if !t.inside {
		return nil
	}
	t.inside = false
	_, err := t.out.Write([]byte{'\n'})
	return err
}

// Write implements [io.Writer].
func (t *Tagger) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		if !t.inside {
			if _, err := t.out.Write(t.tag); err != nil {
				return written, err
			}
		}
		end := bytes.IndexByte(p, '\n') + 1
		t.inside = end == 0
		if end == 0 {
			end = len(p)
		}
		n, err := t.out.Write(p[:end])
		written += n
		if err != nil {
			return written, err
		}
		p = p[end:]
	}
	return written, nil
}
