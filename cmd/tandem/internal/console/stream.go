package console

import "io"

// Stream lets write write what stays, in one piece however long it is, and adds a
// line feed when that does not end with one. The lock is held meanwhile.
func (c *Console) Stream(write func(w io.Writer)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = io.WriteString(c.out, c.clearLocked())
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
