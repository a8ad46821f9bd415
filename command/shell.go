package command

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// shellFile runs the lines of templates: the shell that POSIX describes, never
// that of the user.
const shellFile = "/bin/sh"

// Shell reads the placeholders in a command line for a POSIX shell, which
// /bin/sh -c runs. A value is quoted for the place where it stands, so that the
// shell takes each of its bytes as it is:
//
//	echo {}            bare: a word, or a part of one. An empty value is a word
//	echo 'to {}'       in single quotes
//	echo "to $HOME/{}" in double quotes, also around or inside $(…)
//
// Without a placeholder the input comes last. Several fields without names are
// several words where "{}" is bare. A backslash before the brace, outside of
// single quotes, keeps a placeholder from being one.
//
// Where no quoting makes a value safe, in backquotes, $((…)), ${…}, comments and
// the text of here-documents, the line is refused, except for "{#}" and "{%}",
// which are digits. So are a few forms that shells do not read alike, whether a
// value stands there or not; the error says what to write instead. A command
// that reads its arguments as a program, as eval and sh -c do, gives a meaning
// to values again, and so does, in some shells, arithmetic with a variable that
// has one: nothing can prevent that.
func (p Parser) Shell(line string) (Template, error) {
	if strings.TrimSpace(line) == "" {
		return Template{}, errors.New("shell line is empty: want a command")
	}
	s := &scanner{parser: p, line: line}
	if p.NumbersOnly && !p.any(line) {
		s.pieces = []piece{{text: line}}
	} else if err := s.scan(); err != nil {
		return Template{}, fmt.Errorf("shell line: %w", err)
	}
	args := [][]piece{{{text: shellFile}}, {{text: "-c"}}, s.pieces}
	return Template{args: args, shell: true}, nil
}

// any reports whether line has a placeholder.
func (p Parser) any(line string) bool {
	for i := range len(line) {
		if _, size, err := p.at(line[i:]); size > 0 || err != nil {
			return true
		}
	}
	return false
}

// scanner reads a line as a shell does, as far as is needed to know what quotes
// are open. Its states nest:
//
//	state         begins with   ends with                 a value there
//	commands      the line      its end                   bare
//	substitution  $(            ), in the number of its ( bare
//	single        '             '                         singleQuoted
//	double        "             "                         doubleQuoted
//
// Single ends with the next quote, whatever stands between. Double knows
// backslashes, $(, and what is skipped as a whole, which commands and
// substitution know too: `…`, $((…)), ${…}. Those two also know comments,
// here-documents, and " and '.
//
// S1: a byte that the shell could read in another state than the scanner is
// never passed: the line is refused.
type scanner struct {
	parser Parser
	line   string
	at     int     // of the next byte
	start  int     // of literal text that is not in pieces
	fresh  int     // the place after the last break between words
	pieces []piece // what was read
	found  bool    // pieces have a placeholder
	open   []state // innermost last

	substituted int  // the place after the last substitution
	document    bool // a here-document begins after the next line end
	ended       bool // it has begun: the rest of the line is not read
	inComment   bool // the line ends in a comment
}

// state is one that is not closed.
type state struct {
	kind   byte // '\'', '"', or '(' for $(
	at     int  // where it began
	parens int  // open ( in a substitution, besides its own
}

// kind returns that of the innermost state, 0 for commands.
func (s *scanner) kind() byte {
	if len(s.open) == 0 {
		return 0
	}
	return s.open[len(s.open)-1].kind
}

func (s *scanner) push(kind byte, size int) {
	s.open = append(s.open, state{kind: kind, at: s.at})
	s.at += size
}

// substitute begins a substitution.
func (s *scanner) substitute() {
	s.push('(', len("$("))
	s.fresh = s.at
}

func (s *scanner) pop() {
	s.open = s.open[:len(s.open)-1]
	s.at++
}

// place is where a placeholder at this point stands.
func (s *scanner) place() place {
	switch s.kind() {
	case '\'':
		return singleQuoted
	case '"':
		return doubleQuoted
	}
	return bare
}

// scan reads the whole line.
func (s *scanner) scan() error {
	for s.at < len(s.line) && !s.ended {
		found, size, err := s.parser.at(s.line[s.at:])
		switch {
		case err != nil:
			return err
		case size > 0:
			s.take(found, size, s.place())
			continue
		case s.document && s.line[s.at] == '\n':
			err = s.skip(len(s.line), "a here-document", `printf '%s\n' {} | COMMAND, outside of it`)
			s.ended = true
		case s.kind() == '\'':
			s.stepSingle()
		case s.kind() == '"':
			err = s.stepDouble()
		default:
			err = s.stepCommand()
		}
		if err != nil {
			return err
		}
	}
	return s.finish()
}

// take ends a piece of text and adds a placeholder.
func (s *scanner) take(found placeholder, size int, where place) {
	if s.start < s.at {
		s.pieces = append(s.pieces, piece{text: s.line[s.start:s.at]})
	}
	s.pieces = append(s.pieces, piece{placeholder: found, place: where})
	s.at += size
	s.start = s.at
	s.found = true
}

func (s *scanner) stepSingle() {
	if s.line[s.at] == '\'' {
		s.pop()
		return
	}
	s.at++
}

func (s *scanner) stepDouble() error {
	switch s.line[s.at] {
	case '"':
		s.pop()
	case '\\':
		return s.escape()
	case '`':
		return s.backquotes()
	case '$':
		return s.dollar()
	default:
		s.at++
	}
	return nil
}

// stepCommand is for commands and substitutions.
func (s *scanner) stepCommand() error {
	switch c := s.line[s.at]; {
	case c == '\\':
		return s.escape()
	case c == '\'' || c == '"':
		s.push(c, 1)
	case c == '`':
		return s.backquotes()
	case c == '$':
		return s.dollar()
	case c == '(':
		return s.parenthesis()
	case c == ')' && s.kind() == '(':
		s.closeParenthesis()
	case c == '<' && s.follows("<"):
		return s.hereDocument()
	case c == '#' && s.wordBegins():
		return s.comment()
	case c == 'c' && s.kind() == '(' && s.isWord("case"):
		return s.refuse("case in $(…), whose parentheses need not be pairs", "if, or the script to a file")
	case c == 'a' && s.isWord("alias") && strings.Contains(s.line[s.at:], "\n"):
		return s.refuse("alias, which changes how the next lines are read", "a function")
	case c == '[' && isVariable(s.line[s.fresh:s.at]):
		return s.subscript()
	case isBreak(c):
		s.pass(1)
	default:
		s.at++
	}
	return nil
}

// pass passes bytes after which a word can begin.
func (s *scanner) pass(size int) {
	s.at += size
	s.fresh = s.at
}

func (s *scanner) parenthesis() error {
	if s.follows("(") {
		return s.refuse("((, which some shells take for arithmetic", "( (")
	}
	if s.kind() == '(' {
		s.open[len(s.open)-1].parens++
	}
	s.pass(1)
	return nil
}

func (s *scanner) closeParenthesis() {
	top := &s.open[len(s.open)-1]
	if top.parens == 0 {
		s.pop()
		s.substituted = s.at
		return
	}
	top.parens--
	s.pass(1)
}

// follows reports whether text stands after the next byte.
func (s *scanner) follows(text string) bool { return strings.HasPrefix(s.line[s.at+1:], text) }

// wordBegins reports whether what stands here is the beginning of a word.
func (s *scanner) wordBegins() bool { return s.at == s.fresh }

// isWord reports whether word stands here, as a word of its own.
func (s *scanner) isWord(word string) bool {
	rest, has := strings.CutPrefix(s.line[s.at:], word)
	return has && s.wordBegins() && (rest == "" || isBreak(rest[0]) || rest[0] == '\\')
}

// isBreak reports whether c stands between words.
func isBreak(c byte) bool { return strings.IndexByte(" \t\n;&|()<>", c) >= 0 }

// escape passes a backslash and what it quotes. A line end is then no part of the
// line, so that what stands around it can be one word.
func (s *scanner) escape() error {
	switch {
	case s.at+1 == len(s.line):
		return errors.New("it ends with a backslash")
	case s.line[s.at+1] != '\n':
		s.at += 2
		return nil
	}
	begins := s.wordBegins()
	var before byte
	if s.at > 0 {
		before = s.line[s.at-1]
	}
	if s.document || before == '$' || before == '<' || before == '(' || s.kind() == '(' && !begins {
		return s.refuse("a backslash before a line end inside a word", "a space before the backslash")
	}
	s.at += 2
	if begins {
		s.fresh = s.at
	}
	return nil
}

// finish checks that all is closed, and appends the input when it has no place.
func (s *scanner) finish() error {
	if len(s.open) > 0 && !s.ended {
		top := s.open[len(s.open)-1]
		s.at = top.at
		what := map[byte]string{'\'': "a single quote", '"': "a double quote", '(': "$("}[top.kind]
		return fmt.Errorf("%s that is not closed, at %s", what, s.here())
	}
	if s.found || s.parser.NumbersOnly {
		s.keepRest()
		return nil
	}
	if !s.takesWord() {
		return errors.New("the input cannot be appended to it: write {} where it belongs")
	}
	s.keepRest()
	s.pieces = append(s.pieces, piece{text: " "}, piece{placeholder: appended, place: bare})
	return nil
}

// takesWord reports whether a word at the end of the line would be an argument of
// a command.
func (s *scanner) takesWord() bool {
	text := strings.TrimRight(s.line, " \t")
	if text == "" || s.ended || s.inComment || strings.IndexByte(";&|(<>\r\n", text[len(text)-1]) >= 0 {
		return false
	}
	last := text[strings.LastIndexAny(text, " \t\n;&|()<>")+1:]
	if last == "" { // after a parenthesis
		return s.substituted == len(text)
	}
	return !slices.Contains(compound, last)
}

// compound are the words behind which no argument can stand.
var compound = []string{"!", "{", "}", "do", "done", "elif", "else", "esac", "fi", "if", "then", "until", "while"}

func (s *scanner) keepRest() {
	if s.start < len(s.line) {
		s.pieces = append(s.pieces, piece{text: s.line[s.start:]})
	}
}

// refuse returns the error about what stands here.
func (s *scanner) refuse(what, instead string) error {
	return fmt.Errorf("%s, at %s: write %s", what, s.here(), instead)
}

// here shows where in the line the scanner is.
func (s *scanner) here() string {
	const shown = 20
	return fmt.Sprintf("byte %d, %q", s.at+1, s.line[s.at:min(len(s.line), s.at+shown)])
}
