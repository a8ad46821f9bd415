package console

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// Color says whether text is coloured.
type Color string

const (
	ColorAuto   Color = "auto"   // as the environment and the terminal say
	ColorAlways Color = "always" // also in a file
	ColorNever  Color = "never"
)

// Set makes c the value with the given name. It is the method of a flag.
func (c *Color) Set(name string) error {
	switch color := Color(name); color {
	case ColorAuto, ColorAlways, ColorNever:
		*c = color
		return nil
	}
	return fmt.Errorf("%q is no answer: want auto, always or never", name)
}

func (c *Color) String() string { return string(*c) }

func (c *Color) Type() string { return "auto|always|never" }

// Colored decides whether a stream gets colours. The first that says something
// wins: asked, TANDEM_NO_COLOR and NO_COLOR with any value, FORCE_COLOR (0 and
// false mean no), CLICOLOR_FORCE (0 says nothing), TERM=dumb, and at last whether
// the stream is a terminal. getenv returns the value of a variable; an empty one
// says nothing.
func Colored(asked Color, getenv func(string) string, terminal bool) bool {
	switch {
	case asked == ColorAlways:
		return true
	case asked == ColorNever, getenv("TANDEM_NO_COLOR") != "", getenv("NO_COLOR") != "":
		return false
	}
	if force := getenv("FORCE_COLOR"); force != "" {
		return force != "0" && !strings.EqualFold(force, "false")
	}
	if force := getenv("CLICOLOR_FORCE"); force != "" && force != "0" {
		return true
	}
	return terminal && getenv("TERM") != "dumb"
}

// Paint colours text, or leaves it as it is.
type Paint bool

// someFailed finds the number of failures in a line that sums up.
var someFailed = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`\b[1-9][0-9,]* failed\b`) })

// Failures colours how many have failed in a line that sums up.
func (p Paint) Failures(text string) string {
	if !p {
		return text
	}
	return someFailed().ReplaceAllStringFunc(text, p.Red)
}

// Red is for what has failed.
func (p Paint) Red(text string) string { return p.in("31", text) }

// Green is for what is fine.
func (p Paint) Green(text string) string { return p.in("32", text) }

// Yellow is for what deserves a look.
func (p Paint) Yellow(text string) string { return p.in("33", text) }

// in puts text between the sequence for a colour and the one that ends it.
func (p Paint) in(code, text string) string {
	if !bool(p) || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}
