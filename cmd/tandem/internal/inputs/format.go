package inputs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"unicode/utf8"

	"github.com/gotandem/tandem/internal/wire"
)

// Format says how a token becomes a value.
type Format string

const (
	Auto Format = "auto" // JSON if the token is JSON, text otherwise
	JSON Format = "json" // the token must be JSON
	Text Format = "str"  // the token is text
	CSV  Format = "csv"  // the token is text: a field of a table
)

// Formats are the formats that there are.
var Formats = []Format{Auto, JSON, Text, CSV}

// ErrNotJSON says that a token is not what [JSON] asks for.
var ErrNotJSON = errors.New("input is not valid JSON: give JSON, or --as str for text")

// Set makes f the format with the given name. It is the method of a flag.
func (f *Format) Set(name string) error {
	for _, format := range Formats {
		if string(format) == name {
			*f = format
			return nil
		}
	}
	return fmt.Errorf("%q is no format: want auto, json, str or csv", name)
}

func (f *Format) String() string { return string(*f) }

func (f *Format) Type() string { return "auto|json|str|csv" }

// Encode returns the token as a JSON value on one line. The value may share the
// token's bytes.
func (f Format) Encode(token []byte) (json.RawMessage, error) {
	if f != Text && f != CSV && mayBeJSON(token) && utf8.Valid(token) {
		if value := bytes.Trim(token, " \t\r\n"); wire.IsJSON(value) {
			return oneLine(value), nil
		}
	}
	if f == JSON {
		return nil, ErrNotJSON
	}
	return Quote(token), nil
}

// mayBeJSON looks at the first byte only, so that most text is not parsed.
func mayBeJSON(token []byte) bool {
	token = bytes.TrimLeft(token, " \t\r\n")
	return len(token) > 0 && bytes.IndexByte([]byte(`{["-0123456789tfn`), token[0]) >= 0
}

// oneLine returns a valid value without line feeds, which JSON has only between
// its parts.
func oneLine(value []byte) json.RawMessage {
	if bytes.IndexByte(value, '\n') < 0 {
		return value
	}
	var b bytes.Buffer
	if err := json.Compact(&b, value); err != nil {
		panic(fmt.Sprintf("tandem: compacting valid JSON: %v", err))
	}
	return b.Bytes()
}

const hexDigits = "0123456789abcdef"

// Quote returns text as a JSON string. What is no UTF-8 becomes surrogate
// escapes.
func Quote(text []byte) json.RawMessage {
	dst := make([]byte, 0, len(text)+2)
	dst = append(dst, '"')
	for len(text) > 0 {
		plain := 0
		for plain < len(text) && text[plain] >= ' ' && text[plain] < utf8.RuneSelf && text[plain] != '"' && text[plain] != '\\' {
			plain++
		}
		dst, text = append(dst, text[:plain]...), text[plain:]
		if len(text) > 0 {
			n := 0
			dst, n = quoteRune(dst, text)
			text = text[n:]
		}
	}
	return append(dst, '"')
}

// quoteRune appends the first character of text, which is not plain, and returns
// its length there.
func quoteRune(dst, text []byte) ([]byte, int) {
	c := text[0]
	switch {
	case c == '"' || c == '\\':
		return append(dst, '\\', c), 1
	case c < ' ':
		return append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15]), 1
	}
	if r, n := utf8.DecodeRune(text); r != utf8.RuneError || n > 1 {
		return append(dst, text[:n]...), n
	}
	return append(dst, '\\', 'u', 'd', 'c', hexDigits[c>>4], hexDigits[c&15]), 1
}

// EncodeArray returns tokens as a JSON array on one line, each as [Format.Encode]
// does.
func (f Format) EncodeArray(tokens [][]byte) (json.RawMessage, error) {
	array := []byte{'['}
	for i, token := range tokens {
		value, err := f.Encode(token)
		if err != nil {
			return nil, fmt.Errorf("field %d: %w", i+1, err)
		}
		if i > 0 {
			array = append(array, ',')
		}
		array = append(array, value...)
	}
	return append(array, ']'), nil
}

// EncodeObject returns tokens as a JSON object on one line, each under its name
// and as [Format.Encode] does.
func (f Format) EncodeObject(names []string, tokens [][]byte) (json.RawMessage, error) {
	object := []byte{'{'}
	for i, token := range tokens {
		value, err := f.Encode(token)
		if err != nil {
			return nil, fmt.Errorf("field %q: %w", names[i], err)
		}
		if i > 0 {
			object = append(object, ',')
		}
		object = append(append(object, Quote([]byte(names[i]))...), ':')
		object = append(object, value...)
	}
	return append(object, '}'), nil
}
