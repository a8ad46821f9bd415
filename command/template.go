package command

import (
	"errors"
	"strconv"
	"strings"
)

// Template is a list of arguments with placeholders for an input. The
// placeholders have the meaning that GNU parallel gives them:
//
//	{}    the input
//	{.}   the input without its last extension
//	{/}   what follows the last slash
//	{//}  the directory, "." when there is none
//	{/.}  what follows the last slash, without its last extension
//	{#}   the sequence number
//	{%}   the slot
//
// An extension is a dot and what follows it, if that is not empty and has
// neither a dot nor a slash. All other braces stand for themselves. The zero
// Template is not usable. Templates are immutable.
type Template struct {
	args [][]piece
}

// piece is literal text, or a placeholder when kind is not 0.
type piece struct {
	kind placeholder
	text string
}

type placeholder uint8

const (
	literal placeholder = iota
	whole
	noExtension
	base
	directory
	baseNoExtension
	sequence
	slotNumber
)

var placeholders = []struct {
	text string
	kind placeholder
}{
	{"{}", whole},
	{"{.}", noExtension},
	{"{/}", base},
	{"{//}", directory},
	{"{/.}", baseNoExtension},
	{"{#}", sequence},
	{"{%}", slotNumber},
}

// ParseTemplate reads the placeholders in args, the program first. Without any,
// the input becomes the last argument. It keeps nothing of args. It returns an
// error when args is empty or its first element is.
func ParseTemplate(args []string) (Template, error) {
	if len(args) == 0 || args[0] == "" {
		return Template{}, errors.New("template has no program: want a program and its arguments")
	}
	var t Template
	found := false
	for _, arg := range args {
		pieces := parseArg(arg)
		for _, p := range pieces {
			found = found || p.kind != literal
		}
		t.args = append(t.args, pieces)
	}
	if !found {
		t.args = append(t.args, []piece{{kind: whole}})
	}
	return t, nil
}

// parseArg cuts one argument into pieces. An empty one has none.
func parseArg(arg string) []piece {
	var pieces []piece
	start := 0 // of the literal text that is not in pieces
	for i := 0; i < len(arg); {
		kind, size := placeholderAt(arg[i:])
		if kind == literal {
			i++
			continue
		}
		if start < i {
			pieces = append(pieces, piece{text: arg[start:i]})
		}
		pieces = append(pieces, piece{kind: kind})
		i += size
		start = i
	}
	if start < len(arg) {
		pieces = append(pieces, piece{text: arg[start:]})
	}
	return pieces
}

// placeholderAt returns the placeholder that s starts with and its size.
func placeholderAt(s string) (placeholder, int) {
	if s[0] != '{' {
		return literal, 0
	}
	for _, p := range placeholders {
		if strings.HasPrefix(s, p.text) {
			return p.kind, len(p.text)
		}
	}
	return literal, 0
}

// IsZero reports whether t was not made by ParseTemplate.
func (t Template) IsZero() bool { return t.args == nil }

// Expand returns the arguments for an input. No byte of input is special: an
// input is always a part of one argument, whatever it contains.
func (t Template) Expand(input string, seq, slot int) []string {
	args := make([]string, len(t.args))
	for i, pieces := range t.args {
		args[i] = expandArg(pieces, input, seq, slot)
	}
	return args
}

func expandArg(pieces []piece, input string, seq, slot int) string {
	if len(pieces) == 1 {
		return pieces[0].expand(input, seq, slot) // copies no input
	}
	var b strings.Builder
	for _, p := range pieces {
		b.WriteString(p.expand(input, seq, slot))
	}
	return b.String()
}

func (p piece) expand(input string, seq, slot int) string {
	switch p.kind {
	case whole:
		return input
	case noExtension:
		return withoutExtension(input)
	case base:
		return baseOf(input)
	case directory:
		return directoryOf(input)
	case baseNoExtension:
		return withoutExtension(baseOf(input))
	case sequence:
		return strconv.Itoa(seq)
	case slotNumber:
		return strconv.Itoa(slot)
	}
	return p.text
}

func withoutExtension(s string) string {
	i := strings.LastIndexAny(s, "./")
	if i < 0 || s[i] == '/' || i == len(s)-1 {
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
