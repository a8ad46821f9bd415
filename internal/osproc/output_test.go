//go:build unix && !aix && !solaris

package osproc_test

import (
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gotandem/tandem/internal/osproc"
)

// capture collects what an Output emits. lines is complete after Wait or Close.
type capture struct {
	*osproc.Output
	lines []string
}

func newCapture(t *testing.T) (*capture, *os.File) {
	t.Helper()
	c := &capture{}
	out, child, err := osproc.NewOutput(func(line []byte) { c.lines = append(c.lines, string(line)) })
	if err != nil {
		t.Fatal(err)
	}
	c.Output = out
	t.Cleanup(func() {
		child.Close()
		c.Close()
	})
	return c, child
}

func TestOutputSplitsLines(t *testing.T) {
	full := strings.Repeat("f", osproc.MaxLine)
	cases := []struct {
		name, in string
		want     []string
	}{
		{"nothing", "", nil},
		{"lines", "a\nbc\n", []string{"a", "bc"}},
		{"no last end", "a\nbc", []string{"a", "bc"}},
		{"empty lines", "\n\na\n\n", []string{"", "", "a", ""}},
		{"exactly full", full + "\nb\n", []string{full, "b"}},
		{"full and more", full + "x\n\nb\n", []string{full, "x", "", "b"}},
		{"three pieces, no end", full + full + "x", []string{full, full, "x"}},
		{"full at the end", full + full, []string{full, full}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out, child := newCapture(t)
			if _, err := io.WriteString(child, c.in); err != nil {
				t.Fatal(err)
			}
			child.Close()
			out.Wait()
			if !slices.Equal(out.lines, c.want) {
				t.Errorf("%d lines, want %d", len(out.lines), len(c.want))
			}
		})
	}
}

func TestOutputOfProcess(t *testing.T) {
	out, child := newCapture(t)
	command := roleCommand(t, "print", "one", "two")
	command.Stdout = child
	p := start(t, newSpawner(t), command)
	child.Close()
	out.Wait()
	p.Reap()
	if want := []string{"one", "two"}; !slices.Equal(out.lines, want) {
		t.Errorf("lines = %q, want %q", out.lines, want)
	}
	if got := out.Tail(); got != "one\ntwo" {
		t.Errorf("Tail = %q", got)
	}
}

// A line without end passes through in bounded pieces.
func TestOutputHugeLine(t *testing.T) {
	const size = 5*osproc.MaxLine + 17
	out, child := newCapture(t)
	command := roleCommand(t, "huge", strconv.Itoa(size))
	command.Stdout = child
	p := start(t, newSpawner(t), command)
	child.Close()
	out.Wait()
	p.Reap()
	total := 0
	for _, piece := range out.lines {
		if len(piece) > osproc.MaxLine {
			t.Errorf("piece of %d bytes, want at most %d", len(piece), osproc.MaxLine)
		}
		total += len(piece)
	}
	if total != size {
		t.Errorf("%d bytes, want %d", total, size)
	}
	if got := len(out.Tail()); got != 4<<10 {
		t.Errorf("Tail has %d bytes, want 4096", got)
	}
}

// A grandchild that keeps the pipe open holds Wait, not Close, and what was
// written before Close is there.
func TestOutputCloseWhileGrandchildHoldsThePipe(t *testing.T) {
	out, child := newCapture(t)
	command := roleCommand(t, "print-orphan")
	command.Stdout = child
	p, _ := startTalking(t, newSpawner(t), command)
	child.Close()
	waitFor(t, p.Exited(), "exit of the leader")
	out.Close() // the grandchild lives until Reap
	if want := []string{"before"}; !slices.Equal(out.lines, want) {
		t.Errorf("lines = %q, want %q", out.lines, want)
	}
	out.Close()
	out.Wait()
}

// Close takes all that a full pipe holds, also when the reader was behind.
func TestOutputCloseDrains(t *testing.T) {
	entered, leave := make(chan struct{}, 1), make(chan struct{})
	total := 0
	out, child, err := osproc.NewOutput(func(line []byte) {
		select {
		case entered <- struct{}{}:
			<-leave
		default:
		}
		total += len(line) + 1
	})
	if err != nil {
		t.Fatal(err)
	}
	defer child.Close()
	if _, err := io.WriteString(child, "first\n"); err != nil {
		t.Fatal(err)
	}
	waitForToken(t, entered)
	entered <- struct{}{} // later lines do not block
	rest := strings.Repeat("0123456789abcde\n", 2048)
	if _, err := io.WriteString(child, rest); err != nil { // less than a pipe holds
		t.Fatal(err)
	}
	closed := make(chan struct{})
	go func() { // joined by closed
		out.Close()
		close(closed)
	}()
	close(leave)
	waitFor(t, closed, "Close")
	if want := len("first\n") + len(rest); total != want {
		t.Errorf("%d bytes, want %d", total, want)
	}
}

func waitForToken(t *testing.T, tokens <-chan struct{}) {
	t.Helper()
	waitFor(t, tokens, "first line")
}

func TestTailIsBounded(t *testing.T) {
	line := func(n int) string { return strings.Repeat("x", n) }
	numbered := func(from, to int) string {
		var lines []string
		for i := from; i <= to; i++ {
			lines = append(lines, strconv.Itoa(i))
		}
		return strings.Join(lines, "\n")
	}
	cases := []struct{ name, in, want string }{
		{"empty", "", ""},
		{"unfinished", "a\nb", "a\nb"},
		{"twenty lines", numbered(1, 20) + "\n", numbered(1, 20)},
		{"thousand lines", numbered(1, 1000) + "\n", numbered(981, 1000)},
		{"long lines", line(3000) + "\n" + line(2000) + "\n" + line(2000) + "\n", line(2000) + "\n" + line(2000)},
		{"just fits", line(100) + "\n" + line(4096) + "\n", line(4096)},
		{"one line too long", line(5000) + "\n", line(4096)},
		{"very long, then short", line(200000) + "\nend\n", "end"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out, child := newCapture(t)
			if _, err := io.WriteString(child, c.in); err != nil {
				t.Fatal(err)
			}
			child.Close()
			out.Wait()
			if got := out.Tail(); got != c.want {
				t.Errorf("Tail has %d bytes %.40q, want %d bytes %.40q", len(got), got, len(c.want), c.want)
			}
		})
	}
}

func TestOutputWithoutEmit(t *testing.T) {
	out, child, err := osproc.NewOutput(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(child, "only the tail\n"); err != nil {
		t.Fatal(err)
	}
	child.Close()
	out.Wait()
	if got := out.Tail(); got != "only the tail" {
		t.Errorf("Tail = %q", got)
	}
}
