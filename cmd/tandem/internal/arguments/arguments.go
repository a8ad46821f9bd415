package arguments

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/gotandem/tandem/command"
)

// Separator stands between a task and its inputs.
const Separator = ":::"

// separators begin sources of inputs. The values tell what kind they are of.
var separators = map[string]struct{ file, linked bool }{
	":::":   {},
	":::+":  {linked: true},
	"::::":  {file: true},
	"::::+": {file: true, linked: true},
}

// Line is what one command line asks for: a task or a command, and perhaps
// sources of inputs.
type Line struct {
	Task    Task     // of a Python task; zero for a command
	Command []string // of a command; nil for a Python task
	Sources []Source // in the order in which they stand there
}

// Source is one source of inputs that stands on the command line: a list after
// ":::" or one file after "::::".
type Source struct {
	Inputs []string // of a list
	File   string   // its path, "-" for standard input; empty for a list
	Linked bool     // paired with the source before
}

// Separator returns what the source begins with.
func (s Source) Separator() string {
	text := Separator
	if s.File != "" {
		text += ":"
	}
	if s.Linked {
		text += "+"
	}
	return text
}

// UsageError says what is wrong with a command line and what to write instead.
type UsageError struct{ text string }

func (e *UsageError) Error() string { return e.text }

func usage(format string, args ...any) error {
	return &UsageError{fmt.Sprintf(format, args...)}
}

// Parse understands args, which is all that stands after the flags. dashed
// tells that "--" stood between the flags and args.
func Parse(args []string, dashed bool) (Line, error) {
	var line Line
	words := args
	if at := slices.IndexFunc(args, isSeparator); at >= 0 {
		words = args[:at]
		sources, err := parseSources(args[at:])
		if err != nil {
			return Line{}, err
		}
		line.Sources = sources
	}
	var err error
	switch {
	case dashed && len(words) == 0:
		err = usage("no command after --: write tandem map -- COMMAND [ARGUMENT...]")
	case dashed && words[0] == "":
		err = usage("the command after -- is empty: name a program")
	case dashed:
		line.Command = words
	case len(words) == 0:
		err = usage("no task: write tandem map FILE.py:FUNCTION, or tandem map -- COMMAND")
	default:
		line.Task, err = parseTask(words)
	}
	if err != nil {
		return Line{}, err
	}
	return line, nil
}

func isSeparator(word string) bool { _, ok := separators[word]; return ok }

// parseSources reads what begins with a separator.
func parseSources(words []string) ([]Source, error) {
	var sources []Source
	for len(words) > 0 {
		separator := words[0]
		kind, rest := separators[separator], words[1:]
		n := slices.IndexFunc(rest, isSeparator)
		if n < 0 {
			n = len(rest)
		}
		group, next := rest[:n:n], rest[n:]
		if !kind.file {
			sources = append(sources, Source{Inputs: group, Linked: kind.linked})
		} else if len(group) == 0 {
			return nil, usage("no file after %s: write %s FILE..., where - is standard input", separator, separator)
		}
		for at, file := range group {
			if kind.file && file == "" {
				return nil, usage("file %d after %s is empty: write the path of a file, or - for standard input", at+1, separator)
			}
			if kind.file {
				sources = append(sources, Source{File: file, Linked: kind.linked})
			}
		}
		words = next
	}
	return sources, nil
}

// parseTask reads a task, which is one word.
func parseTask(words []string) (Task, error) {
	if len(words) == 1 {
		return ParseTask(words[0])
	}
	extra := words[1]
	switch {
	case extra == "--":
		return Task{}, usage("-- after the task %q: it belongs before a command, as in tandem map -- COMMAND", words[0])
	case strings.HasSuffix(words[0], ".py") && identifier(extra):
		return Task{}, usage("%q names a file and no function: write %s:%s", words[0], words[0], extra)
	case !strings.Contains(words[0], ":") && !strings.HasSuffix(words[0], ".py"):
		return Task{}, usage("%q is no task: to run it as a command, write %s", words[0], MapCommand(words))
	case strings.HasPrefix(extra, "-"):
		return Task{}, usage("%q after the task %q: flags of tandem map stand before the task, inputs after %s", extra, words[0], Separator)
	}
	return Task{}, usage("%q after the task %q: write %s before the inputs", extra, words[0], Separator)
}

// Task names a Python function: in a file or in a module.
type Task struct {
	File     string // path of a file, or empty
	Module   string // dotted name of a module, or empty
	Function string // a name in it, dotted for one in a class
	Spread   string // how it is called: "", or one of [Positional] and [Keywords]
}

// The ways to call a function that the end of a task's name asks for. Without
// one, the function takes the input as its one argument.
const (
	Positional = "(*)"  // with the elements of an array as arguments
	Keywords   = "(**)" // with the members of an object as arguments by name
)

// String returns the task as it is written: FILE.py:FUNCTION or MODULE:FUNCTION,
// and how it is called.
func (t Task) String() string { return t.File + t.Module + ":" + t.Function + t.Spread }

// ParseTask reads FILE.py:FUNCTION or PACKAGE.MODULE:FUNCTION, perhaps with "(*)"
// or "(**)" behind it. The last colon counts, so that paths may have some.
func ParseTask(text string) (Task, error) {
	name, spread := text, ""
	for _, form := range []string{Positional, Keywords} {
		if before, found := strings.CutSuffix(text, form); found {
			name, spread = before, form
		}
	}
	task, err := parseName(name)
	task.Spread = spread
	return task, err
}

// parseName reads the name of a function and where it is.
func parseName(text string) (Task, error) {
	at := strings.LastIndexByte(text, ':')
	if at < 0 {
		return Task{}, missingColon(text)
	}
	where, function := text[:at], text[at+1:]
	switch {
	case where == "":
		return Task{}, usage("%q names no file or module: write FILE.py:FUNCTION or PACKAGE.MODULE:FUNCTION", text)
	case function == "":
		return Task{}, usage("%q names no function: write %sFUNCTION", text, text)
	case strings.HasSuffix(function, ")"):
		return Task{}, usage("%q in %q is no name of a Python function: (*) behind a name spreads an array over its arguments, (**) an object", function, text)
	case !dottedName(function):
		return Task{}, usage("%q in %q is no name of a Python function: write FILE.py:FUNCTION", function, text)
	case looksLikeFile(where):
		return Task{File: where, Function: function}, nil
	case !dottedName(where):
		return Task{}, usage("%q in %q is neither a .py file nor the dotted name of a module", where, text)
	}
	return Task{Module: where, Function: function}, nil
}

// missingColon explains a word without a function.
func missingColon(text string) error {
	switch {
	case text == "":
		return usage("the task is empty: write FILE.py:FUNCTION")
	case strings.HasPrefix(text, "-"):
		return usage("%q is no task: flags of tandem map are listed by tandem map --help", text)
	case strings.HasSuffix(text, ".py"):
		return usage("%q names a file and no function: write %s:FUNCTION", text, text)
	}
	return usage("%q is no task: write FILE.py:FUNCTION or PACKAGE.MODULE:FUNCTION; to run it as a command, write %s", text, MapCommand([]string{text}))
}

// MapCommand returns what to type to run words as a command: with --shell when
// they are one word that looks like a line for a shell.
func MapCommand(words []string) string {
	if len(words) == 1 && IsShellLine(words[0]) {
		return "tandem map --shell -- " + command.Quote(words)
	}
	text := "tandem map --"
	for _, word := range words {
		if without := []string{braces.Replace(word)}; command.Quote(without) != without[0] {
			word = command.Quote([]string{word})
		}
		text += " " + word
	}
	return text
}

// braces takes those of placeholders out of a word, which need no quotes.
var braces = strings.NewReplacer("{", "x", "}", "x")

// IsShellLine reports whether a word looks like a command line rather than the
// name of a program.
func IsShellLine(word string) bool {
	first, _, several := strings.Cut(strings.TrimSpace(word), " ")
	return several && !strings.Contains(first, "/")
}

// looksLikeFile tells a path from the name of a module.
func looksLikeFile(where string) bool {
	return strings.HasSuffix(where, ".py") || strings.ContainsAny(where, `/\`)
}

// dottedName reports whether s is made of Python identifiers with dots between.
func dottedName(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		if !identifier(part) {
			return false
		}
	}
	return true
}

func identifier(s string) bool {
	for i, r := range s {
		letter := r == '_' || unicode.IsLetter(r)
		if !letter && (i == 0 || !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r)) {
			return false
		}
	}
	return s != "" && !strings.ContainsRune(s, unicode.ReplacementChar)
}
