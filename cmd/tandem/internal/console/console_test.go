package console_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/gotandem/tandem/cmd/tandem/internal/console"
)

func TestChangingLineIsErasedBeforeLines(t *testing.T) {
	var out bytes.Buffer
	c := console.New(&out, func() int { return 10 })
	c.Show("1 done and more")
	c.Print("error\n")
	c.Print("another")
	c.Line(nil)
	c.Show("2 done")
	c.Erase()
	c.Erase()
	const erase = "\r\x1b[K"
	want := erase + "1 done a…" + erase + "error\n" + "another\n\n" + erase + "2 done" + erase
	if out.String() != want {
		t.Errorf("wrote %q, want %q", out.String(), want)
	}
}

// Results on the same terminal stand on lines of their own.
func TestChangingLineIsErasedBeforeResults(t *testing.T) {
	var out bytes.Buffer
	c := console.New(&out, func() int { return 80 })
	results := c.Beside(&out)
	c.Show("1 done")
	_, _ = results.Write([]byte("whole\n"))
	c.Show("2 done")
	_, _ = results.Write([]byte("part"))
	c.Show("3 done")
	_, _ = results.Write([]byte(" of a line"))
	c.Print("error")
	c.Show("4 done")
	const erase = "\r\x1b[K"
	want := erase + "1 done" + erase + "whole\n" + erase + "2 done" + erase + "part of a line\nerror\n" + erase + "4 done"
	if out.String() != want {
		t.Errorf("wrote %q, want %q", out.String(), want)
	}
}

func TestNoChangingLineWithoutTerminal(t *testing.T) {
	var out bytes.Buffer
	c := console.New(&out, nil)
	c.Show("1 done")
	c.Erase()
	c.Print("")
	if out.Len() != 0 || c.Terminal() {
		t.Errorf("wrote %q, terminal %v", out.String(), c.Terminal())
	}
}

func TestLinesAreWhole(t *testing.T) {
	var out bytes.Buffer
	c := console.New(&out, func() int { return 0 })
	var writers sync.WaitGroup
	for _, letter := range []string{"a", "b", "c"} {
		writers.Go(func() {
			for range 200 {
				c.Print(strings.Repeat(letter, 50))
			}
		})
	}
	writers.Wait()
	for line := range strings.Lines(out.String()) {
		if line != strings.Repeat(line[:1], 50)+"\n" {
			t.Fatalf("torn line %q", line)
		}
	}
}

func TestShorten(t *testing.T) {
	tests := []struct {
		text string
		n    int
		want string
	}{
		{"abc", 3, "abc"}, {"abcd", 3, "ab…"}, {"größe", 4, "grö…"}, {"abc", 1, "…"}, {"abc", 0, ""}, {"", 0, ""}, {"\xff\xfe\xfd", 2, "\xff…"},
	}
	for _, test := range tests {
		if got := console.Shorten(test.text, test.n); got != test.want {
			t.Errorf("Shorten(%q, %d) = %q, want %q", test.text, test.n, got, test.want)
		}
	}
}

func TestPrintable(t *testing.T) {
	if got, want := console.Printable("a\tb\n\x1b[2Jü\u009b\xff"), "a\tb\n\ufffd[2Jü\ufffd\ufffd"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
