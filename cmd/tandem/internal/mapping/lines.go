package mapping

import (
	"bytes"
	"io"

	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/results"
)

// Lines passes on what calls write while they run, line by line. It is for one run.
type Lines struct {
	delivery  *delivery // set by Run before a call starts
	unwritten unwritten

	// Guarded by the lock of the output.
	last byte       // that was written
	by   *callLines // who wrote it; nil before the first
}

// NewLines returns Lines for the field of that name of a Job.
func NewLines() *Lines { return new(Lines) }

// Of returns what takes the lines of a call with the input of the given number, one
// after the other, perhaps at the same time as those of other calls. Stdout and stderr
// block while the output does. End tells that what comes then is of another start of the
// call.
func (l *Lines) Of(number int, input []byte) (stdout, stderr func(lines []byte) error, end func()) {
	beginning := l.beginning(string(input))
	own := &callLines{lines: l}
	var out io.Writer
	stdout = func(p []byte) error {
		return l.write(number, func(o *output) error {
			if l.by != own {
				out = beginning(own)
			}
			before := o.writer.Buffered()
			_, err := out.Write(p)
			if err == nil && l.delivery.recorder != nil {
				l.buffered(number, own, p, before)
			}
			return err
		})
	}
	stderr = func(p []byte) error {
		return l.write(number, func(o *output) error {
			err := o.writer.Flush() // what somebody reads on one terminal comes in this order
			o.console.Stream(func(w io.Writer) { _, _ = beginning(w).Write(p) })
			return err
		})
	}
	return stdout, stderr, func() { own = &callLines{lines: l} }
}

// beginning returns what makes a writer of one that begins a line of a call.
func (l *Lines) beginning(input string) func(io.Writer) io.Writer {
	if l.delivery == nil || !l.delivery.output.tag { // nil: nothing will run
		return func(w io.Writer) io.Writer { return w }
	}
	tag := results.Tag(input)
	return func(w io.Writer) io.Writer { return results.NewTagger(w, tag) }
}

// replay writes what was left of a call in an earlier run, under the lock of the output.
func (l *Lines) replay(o *outcome.Outcome) error {
	_, err := o.Stdout.WriteTo(l.beginning(o.Input)(&callLines{lines: l}))
	return err
}

// buffered notes what is left in the buffer of lines that a start of a call has written,
// when it had so much before.
func (l *Lines) buffered(number int, start *callLines, p []byte, before int) {
	left := l.delivery.output.writer.Buffered()
	if left == 0 {
		return
	}
	if left < before+len(p) {
		l.unwritten.written() // what was there before went first
	}
	l.unwritten.add(number, start, lastLines(p, left))
}

// lastLines returns those lines at the end of p that are in the last n bytes that were
// written for it: with tags, those are more than the lines.
func lastLines(p []byte, n int) []byte {
	from := len(p) - n
	if from <= 0 {
		return p
	}
	return p[from+bytes.IndexByte(p[from-1:], '\n'):]
}

// write lets write write under the lock of the output.
func (l *Lines) write(number int, write func(o *output) error) error {
	err := l.delivery.output.stream(write)
	if err != nil {
		l.unwritten.refuse(number)
	}
	l.delivery.failed(err)
	leaveToken(l.delivery.some)
	return err
}

// callLines writes the lines of one call to standard output. Where another call, or an
// earlier start of this one, has left a line without its end, it begins a new one.
type callLines struct{ lines *Lines }

func (c *callLines) Write(p []byte) (int, error) {
	l := c.lines
	if len(p) == 0 {
		return 0, nil
	}
	if l.by != nil && l.by != c && l.last != '\n' {
		if _, err := l.delivery.output.writer.Write([]byte{'\n'}); err != nil {
			return 0, err
		}
	}
	l.by, l.last = c, p[len(p)-1]
	return l.delivery.output.writer.Write(p)
}
