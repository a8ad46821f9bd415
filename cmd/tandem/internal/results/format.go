package results

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// Format says how a value is written.
type Format string

const (
	JSON Format = "json" // one line of JSON
	Raw  Format = "raw"  // a text without quotes and escapes, anything else as JSON
)

// Formats are the formats that there are.
var Formats = []Format{JSON, Raw}

// Set makes f the format with the given name. It is the method of a flag.
func (f *Format) Set(name string) error {
	for _, format := range Formats {
		if string(format) == name {
			*f = format
			return nil
		}
	}
	return fmt.Errorf("%q is no format: want json or raw", name)
}

func (f *Format) String() string { return string(*f) }

func (f *Format) Type() string { return "json|raw" }

// Append appends a valid JSON value and a line feed to dst. A raw text that has
// line feeds is written as the lines it has.
func (f Format) Append(dst []byte, value json.RawMessage) []byte {
	value = bytes.TrimSpace(value)
	switch {
	case f == Raw && len(value) >= 2 && value[0] == '"':
		dst = appendText(dst, value[1:len(value)-1])
	case bytes.IndexByte(value, '\n') >= 0:
		dst = appendOneLine(dst, value)
	default:
		dst = append(dst, value...)
	}
	return append(dst, '\n')
}

func appendOneLine(dst, value []byte) []byte {
	b := bytes.NewBuffer(dst)
	if json.Compact(b, value) != nil {
		return append(dst, value...) // not JSON, against the contract: lose nothing
	}
	return b.Bytes()
}

// escapes are the letters that stand for a byte after a backslash.
var escapes = map[byte]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// appendText appends what the inside of a JSON string stands for.
func appendText(dst, text []byte) []byte {
	for {
		at := bytes.IndexByte(text, '\\')
		if at < 0 || at+1 == len(text) {
			return append(dst, text...)
		}
		dst, text = append(dst, text[:at]...), text[at:]
		if c, ok := escapes[text[1]]; ok {
			dst, text = append(dst, c), text[2:]
			continue
		}
		n := 0
		dst, n = appendUnicode(dst, text)
		text = text[n:]
	}
}

// appendUnicode appends what the \u escape that begins text stands for, and
// returns the length of the escape: of two for a pair of surrogates.
func appendUnicode(dst, text []byte) ([]byte, int) {
	r, ok := codeUnit(text)
	if !ok {
		return append(dst, text[0]), 1
	}
	if r >= 0xdc80 && r <= 0xdcff {
		return append(dst, byte(r&0xff)), 6 // a surrogate escape: the byte itself
	}
	if utf16.IsSurrogate(r) {
		if low, ok := codeUnit(text[6:]); ok {
			if pair := utf16.DecodeRune(r, low); pair != utf8.RuneError {
				return utf8.AppendRune(dst, pair), 12
			}
		}
	}
	return utf8.AppendRune(dst, r), 6
}

// codeUnit reads one \uXXXX.
func codeUnit(text []byte) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 32)
	return rune(n), err == nil
}
