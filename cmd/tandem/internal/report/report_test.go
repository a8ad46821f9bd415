package report_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/report"
)

func TestInput(t *testing.T) {
	long := strings.Repeat("x", 1<<20)
	tests := map[string]report.Input{
		`input 17 ("abc")`: {17, `"abc"`},
		"input 1 ()":       {1, ""},
		"input 2 (a b c)":  {2, "a\nb\tc"},
		"input 3 (" + strings.Repeat("x", 79) + "…)": {3, long},
		"input 4 (\ufffd[31m\ufffd)":                 {4, "\x1b[31m\xff"},
	}
	for want, input := range tests {
		if got := input.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestBlock(t *testing.T) {
	traceback := "Traceback (most recent call last):\n  File \"a.py\", line 2, in f\n    raise ValueError(\"bad width\")\nValueError: bad width\n"
	remote := &tandem.RemoteError{Type: "ValueError", Message: "bad width", Traceback: traceback}
	lost := tandem.NewCallError(tandem.ErrWorkerLost, tandem.MayHaveRun, tandem.Call{}, "pid 7", errors.New("signal 9 (killed); its last lines: Fatal\nlast words"))
	lost.Label = "a.py:f[16]"
	tests := map[string]struct {
		err  error
		want string
	}{
		"remote": {remote, `tandem: input 17 ("abc"): ValueError: bad width
    Traceback (most recent call last):
      File "a.py", line 2, in f
        raise ValueError("bad width")
`},
		"worker lost": {lost, `tandem: input 17 ("abc"): worker ended before answering (pid 7; call may have run): signal 9 (killed)
`},
		"plain": {errors.New("broken\x1b[2J"), "tandem: input 17 (\"abc\"): broken\ufffd[2J\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := report.Block(report.Input{Number: 17, Text: `"abc"`}, test.err, false)
			if got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
			first, _, _ := strings.Cut(test.want, "\n")
			if brief := report.Block(report.Input{Number: 17, Text: `"abc"`}, test.err, true); brief != first+"\n" {
				t.Errorf("brief %q, want %q", brief, first)
			}
		})
	}
}

func TestBlockIsBounded(t *testing.T) {
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "line %d %s\n", i, strings.Repeat("x", 5000))
	}
	got := report.Block(report.Input{Number: 1, Text: "1"}, errors.New(text.String()), false)
	if n := strings.Count(got, "\n"); n != 18 {
		t.Errorf("%d lines", n)
	}
	if len(got) > 20_000 || !strings.Contains(got, "… 983 lines left out …") || !strings.Contains(got, "line 999") {
		t.Errorf("%d bytes:\n%.300s", len(got), got)
	}
}
