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
	name := strings.TrimRight(before, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")
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
// begins with a parenthesis; then it does not end with "))".
func (s *scanner) arithmetic() error {
	depth, end := 2, s.at+len("$((")
	for ; end < len(s.line) && depth > 0; end++ {
		switch c := s.line[end]; {
		case c == '(':
			depth++
		case c == ')' && depth == 2 && !strings.HasPrefix(s.line[end:], "))"):
			return s.refuse("$(( without ))", "$( (")
		case c == ')':
			depth--
		case strings.IndexByte("'\"`\\;\n", c) >= 0 || c == '#' && !isDigit(s.line[end-1]) && s.line[end-1] != '{':
			return s.refuse("quotes or commands in $((…))", "the value to a variable first")
		}
	}
	if depth > 0 {
		return s.refuse("$(( without ))", "$((…))")
	}
	return s.skip(end, "$((…))", "x={}; before it, and x inside")
}

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

// hereDocument passes "<<" and notes that the next line begins its text.
func (s *scanner) hereDocument() error {
	s.at += len("<<")
	word := strings.TrimLeft(strings.TrimPrefix(s.line[s.at:], "-"), " \t")
	if end := strings.IndexAny(word, " \t\n;&|()<>"); end >= 0 {
		word = word[:end]
	}
	if s.parser.any(word) {
		return s.refuse("a placeholder that ends a here-document", "a fixed word")
	}
	s.fresh = s.at
	s.document = true
	return nil
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
