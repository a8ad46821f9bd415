package command

import "strings"

// What the scanner passes as a whole, because no value can stand in it.

// dollar passes a "$" and what belongs to it.
func (s *scanner) dollar() error {
	rest := s.line[s.at+1:]
	switch {
	case strings.HasPrefix(rest, "(("):
		return s.arithmetic()
	case strings.HasPrefix(rest, "("):
		s.substitute()
	case strings.HasPrefix(rest, "{"):
		return s.parameter()
	case strings.HasPrefix(rest, "["):
		return s.refuse("$[, which some shells take for arithmetic", `$((…)), or \$[`)
	case strings.HasPrefix(rest, "'") && s.kind() != '"':
		return s.refuse("$'…', which not every shell knows", "'…'")
	case rest != "" && strings.IndexByte("$#?!*@-0123456789", rest[0]) >= 0:
		s.at += 2 // a parameter whose name is that byte
	default:
		s.at++
	}
	return nil
}

// skip passes the bytes up to end, in which only numbers may be replaced.
func (s *scanner) skip(end int, where, instead string) error {
	for s.at < end {
		found, size, err := s.parser.at(s.line[s.at:end])
		switch {
		case err != nil:
			return err
		case size == 0:
			s.at++
		case found.subject != sequence && found.subject != slotNumber:
			return s.refuse(found.text+" in "+where+", where no quoting is safe", instead)
		case s.endsInParameter():
			return s.refuse(found.text+" after the name of a variable", "${NAME} for the variable")
		default:
			s.take(found, size, numbersOnly)
		}
	}
	return nil
}

// endsInParameter reports whether what stands before is $NAME, to which a digit
// would be added.
func (s *scanner) endsInParameter() bool {
	before := s.line[:s.at]
	name := strings.TrimRight(before, nameBytes)
	return strings.HasSuffix(name, "$")
}

// backquotes passes `…`, which ends with the next backquote that has no
// backslash before it. Shells differ when that one is in quotes.
func (s *scanner) backquotes() error {
	end, quote := s.at+1, byte(0)
	for ; end < len(s.line) && s.line[end] != '`'; end++ {
		switch c := s.line[end]; {
		case c == '\\':
			end++
		case c == quote:
			quote = 0
		case quote == 0 && (c == '\'' || c == '"'):
			quote = c
		}
	}
	if end >= len(s.line) || quote != 0 || s.document {
		return s.refuse("a backquote whose pair is not clear", "$(…)")
	}
	return s.skip(end+1, "backquotes", "$(…) instead of them")
}

// arithmetic passes $((…)). It could also be the start of a substitution that
// begins with a parenthesis; then it does not end with "))". What could hold a
// parenthesis without its pair is refused.
func (s *scanner) arithmetic() error {
	depth, end := 2, s.at+len("$((")
	for ; end < len(s.line) && depth > 0; end++ {
		switch c := s.line[end]; {
		case c == '(' && s.line[end-1] != '$':
			depth++
		case c == ')' && depth == 2 && !strings.HasPrefix(s.line[end:], "))"):
			return s.refuse("$(( without ))", "$( (")
		case c == ')':
			depth--
		case c == '{':
			size, err := s.inArithmetic(end)
			if err != nil {
				return err
			}
			end += size - 1
		case strings.IndexByte("'\"`\\;\n(", c) >= 0 || c == '#' && !isDigit(s.line[end-1]):
			return s.refuse("quotes or commands in $((…))", "the value to a variable first")
		}
	}
	if depth > 0 {
		return s.refuse("$(( without ))", "$((…))")
	}
	return s.skip(end, "$((…))", "$(expr {} + 1), or another program that calculates")
}

// inArithmetic returns the size of what begins with the brace at a place in
// $((…)): a placeholder, or the rest of ${NAME}.
func (s *scanner) inArithmetic(at int) (int, error) {
	if _, size, err := s.parser.at(s.line[at:]); size > 0 || err != nil {
		return size, err
	}
	inner, _, found := strings.Cut(s.line[at+1:], "}")
	if !found || s.line[at-1] != '$' || !isVariable(strings.TrimPrefix(inner, "#")) {
		return 0, s.refuse("quotes or commands in $((…))", "the value to a variable first")
	}
	return len("{") + len(inner) + len("}"), nil
}

// isVariable reports whether s is made of what names of variables are made of.
func isVariable(s string) bool { return s != "" && strings.Trim(s, nameBytes) == "" }

const nameBytes = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// parameter passes ${…}, which ends with the next brace when nothing in it
// could hide one.
func (s *scanner) parameter() error {
	length := strings.IndexByte(s.line[s.at:], '}')
	if length < 0 {
		return s.refuse("${ without }", "${NAME}")
	}
	inner := s.line[s.at+len("${") : s.at+length]
	switch {
	case inner == "" || strings.Contains(inner, "{"):
		return s.refuse("${ around braces, where no quoting is safe", `x={}; before it, or \$ for the character`)
	case strings.ContainsAny(inner, "'\"`\\(\n") || strings.IndexByte(" \t|", inner[0]) >= 0:
		return s.refuse("quotes or a substitution in ${…}", "the value to a variable first")
	}
	s.at += length + 1
	return nil
}

// hereDocument passes "<<" and notes that the next line begins its text. The word
// that ends it is one that all shells read alike.
func (s *scanner) hereDocument() error {
	if s.follows("<<") {
		return s.refuse("<<<, which not every shell knows", `printf '%s\n' {} | COMMAND`)
	}
	word := strings.TrimLeft(strings.TrimPrefix(s.line[s.at+len("<<"):], "-"), " \t")
	if end := strings.IndexAny(word, " \t\n;&|()<>"); end >= 0 {
		word = word[:end]
	}
	if !isEndWord(word) {
		return s.refuse("a here-document whose end is not plain", "a fixed word of letters and digits")
	}
	s.at += len("<<")
	s.fresh = s.at
	s.document = true
	return nil
}

// isEndWord reports whether word is a plain one, perhaps in quotes.
func isEndWord(word string) bool {
	if rest, quoted := strings.CutPrefix(word, `\`); quoted {
		return isVariable(rest)
	}
	if n := len(word); n > 2 && word[0] == word[n-1] && (word[0] == '\'' || word[0] == '"') {
		word = word[1 : n-1]
	}
	return isVariable(word)
}

// subscript passes a "[" behind a name. Some shells read it up to its pair as
// arithmetic, in which a value would be calculated, and a space ends no word.
func (s *scanner) subscript() error {
	depth := 0
	for end := s.at; end < len(s.line); end++ {
		switch c := s.line[end]; {
		case c == '[':
			depth++
		case c == ']':
			depth--
		case isBreak(c) || strings.IndexByte("'\"`\\${", c) >= 0:
			return s.refuse("a value or a special character in NAME[…], which some shells calculate", `\[ for the character`)
		}
		if depth == 0 {
			s.at = end + 1
			return nil
		}
	}
	return s.refuse("NAME[ without ]", `\[ for the character`)
}

// comment passes a comment, which ends with the line.
func (s *scanner) comment() error {
	end := strings.IndexByte(s.line[s.at:], '\n')
	s.inComment = end < 0
	if end < 0 {
		end = len(s.line) - s.at
	}
	return s.skip(s.at+end, "a comment", `\# for the character, or leave the comment out`)
}
