package results

import (
	"io"
	"sync"
	"time"
)

const (
	// flushAt is how many bytes are kept back at most. More saves nothing.
	flushAt = 64 << 10

	// linger is how long a result may wait for others to travel with. Longer
	// is noticed by whoever reads, shorter costs a system call for each result.
	linger = time.Millisecond
)

// Writer buffers results on their way to an output.
type Writer struct {
	out    io.Writer
	failed func(error)
	timer  *time.Timer

	mu     sync.Mutex
	buffer []byte
	armed  bool // the timer will flush
	err    error
}

// NewWriter returns a writer to out. failed is called with the first error.
func NewWriter(out io.Writer, failed func(error)) *Writer {
	w := &Writer{out: out, failed: failed}
	w.timer = time.AfterFunc(time.Hour, func() { _ = w.Flush() })
	w.timer.Stop()
	return w
}

// Append lets add append one result. It blocks while the output does.
func (w *Writer) Append(add func(dst []byte) []byte) error {
	w.mu.Lock()
	if w.err != nil {
		defer w.mu.Unlock()
		return w.err
	}
	w.buffer = add(w.buffer)
	var first error
	if len(w.buffer) >= flushAt {
		first = w.flushLocked()
	} else if !w.armed && len(w.buffer) > 0 {
		w.armed = true
		w.timer.Reset(linger)
	}
	w.mu.Unlock()
	return w.report(first)
}

// Flush writes what is buffered and returns the writer's error, if it has one.
func (w *Writer) Flush() error {
	w.mu.Lock()
	first := w.flushLocked()
	err := w.err
	w.mu.Unlock()
	_ = w.report(first)
	return err
}

// flushLocked writes the buffer, and returns an error if it is the first.
// Writing under the lock is what keeps results in order.
func (w *Writer) flushLocked() error {
	w.armed = false
	if w.err != nil || len(w.buffer) == 0 {
		return nil
	}
	_, w.err = w.out.Write(w.buffer)
	w.buffer = w.buffer[:0]
	if cap(w.buffer) > 16*flushAt {
		w.buffer = nil // a huge result is not to be held for ever
	}
	return w.err
}

// report passes on the first error.
func (w *Writer) report(first error) error {
	if first != nil {
		w.failed(first)
	}
	return first
}
