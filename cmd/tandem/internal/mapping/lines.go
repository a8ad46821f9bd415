package mapping

import (
	"io"

	"github.com/gotandem/tandem/cmd/tandem/internal/results"
)

// Lines passes on what calls write while they run, line by line. It is for one run.
type Lines struct {
	delivery *delivery // set by Run before a call starts

	// Guarded by the lock of the output.
	last byte       // that was written
	by   *callLines // who wrote it; nil before the first
}

// NewLines returns Lines for the field of that name of a Job.
func NewLines() *Lines { return new(Lines) }

// Of returns what takes the lines of a call with the given input, one after the other,
// perhaps at the same time as those of other calls. Stdout and stderr block while the
// output does. End tells that what comes then is of another start of the call.
func (l *Lines) Of(input []byte) (stdout, stderr func(lines []byte) error, end func()) {
	beginning := func(w io.Writer) io.Writer { return w } // writes what begins a line
	if l.delivery != nil && l.delivery.output.tag {       // nil: nothing will run
		tag := results.Tag(string(input))
		beginning = func(w io.Writer) io.Writer { return results.NewTagger(w, tag) }
	}
	own := &callLines{lines: l}
	var out io.Writer
	stdout = func(p []byte) error {
		return l.write(func(*output) error {
			if l.by != own {
				out = beginning(own)
			}
			_, err := out.Write(p)
			return err
		})
	}
	stderr = func(p []byte) error {
		return l.write(func(o *output) error {
			err := o.writer.Flush() // what somebody reads on one terminal comes in this order
			o.console.Stream(func(w io.Writer) { _, _ = beginning(w).Write(p) })
			return err
		})
	}
	return stdout, stderr, func() { own = &callLines{lines: l} }
}

// write lets write write under the lock of the output.
func (l *Lines) write(write func(o *output) error) error {
	err := l.delivery.output.stream(write)
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
