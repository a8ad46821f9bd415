package command

import (
	"slices"
	"strings"
)

// place is where a placeholder stands, which says how its value is quoted.
type place uint8

const (
	argument     place = iota // in an argument: no shell sees it
	bare                      // in a line for a shell, not in quotes
	singleQuoted              // between '
	doubleQuoted              // between "
	numbersOnly               // where digits are safe and nothing else
)

// quote returns value for a place.
func (p place) quote(value string) string {
	switch p {
	case bare:
		return "'" + escapeQuotes(value) + "'"
	case singleQuoted:
		return escapeQuotes(value)
	case doubleQuoted: // closed and opened again, so that what is before and after keeps its meaning
		return `"'` + escapeQuotes(value) + `'"`
	}
	return value
}

// quoteAll returns several values for a place, separated by spaces: bare, each is
// a word of its own.
func (p place) quoteAll(values []string) string {
	if p != bare || len(values) == 0 {
		return p.quote(strings.Join(values, " "))
	}
	var b strings.Builder
	for i, value := range values {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(p.quote(value))
	}
	return b.String()
}

// escapeQuotes returns s for a place between single quotes, where nothing else
// than their end has a meaning.
func escapeQuotes(s string) string { return strings.ReplaceAll(s, "'", `'\''`) }

// Quote returns a line that makes a POSIX shell run args: the program and its
// arguments. What needs no quotes has none. No string can hold a zero byte for a
// program, so that those of args, if any, come out as they are.
func Quote(args []string) string {
	var b strings.Builder
	for i, arg := range args {
		if i > 0 {
			b.WriteByte(' ')
		}
		if plain(arg) && (i > 0 || !special(arg)) {
			b.WriteString(arg)
		} else {
			b.WriteString(bare.quote(arg))
		}
	}
	return b.String()
}

// plain reports whether s means itself in a shell's line.
func plain(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && strings.IndexByte("_-./,:+@%=", c) < 0 {
			return false
		}
	}
	return s != ""
}

// reserved are the words that shells do not take for a program.
var reserved = []string{
	"case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in",
	"namespace", "select", "then", "time", "until", "while",
}

// special reports whether a plain word means something else where the name of a
// program stands.
func special(s string) bool {
	return strings.Contains(s, "=") || slices.Contains(reserved, s)
}
