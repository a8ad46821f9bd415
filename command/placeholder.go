package command

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/gotandem/tandem/internal/closest"
)

// placeholder is what a pair of braces stands for.
type placeholder struct {
	subject subject
	form    form
	number  int    // of a field
	name    string // of a field
	text    string // as it is written
}

// subject is what a placeholder takes its value from.
type subject uint8

const (
	literal subject = iota // no placeholder
	wholeInput
	numberedField
	namedField
	sequence
	slotNumber
)

// form is what a placeholder makes of the value.
type form uint8

const (
	unchanged form = iota
	noExtension
	base
	directory
	baseNoExtension
)

// forms are the ends of placeholders, longer ones before those they end with.
var forms = []struct {
	end  string
	form form
}{
	{"//", directory},
	{"/.", baseNoExtension},
	{"/", base},
	{".", noExtension},
	{"", unchanged},
}

// at returns the placeholder that s starts with and its size, 0 for none. An
// error is about a word that was probably meant to be a name.
func (p Parser) at(s string) (found placeholder, size int, err error) {
	if len(s) < 2 || s[0] != '{' {
		return found, 0, nil
	}
	if found, size = p.exactName(s); size > 0 && !p.NumbersOnly {
		return found, size, nil
	}
	end := strings.IndexByte(s, '}')
	if end < 0 {
		return found, 0, nil
	}
	inner := s[1:end]
	switch inner {
	case "#":
		found.subject = sequence
	case "%":
		found.subject = slotNumber
	default:
		if p.NumbersOnly {
			return found, 0, nil
		}
		if found, err = p.field(inner); err != nil {
			return placeholder{}, 0, err
		}
	}
	if found.subject == literal {
		return placeholder{}, 0, nil
	}
	found.text = s[:end+1]
	return found, end + 1, nil
}

// exactName finds a known name, which may have any characters. The longest
// placeholder wins.
func (p Parser) exactName(s string) (found placeholder, size int) {
	for _, name := range p.Names {
		rest, has := strings.CutPrefix(s[1:], name)
		if !has || name == "" || isNumber(name) {
			continue
		}
		for _, f := range forms {
			if n := 1 + len(name) + len(f.end) + 1; strings.HasPrefix(rest, f.end+"}") && n > size {
				found, size = placeholder{namedField, f.form, 0, name, s[:n]}, n
			}
		}
	}
	return found, size
}

// field returns the placeholder with this text between its braces. An unknown
// one is literal.
func (p Parser) field(inner string) (found placeholder, err error) {
	for _, f := range forms {
		what, has := strings.CutSuffix(inner, f.end)
		if !has {
			continue
		}
		found.form = f.form
		switch {
		case what == "":
			found.subject = wholeInput
		case isNumber(what):
			found.subject = numberedField
			found.number, _ = strconv.Atoi(what) // isNumber keeps it short
			err = p.checkNumber(found.number, inner)
		case isWord(what) && p.AnyName:
			found.subject, found.name = namedField, what
		case isWord(what) && p.Names != nil:
			err = p.checkWord(what)
		default:
			continue
		}
		return found, err
	}
	return placeholder{}, nil
}

// checkNumber refuses a number that no input has. inner is what stands between the
// braces.
func (p Parser) checkNumber(n int, inner string) error {
	fields := p.Fields
	if p.Names != nil {
		fields = len(p.Names)
	}
	if fields == 0 || p.AnyName || max(n, -n) <= fields {
		return nil
	}
	return fmt.Errorf("placeholder {%s}: inputs have %s", inner, countOf(fields))
}

// checkWord refuses a word that is nearly a name. Any other one is text, as is one
// that has no letter in common with a name of one letter.
func (p Parser) checkWord(word string) error {
	meant := closest.To(word, p.Names)
	if meant == "" || utf8.RuneCountInString(word) == 1 && !strings.EqualFold(word, meant) {
		return nil
	}
	return fmt.Errorf("{%s} is no field of the inputs: did you mean {%s}? To have the text itself, write it with a space, { %s}", word, meant, word)
}

// isNumber reports whether s is the number of a field, from 1, or from -1.
func isNumber(s string) bool {
	const mostDigits = 9
	s = strings.TrimPrefix(s, "-")
	return s != "" && len(s) <= mostDigits && s[0] != '0' && strings.Trim(s, "0123456789") == ""
}

// isWord reports whether s may be a name when names are not known.
func isWord(s string) bool {
	for i, r := range s {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || r != '-' && !unicode.IsDigit(r)) {
			return false
		}
	}
	return s != ""
}

// find returns the value of a placeholder that stands for one value of an input.
func (h placeholder) find(x *expansion) (value string, err error) {
	switch h.subject {
	case wholeInput:
		value = x.fields.Whole
	case numberedField:
		value, err = x.fields.numbered(h.number)
	case namedField:
		value, err = x.fields.named(h.name)
	case sequence:
		return strconv.Itoa(x.seq), nil
	case slotNumber:
		return strconv.Itoa(x.slot), nil
	}
	if err != nil {
		return "", fmt.Errorf("placeholder %s: %w", h.text, err)
	}
	return h.form.of(value), nil
}

// spreads reports whether the placeholder stands for all parts of an input, each
// on its own.
func (h placeholder) spreads(x *expansion) bool {
	return h.subject == wholeInput && x.fields.spread()
}

// all returns the values of a placeholder that spreads.
func (h placeholder) all(x *expansion) []string {
	if h.form == unchanged {
		return x.fields.Values
	}
	values := slices.Clone(x.fields.Values)
	for i, value := range values {
		values[i] = h.form.of(value)
	}
	return values
}

// of returns what the form makes of a value.
func (f form) of(s string) string {
	switch f {
	case noExtension:
		return withoutExtension(s)
	case base:
		return baseOf(s)
	case directory:
		return directoryOf(s)
	case baseNoExtension:
		return withoutExtension(baseOf(s))
	}
	return s
}

func withoutExtension(s string) string {
	i := strings.LastIndexAny(s, "./")
	if i < 0 || s[i] == '/' {
		return s
	}
	return s[:i]
}

func baseOf(s string) string { return s[strings.LastIndexByte(s, '/')+1:] }

// directoryOf is dirname(1): slashes at the end do not count.
func directoryOf(s string) string {
	if s == "" {
		return "."
	}
	name := strings.TrimRight(s, "/")
	if name == "" {
		return "/"
	}
	i := strings.LastIndexByte(name, '/')
	if i < 0 {
		return "."
	}
	if dir := strings.TrimRight(name[:i], "/"); dir != "" {
		return dir
	}
	return "/"
}
