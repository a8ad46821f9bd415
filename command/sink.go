package command

import "bytes"

// Sink gets the output of a program as it comes. Its methods are called by one
// goroutine, one at a time. What they get is valid only during the call. While
// one blocks, nothing is read, so that a program that goes on writing blocks too;
// its timeout and its cancellation then wait as well. So a method that blocks
// must return in the end.
//
// An error fails the call with ErrBadResult; the program is killed.
type Sink interface {
	// Stdout gets what was written to standard output.
	Stdout(p []byte) error

	// Stderr gets what was written to standard error.
	Stderr(p []byte) error

	// End says that the program has ended and nothing more comes. It is called
	// once for each time that the program was started, also after an error.
	End() error
}

// longestLine is how much of a line [LineSink] holds. More keeps longer lines
// whole; less needs less memory, for each stream of each running call.
const longestLine = 1 << 20

// LineSink is a [Sink] that passes on whole lines. A line of which 1 MiB is there
// without its end is passed on in parts, so that memory stays bounded: lines of
// other programs can come between the parts.
type LineSink struct {
	stdout, stderr lineBuffer
}

// NewLineSink returns a LineSink. Each function gets one or more whole lines at
// once, with their line ends. What has none is the part of a longer line, or the
// end of the stream. The bytes are valid only during the call. A nil function
// drops what it would get.
func NewLineSink(stdout, stderr func(lines []byte) error) *LineSink {
	return &LineSink{lineBuffer{emit: stdout}, lineBuffer{emit: stderr}}
}

// Stdout implements [Sink].
func (s *LineSink) Stdout(p []byte) error { return s.stdout.take(p) }

// Stderr implements [Sink].
func (s *LineSink) Stderr(p []byte) error { return s.stderr.take(p) }

// End implements [Sink]: it passes on lines whose end did not come.
func (s *LineSink) End() error {
	err := s.stdout.flush()
	if errErr := s.stderr.flush(); err == nil {
		err = errErr
	}
	return err
}

// lineBuffer holds the beginning of a line.
type lineBuffer struct {
	emit func([]byte) error
	rest []byte
}

func (b *lineBuffer) take(p []byte) error {
	if b.emit == nil {
		return nil
	}
	if end := bytes.LastIndexByte(p, '\n') + 1; end > 0 {
		lines := p[:end]
		if len(b.rest) > 0 {
			lines = append(b.rest, lines...)
			b.rest = lines[:0]
		}
		if err := b.emit(lines); err != nil {
			return err
		}
		p = p[end:]
	}
	b.rest = append(b.rest, p...)
	if len(b.rest) >= longestLine {
		return b.flush()
	}
	return nil
}

// flush passes on what is held.
func (b *lineBuffer) flush() error {
	if len(b.rest) == 0 {
		return nil
	}
	rest := b.rest
	b.rest = rest[:0]
	return b.emit(rest)
}
