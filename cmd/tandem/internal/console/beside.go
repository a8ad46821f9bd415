package console

import "io"

// Beside returns a writer to out, another output on the same terminal. The changing
// line is erased before each write, and stays away while the last line that was
// written has no end. Messages then begin a line of their own.
func (c *Console) Beside(out io.Writer) io.Writer { return beside{c, out} }

type beside struct {
	console *Console
	out     io.Writer
}

// Write implements [io.Writer]. The lock of the console is held meanwhile: what both
// write has an order.
func (b beside) Write(p []byte) (int, error) {
	c := b.console
	c.mu.Lock()
	defer c.mu.Unlock()
	c.eraseLocked()
	n, err := b.out.Write(p)
	if n > 0 {
		c.inside = p[n-1] != '\n'
	}
	return n, err
}
