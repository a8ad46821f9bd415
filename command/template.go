package command

import (
	"errors"
	"strings"
)

// Template is a command with placeholders for an input. The placeholders have
// the meaning that GNU parallel gives them:
//
//	{}    the input
//	{.}   the input without its last extension
//	{/}   what follows the last slash
//	{//}  the directory, "." when there is none
//	{/.}  what follows the last slash, without its last extension
//	{2}   field 2 of the input; {-1} is its last one
//	{n}   the field with the name n, where inputs have names
//	{#}   the sequence number
//	{%}   the slot
//
// The forms of "{}" go with fields too: {2.} {2/} {2//} {2/.} {n.} {n/}. An
// extension is the last dot and what follows it, if that has no slash. All other
// braces stand for themselves. A placeholder may be used several times.
//
// When an input has several fields without names, "{}" that is an argument of its
// own becomes one argument for each field; inside other text the fields are
// joined with a space. With names it is the input as it was written.
//
// The zero Template is not usable. Templates are immutable.
type Template struct {
	args  [][]piece
	shell bool // the last of args is a line for a shell
}

// piece is literal text, or a placeholder.
type piece struct {
	text        string
	placeholder placeholder
	place       place
}

func (p piece) literal() bool { return p.placeholder.subject == literal }

// Parser reads templates. The zero value is for inputs without names. It may be
// copied and used concurrently.
type Parser struct {
	// Names are those of the fields of all inputs, as the header of a CSV file
	// gives them. Nil when there are none, or when they are not known yet. A
	// word in braces that is none of them is text, unless it is so near to one
	// that it must be a mistake, which is an error.
	Names []string

	// Fields is how many fields each input has, without names. A number in braces
	// that is beyond them is an error. 0 when that is not known; with Names it is
	// not used.
	Fields int

	// AnyName is for inputs that bring their names with them, as the objects of
	// JSON Lines do: each word in braces is the name of a field. Expand returns
	// an error for an input without it. A word is made of letters, digits, "_"
	// and "-", and starts with a letter or "_". Names are not used.
	AnyName bool

	// NumbersOnly is for inputs that are no arguments, such as [Spec.Stdin]: only
	// "{#}" and "{%}" are placeholders, and nothing is appended.
	NumbersOnly bool
}

// ParseTemplate is [Parser.Args] for inputs without names.
func ParseTemplate(args []string) (Template, error) { return Parser{}.Args(args) }

// ParseShell is [Parser.Shell] for inputs without names.
func ParseShell(line string) (Template, error) { return Parser{}.Shell(line) }

// Args reads the placeholders in args, the program first. Without any, "{}"
// becomes the last argument. It keeps nothing of args. It returns an error when
// args is empty or its first element is, and for a name or number that inputs
// do not have.
func (p Parser) Args(args []string) (Template, error) {
	if len(args) == 0 || args[0] == "" {
		return Template{}, errors.New("template has no program: want a program and its arguments")
	}
	t := Template{args: make([][]piece, 0, len(args)+1)}
	found := false
	for _, arg := range args {
		pieces, err := p.parseArg(arg)
		if err != nil {
			return Template{}, err
		}
		for _, piece := range pieces {
			found = found || !piece.literal()
		}
		t.args = append(t.args, pieces)
	}
	if !found && !p.NumbersOnly {
		t.args = append(t.args, []piece{{placeholder: appended}})
	}
	return t, nil
}

// appended is what a template without a placeholder gets.
var appended = placeholder{subject: wholeInput, text: "{}"}

// parseArg cuts one argument into pieces. An empty one has none.
func (p Parser) parseArg(arg string) (pieces []piece, err error) {
	start := 0 // of the literal text that is not in pieces
	for i := 0; i < len(arg); {
		found, size, err := p.at(arg[i:])
		if err != nil {
			return nil, err
		}
		if size == 0 {
			i++
			continue
		}
		if start < i {
			pieces = append(pieces, piece{text: arg[start:i]})
		}
		pieces = append(pieces, piece{placeholder: found})
		i += size
		start = i
	}
	if start < len(arg) {
		pieces = append(pieces, piece{text: arg[start:]})
	}
	return pieces, nil
}

// IsZero reports whether t was not made by a Parser.
func (t Template) IsZero() bool { return t.args == nil }

// Program returns the program, if it is the same for every input.
func (t Template) Program() (name string, fixed bool) {
	if t.IsZero() {
		return "", false
	}
	for _, p := range t.args[0] {
		if !p.literal() {
			return "", false
		}
		name += p.text
	}
	return name, true
}

// Expand returns the arguments for an input. No byte of the input is special: a
// value is always a part of one argument, whatever it contains. It returns an
// error when the input does not have a field that t names. The Fields are not
// kept.
func (t Template) Expand(in Fields, seq, slot int) ([]string, error) {
	x := expansion{&in, seq, slot}
	args := make([]string, 0, len(t.args)+len(in.Values))
	for _, pieces := range t.args {
		if len(pieces) == 1 && pieces[0].place == argument && pieces[0].placeholder.spreads(&x) {
			args = append(args, pieces[0].placeholder.all(&x)...)
			continue
		}
		arg, err := x.join(pieces)
		if err != nil {
			return nil, err
		}
		args = append(args, arg)
	}
	return args, nil
}

// CommandLine returns what runs for an input as a line for a POSIX shell: the
// line of a template of Shell, the quoted arguments of another. The error is that
// of Expand.
func (t Template) CommandLine(in Fields, seq, slot int) (string, error) {
	args, err := t.Expand(in, seq, slot)
	switch {
	case err != nil:
		return "", err
	case t.shell:
		return args[len(args)-1], nil
	}
	return Quote(args), nil
}

// expansion is what placeholders are replaced by.
type expansion struct {
	fields    *Fields
	seq, slot int
}

// join returns the text of pieces.
func (x *expansion) join(pieces []piece) (string, error) {
	if len(pieces) == 1 {
		return x.text(pieces[0]) // copies no input
	}
	var b strings.Builder
	for _, p := range pieces {
		text, err := x.text(p)
		if err != nil {
			return "", err
		}
		b.WriteString(text)
	}
	return b.String(), nil
}

// text returns the text of one piece, quoted for its place.
func (x *expansion) text(p piece) (string, error) {
	if p.literal() {
		return p.text, nil
	}
	if p.placeholder.spreads(x) {
		return p.place.quoteAll(p.placeholder.all(x)), nil
	}
	value, err := p.placeholder.find(x)
	if err != nil {
		return "", err
	}
	return p.place.quote(value), nil
}
