package console

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Fit cuts text to at most n columns of a terminal; what is missing shows as "…".
func Fit(text string, n int) string {
	used, cut := 0, 0 // columns, and where text ends if one more is needed
	for at, r := range text {
		if used += columns(r); used > n {
			if n < 1 {
				return ""
			}
			return text[:cut] + "…"
		}
		if used < n {
			_, size := utf8.DecodeRuneInString(text[at:])
			cut = at + size
		}
	}
	return text
}

// Wrap breaks text between words into lines of at most width characters, where
// words are not longer.
func Wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// columns returns how many columns of a terminal a character takes, rather one too
// many where terminals differ.
func columns(r rune) int {
	switch {
	case r < 0x300:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	case unicode.Is(wide, r):
		return 2
	}
	return 1
}

// wide are the characters that take two columns.
var wide = &unicode.RangeTable{
	R16: []unicode.Range16{
		{0x1100, 0x115f, 1}, // Hangul
		{0x231a, 0x23ff, 1}, // signs, some of them
		{0x2600, 0x27bf, 1}, // symbols, some of them
		{0x2b1b, 0x2b55, 1},
		{0x2e80, 0x303e, 1}, // radicals, punctuation
		{0x3041, 0xa4cf, 1}, // kana, ideographs, Yi
		{0xa960, 0xa97f, 1},
		{0xac00, 0xd7a3, 1}, // Hangul
		{0xf900, 0xfaff, 1},
		{0xfe30, 0xfe6f, 1},
		{0xff00, 0xff60, 1}, // full width
		{0xffe0, 0xffe6, 1},
	},
	R32: []unicode.Range32{
		{0x16fe0, 0x18aff, 1}, // Tangut
		{0x1b000, 0x1b2ff, 1}, // kana
		{0x1f000, 0x1faff, 1}, // pictures
		{0x20000, 0x3fffd, 1}, // ideographs
	},
}
