//go:build unix

package main

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// The text fits a terminal of 100 columns and names flags that there are.
func TestHelpFormats(t *testing.T) {
	for line := range strings.Lines(helpFormats) {
		if utf8.RuneCountInString(line) > 101 {
			t.Errorf("%d columns: %s", utf8.RuneCountInString(line)-1, line)
		}
	}
	flags := newMap().Flags()
	for _, match := range regexp.MustCompile(`--([a-z][a-z-]*)`).FindAllStringSubmatch(helpFormats, -1) {
		if flags.Lookup(match[1]) == nil {
			t.Errorf("there is no flag --%s", match[1])
		}
	}
	for _, name := range []string{"as", "null", "arg-file", "glob", "range", "total"} {
		flag := flags.Lookup(name)
		if !strings.Contains(helpFormats, "--"+name) && !strings.Contains(helpFormats, "-"+flag.Shorthand+" ") {
			t.Errorf("--%s is not told of", name)
		}
	}
}
