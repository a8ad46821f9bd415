package console_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gotandem/tandem/cmd/tandem/internal/console"
)

func TestColored(t *testing.T) {
	tests := []struct {
		asked    console.Color
		env      string
		terminal bool
		want     bool
	}{
		{console.ColorAuto, "", true, true},
		{console.ColorAuto, "", false, false},
		{console.ColorAlways, "", false, true},
		{console.ColorAlways, "NO_COLOR=1 TANDEM_NO_COLOR=1 TERM=dumb", false, true},
		{console.ColorNever, "FORCE_COLOR=1 CLICOLOR_FORCE=1", true, false},
		{console.ColorAuto, "NO_COLOR=1", true, false},
		{console.ColorAuto, "NO_COLOR=yes", true, false},
		{console.ColorAuto, "NO_COLOR=0", true, false},
		{console.ColorAuto, "NO_COLOR=", true, true},
		{console.ColorAuto, "TANDEM_NO_COLOR=x FORCE_COLOR=1", true, false},
		{console.ColorAuto, "NO_COLOR=1 FORCE_COLOR=1", true, false},
		{console.ColorAuto, "FORCE_COLOR=1", false, true},
		{console.ColorAuto, "FORCE_COLOR=yes", false, true},
		{console.ColorAuto, "FORCE_COLOR=0", true, false},
		{console.ColorAuto, "FORCE_COLOR=False", true, false},
		{console.ColorAuto, "FORCE_COLOR=", false, false},
		{console.ColorAuto, "FORCE_COLOR=0 CLICOLOR_FORCE=1", true, false},
		{console.ColorAuto, "FORCE_COLOR=1 TERM=dumb", true, true},
		{console.ColorAuto, "CLICOLOR_FORCE=1", false, true},
		{console.ColorAuto, "CLICOLOR_FORCE=0", false, false},
		{console.ColorAuto, "CLICOLOR_FORCE=0", true, true},
		{console.ColorAuto, "TERM=dumb", true, false},
		{console.ColorAuto, "TERM=xterm", true, true},
	}
	for _, test := range tests {
		getenv := func(name string) string {
			for _, entry := range strings.Fields(test.env) {
				if value, found := strings.CutPrefix(entry, name+"="); found {
					return value
				}
			}
			return ""
		}
		if got := console.Colored(test.asked, getenv, test.terminal); got != test.want {
			t.Errorf("--color %s, %q, terminal %v: %v, want %v", test.asked, test.env, test.terminal, got, test.want)
		}
	}
}

func TestColorIsAFlag(t *testing.T) {
	var c console.Color
	if err := c.Set("always"); err != nil || c != console.ColorAlways {
		t.Errorf("%q, %v", c, err)
	}
	if err := c.Set("rainbow"); err == nil || c != console.ColorAlways {
		t.Errorf("%q, %v", c, err)
	}
}

func TestFailureIsRedInItsFirstLine(t *testing.T) {
	var out bytes.Buffer
	console.NewPainted(&out, nil, true).Failure("bad\n    more\n")
	console.New(&out, nil).Failure("bad\n")
	if got, want := out.String(), "\x1b[31mbad\x1b[0m\n    more\nbad\n"; got != want {
		t.Errorf("wrote %q, want %q", got, want)
	}
}

func TestFailuresInASummary(t *testing.T) {
	for text, want := range map[string]string{
		"3 ok, 12 failed in 1s": "3 ok, \x1b[31m12 failed\x1b[0m in 1s",
		"3 ok, 0 failed in 1s":  "3 ok, 0 failed in 1s",
		"10 ok":                 "10 ok",
	} {
		if got := console.Paint(true).Failures(text); got != want {
			t.Errorf("Failures(%q) = %q, want %q", text, got, want)
		}
		if got := console.Paint(false).Failures(text); got != text {
			t.Errorf("without colours: %q", got)
		}
	}
}

func TestHoldKeepsTheChangingLineAway(t *testing.T) {
	var out bytes.Buffer
	c := console.New(&out, func() int { return 0 })
	c.Show("1 done")
	release := c.Hold()
	c.Show("2 done")
	c.Print("line")
	release()
	release()
	c.Show("3 done")
	const erase = "\r\x1b[K"
	if got, want := out.String(), erase+"1 done"+erase+"line\n"+erase+"3 done"; got != want {
		t.Errorf("wrote %q, want %q", got, want)
	}
}
