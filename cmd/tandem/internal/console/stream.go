package console

import "io"

// Stream lets write write what stays, in one piece however long it is, and adds a
// line feed when that does not end with one. The lock is held meanwhile.
func (c *Console) Stream(write func(w io.Writer)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if begin := c.beginLocked(); begin != "" {
		_, _ = io.WriteString(c.out, begin)
	}
	w := &ending{out: c.out}
	write(w)
	if w.last != 0 && w.last != '\n' {
		_, _ = c.out.Write([]byte{'\n'})
	}
}

// ending remembers how what was written ends. It always succeeds.
type ending struct {
	out  io.Writer
	last byte
}

func (e *ending) Write(p []byte) (int, error) {
	if len(p) > 0 {
		e.last = p[len(p)-1]
		if e.last == 0 {
			e.last = ' ' // 0 stands for nothing
		}
		_, _ = e.out.Write(p)
	}
	return len(p), nil
}

// Beside returns a writer to out, which is on the same terminal as the console: it
// removes the changing line before it writes. After text that does not end a line
// there is no changing line, and what the console writes begins with a line feed.
// The writer may be used from several goroutines; the lock is held while it writes.
func (c *Console) Beside(out io.Writer) io.Writer { return &beside{c, out} }

type beside struct {
	console *Console
	out     io.Writer
}

func (b *beside) Write(p []byte) (int, error) {
	c := b.console
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shown {
		_, _ = io.WriteString(c.out, eraseLine)
		c.shown = false
	}
	n, err := b.out.Write(p)
	if n > 0 {
		c.open = p[n-1] != '\n'
	}
	return n, err
}
