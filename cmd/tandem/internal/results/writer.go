package results

import (
	"io"

	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
)

// flushAt is how many bytes are kept back at most. More saves nothing.
const flushAt = 64 << 10

// Writer buffers what goes to an output. It belongs to one goroutine at a time.
type Writer struct {
	out    io.Writer
	buffer []byte
	err    error
}

// NewWriter returns a writer to out.
func NewWriter(out io.Writer) *Writer { return &Writer{out: out} }

// Buffered returns how many bytes wait to be written.
func (w *Writer) Buffered() int { return len(w.buffer) }

// Err returns the writer's first error.
func (w *Writer) Err() error { return w.err }

// Append lets add append to what waits. It blocks while the output does, if much
// waits. It returns the writer's first error.
func (w *Writer) Append(add func(dst []byte) []byte) error {
	if w.err != nil {
		return w.err
	}
	w.buffer = add(w.buffer)
	if len(w.buffer) >= flushAt {
		return w.Flush()
	}
	return nil
}

// Write implements [io.Writer]. Much is written at once, without being copied.
func (w *Writer) Write(p []byte) (int, error) {
	if len(w.buffer)+len(p) < flushAt && w.err == nil {
		w.buffer = append(w.buffer, p...)
		return len(p), nil
	}
	if err := w.Flush(); err != nil {
		return 0, err
	}
	if len(p) < flushAt {
		w.buffer = append(w.buffer, p...)
		return len(p), nil
	}
	var n int
	n, w.err = w.out.Write(p)
	return n, w.err
}

// Stream writes a whole stream. What is in a file is copied by the system, where
// the output allows that.
func (w *Writer) Stream(s outcome.Stream) error {
	if s.File == nil {
		_, err := w.Write(s.Bytes)
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if _, w.err = s.File.Seek(0, io.SeekStart); w.err == nil {
		_, w.err = io.Copy(w.out, io.LimitReader(s.File, s.Size)) // which the system can do by itself
	}
	return w.err
}

// Flush writes what waits. It returns the writer's first error.
func (w *Writer) Flush() error {
	if w.err != nil || len(w.buffer) == 0 {
		return w.err
	}
	_, w.err = w.out.Write(w.buffer)
	w.buffer = w.buffer[:0]
	if cap(w.buffer) > 16*flushAt {
		w.buffer = nil // a huge result is not to be held for ever
	}
	return w.err
}
