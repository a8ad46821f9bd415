package console

import (
	"io"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// Console writes whole lines to one output. Its lock is held while it writes:
// that is what keeps lines whole.
type Console struct {
	out   io.Writer
	width func() int // columns of the terminal; nil when there is none
	paint Paint

	mu    sync.Mutex
	shown bool // guarded by mu: the changing line is visible
	open  bool // guarded by mu: a writer of Beside has stopped within a line
	held  int  // guarded by mu: how many want no changing line
	spare []byte
}

// New returns a console on out that uses no colours. width returns the columns of
// the terminal that out is, 0 when they are not known; nil means that out is no
// terminal.
func New(out io.Writer, width func() int) *Console { return NewPainted(out, width, false) }

// NewPainted is New with colours.
func NewPainted(out io.Writer, width func() int, paint Paint) *Console {
	return &Console{out: out, width: width, paint: paint}
}

// Paint returns what colours text for this console.
func (c *Console) Paint() Paint { return c.paint }

// Terminal reports whether the output is a terminal.
func (c *Console) Terminal() bool { return c.width != nil }

// Write writes lines that stay, in one piece. It adds a line feed when text does
// not end with one. It always succeeds.
func (c *Console) Write(text []byte) (int, error) {
	if len(text) == 0 {
		return 0, nil
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	line := append(c.spare[:0], c.beginLocked()...)
	line = append(line, text...)
	if text[len(text)-1] != '\n' {
		line = append(line, '\n')
	}
	_, _ = c.out.Write(line)
	if cap(line) <= 64<<10 {
		c.spare = line
	}
	return len(text), nil
}

// beginLocked returns what is to be written before a line that stays.
func (c *Console) beginLocked() string {
	shown, open := c.shown, c.open
	c.shown, c.open = false, false
	switch {
	case shown:
		return eraseLine
	case open:
		return "\n"
	}
	return ""
}

// Line writes one line that stays, which may be empty. text has no line feed.
func (c *Console) Line(text []byte) {
	line := make([]byte, 0, len(text)+1)
	_, _ = c.Write(append(append(line, text...), '\n'))
}

// Print writes text that stays, as Write does.
func (c *Console) Print(text string) { _, _ = c.Write([]byte(text)) }

// Failure writes text that stays, as Write does, its first line as a failure.
func (c *Console) Failure(text string) {
	first, rest, found := strings.Cut(text, "\n")
	if first = c.paint.Red(first); found {
		first += "\n"
	}
	c.Print(first + rest)
}

// eraseLine moves to the first column and clears the line.
const eraseLine = "\r\x1b[K"

// Show makes text the changing line, cut to the width of the terminal. It does
// nothing where there is no terminal.
func (c *Console) Show(text string) {
	if c.width == nil {
		return
	}
	if width := c.width(); width > 0 {
		text = Shorten(text, width-1)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.held > 0 || c.open {
		return
	}
	_, _ = io.WriteString(c.out, eraseLine+text)
	c.shown = true
}

// Hold removes the changing line and keeps it away until release is called, which
// may be never: before the program stops or ends at once.
func (c *Console) Hold() (release func()) {
	c.mu.Lock()
	c.held++
	c.mu.Unlock()
	c.Erase()
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.held--
	})
}

// Erase removes the changing line.
func (c *Console) Erase() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.shown {
		_, _ = io.WriteString(c.out, eraseLine)
		c.shown = false
	}
}

// Shorten cuts text to at most n characters; what is missing shows as "…".
func Shorten(text string, n int) string {
	if utf8.RuneCountInString(text) <= n {
		return text
	}
	if n < 1 {
		return ""
	}
	runes := 0
	for at := range text {
		if runes++; runes == n {
			return text[:at] + "…"
		}
	}
	return text
}

// Printable returns text with its control characters replaced, tabs and line
// feeds apart, so that it cannot steer the terminal.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == '\t' || r == '\n' || unicode.IsPrint(r) || unicode.IsSpace(r) && r > ' ' && r != 0x85 {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
