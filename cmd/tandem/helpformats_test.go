//go:build unix

package main

import (
	"regexp"
	"strings"
	"testing"
)

// The text names flags that there are, and all about inputs.
func TestHelpFormats(t *testing.T) {
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
