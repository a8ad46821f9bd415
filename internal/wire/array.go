package wire

import (
	"encoding/binary"
	"fmt"
	"math/bits"
)

// maxDepth is how deep JSON may nest, the same as in encoding/json. It bounds
// the stack that a hostile body can use.
const maxDepth = 10000

// A scan function takes the text and the index where its subject begins, and
// returns the index behind it, or malformed.
const malformed = -1

// IsJSON reports whether text is one JSON value and nothing else, no white space
// around it either. It takes what encoding/json takes, and is faster.
func IsJSON(text []byte) bool { return scanValue(text, 0, 0) == len(text) }

// checkArray checks that text is one JSON array of count values and nothing
// else but white space. It returns where the first value begins.
func checkArray(text []byte, count uint32) (first int, err error) {
	i := skipSpace(text, 0)
	if i == len(text) || text[i] != '[' {
		return 0, protocolError(FieldArray, "does not begin with a bracket")
	}
	first = skipSpace(text, i+1)
	end, n := scanElements(text, first, count)
	switch {
	case end == malformed:
		return 0, protocolError(FieldArray, fmt.Sprintf("has malformed JSON in or after value %d", n))
	case n != count || end == 0:
		return 0, protocolError(FieldCount, fmt.Sprintf("is %d, the array has another number of values", count))
	case skipSpace(text, end) != len(text):
		return 0, protocolError(FieldBody, fmt.Sprintf("has %d bytes after its array", len(text)-end))
	}
	return first, nil
}

// scanElements scans at most count values from i, which is behind the opening
// bracket and white space, and the closing bracket. It returns the index behind
// the bracket and the number of values; the index is 0 when there are more.
func scanElements(text []byte, i int, count uint32) (end int, n uint32) {
	if i < len(text) && text[i] == ']' {
		return i + 1, 0
	}
	for n < count {
		if i = scanValue(text, i, 1); i == malformed {
			return malformed, n
		}
		n++
		i = skipSpace(text, i)
		switch {
		case i < len(text) && text[i] == ']':
			return i + 1, n
		case i == len(text) || text[i] != ',':
			return malformed, n
		}
		i = skipSpace(text, i+1)
	}
	return 0, n
}

func skipSpace(text []byte, i int) int {
	for i < len(text) {
		switch text[i] {
		case ' ', '\n', '\r', '\t':
			i++
		default:
			return i
		}
	}
	return i
}

// scanValue scans one value. depth is how many arrays and objects are open.
func scanValue(text []byte, i, depth int) int {
	if i >= len(text) {
		return malformed
	}
	switch c := text[i]; {
	case c == '"':
		return scanString(text, i)
	case c == '-' || isDigit(c):
		return scanNumber(text, i)
	case c == '[':
		return scanArray(text, i, depth+1)
	case c == '{':
		return scanObject(text, i, depth+1)
	case c == 't':
		return scanWord(text, i, "true")
	case c == 'f':
		return scanWord(text, i, "false")
	case c == 'n':
		return scanWord(text, i, "null")
	}
	return malformed
}

func scanWord(text []byte, i int, word string) int {
	if len(text)-i < len(word) || string(text[i:i+len(word)]) != word {
		return malformed
	}
	return i + len(word)
}

func scanArray(text []byte, i, depth int) int {
	if depth > maxDepth {
		return malformed
	}
	i = skipSpace(text, i+1)
	if i < len(text) && text[i] == ']' {
		return i + 1
	}
	for {
		if i = scanValue(text, i, depth); i == malformed {
			return malformed
		}
		i = skipSpace(text, i)
		switch {
		case i < len(text) && text[i] == ']':
			return i + 1
		case i == len(text) || text[i] != ',':
			return malformed
		}
		i = skipSpace(text, i+1)
	}
}

func scanObject(text []byte, i, depth int) int {
	if depth > maxDepth {
		return malformed
	}
	i = skipSpace(text, i+1)
	if i < len(text) && text[i] == '}' {
		return i + 1
	}
	for {
		if i = scanMember(text, i, depth); i == malformed {
			return malformed
		}
		i = skipSpace(text, i)
		switch {
		case i < len(text) && text[i] == '}':
			return i + 1
		case i == len(text) || text[i] != ',':
			return malformed
		}
		i = skipSpace(text, i+1)
	}
}

// scanMember scans a name, a colon and a value.
func scanMember(text []byte, i, depth int) int {
	if i == len(text) || text[i] != '"' {
		return malformed
	}
	if i = scanString(text, i); i == malformed {
		return malformed
	}
	i = skipSpace(text, i)
	if i == len(text) || text[i] != ':' {
		return malformed
	}
	return scanValue(text, skipSpace(text, i+1), depth)
}

// scanNumber scans -? (0 | digits) (. digits)? ([eE] [+-]? digits)?.
func scanNumber(text []byte, i int) int {
	if text[i] == '-' {
		i++
	}
	if i < len(text) && text[i] == '0' {
		i++
	} else if i = scanDigits(text, i); i == malformed {
		return malformed
	}
	if i < len(text) && text[i] == '.' {
		if i = scanDigits(text, i+1); i == malformed {
			return malformed
		}
	}
	if i < len(text) && (text[i] == 'e' || text[i] == 'E') {
		i++
		if i < len(text) && (text[i] == '+' || text[i] == '-') {
			i++
		}
		return scanDigits(text, i)
	}
	return i
}

// scanDigits scans at least one digit.
func scanDigits(text []byte, i int) int {
	from := i
	for i < len(text) && isDigit(text[i]) {
		i++
	}
	if i == from {
		return malformed
	}
	return i
}

func isDigit(c byte) bool { return c-'0' <= 9 }

// scanString scans from the opening to the closing quote.
func scanString(text []byte, i int) int {
	for i++; ; {
		i = skipOrdinary(text, i)
		switch {
		case i == len(text) || text[i] < 0x20:
			return malformed
		case text[i] == '"':
			return i + 1
		case text[i] == '\\':
			if i = scanEscape(text, i+1); i == malformed {
				return malformed
			}
		default: // skipOrdinary leaves the last bytes of text to this loop
			i++
		}
	}
}

// skipOrdinary skips eight bytes at a time, up to the first that is a quote, a
// backslash or a control character, or to the last seven bytes of text.
func skipOrdinary(text []byte, i int) int {
	const low, high = 0x0101010101010101, 0x8080808080808080
	for len(text)-i >= 8 {
		w := binary.LittleEndian.Uint64(text[i:])
		quote := w ^ low*'"'
		slash := w ^ low*'\\'
		// A byte of x is below n where x-n borrows and x had no high bit. The
		// borrow can spread only to higher bytes, so the lowest hit is true.
		hits := ((w-low*0x20)&^w | (quote-low)&^quote | (slash-low)&^slash) & high
		if hits != 0 {
			return i + bits.TrailingZeros64(hits)/8
		}
		i += 8
	}
	return i
}

// scanEscape scans what follows a backslash.
func scanEscape(text []byte, i int) int {
	if i == len(text) {
		return malformed
	}
	switch text[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
		if len(text)-i < 5 {
			return malformed
		}
		for _, c := range text[i+1 : i+5] {
			if !isHex(c) {
				return malformed
			}
		}
		return i + 5
	}
	return malformed
}

func isHex(c byte) bool {
	return isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f'
}
