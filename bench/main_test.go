package main

import (
	"slices"
	"testing"
	"time"
)

func TestParse(t *testing.T) {
	s, err := parse([]string{"-row", "1,8", "-quick", "-json", "x"})
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{1, 8}; !slices.Equal(s.rows, want) || s.rounds != quickRounds || s.json != "x" {
		t.Errorf("parse = %+v, want rows %v, %d rounds and file x", s, want, quickRounds)
	}
	if got, want := s.size(1000), 100; got != want {
		t.Errorf("quick size of 1000 = %d, want %d", got, want)
	}
	for _, args := range [][]string{{"-row", "12"}, {"-row", "x"}, {"-rounds", "0"}, {"what"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("parse(%q) has no error", args)
		}
	}
}

// Lines are found however the writes cut them.
func TestLineWatchFindsItsLine(t *testing.T) {
	w := newLineWatch(holding)
	for _, part := range []string{"some\nhol", "ding", " more\nhold", "ing"} {
		if _, err := w.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case <-w.seen:
		t.Fatal("seen before the line has ended")
	default:
	}
	if _, err := w.Write([]byte("\n")); err != nil {
		t.Fatal(err)
	}
	select {
	case <-w.seen:
	case <-time.After(time.Minute):
		t.Fatal("the line was not seen")
	}
}

func TestFirstComplaint(t *testing.T) {
	for output, want := range map[string]string{
		"":                                  "",
		"# some/package\n./a.go:1: wrong\n": "./a.go:1: wrong",
		"go: no module\n":                   "go: no module",
	} {
		if got := firstComplaint([]byte(output)); got != want {
			t.Errorf("firstComplaint(%q) = %q, want %q", output, got, want)
		}
	}
}

// Lines are counted and added up however the writes cut them.
func TestTallyChecksItsLines(t *testing.T) {
	var lines tally
	for _, part := range []string{"1\n2", "\n", "", "3\n1", "0\n"} {
		if _, err := lines.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if lines.count != 4 || lines.sum != 16 {
		t.Errorf("tally = %+v, want 4 lines with sum 16", lines)
	}
	if lines.wants(4) == nil {
		t.Error("1, 2, 3, 10 were taken for the values of 4 inputs")
	}
	if _, err := lines.Write([]byte("x\n")); err == nil {
		t.Error("a line that is no number was taken")
	}
}

// What is not above the bound is no part of the result, and order is by prefix.
func TestHashPopular(t *testing.T) {
	got := hashPopular(map[string]int{"b": 5, "a": 4, "c": popularAbove})
	if want := hash([][]byte{[]byte("a 4\nb 5\n")}); got != want {
		t.Errorf("hashPopular = %s, want %s", got, want)
	}
}
