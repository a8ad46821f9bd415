package codec

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"unicode/utf8"
)

// errNotUTF8 refuses what would be replaced in silence.
var errNotUTF8 = errors.New("JSON has no form for a string that is not UTF-8: use []byte")

// checkReplaced looks in what encoding/json wrote for *p for text that is not
// what *p holds: bytes that are not UTF-8 become the escape of U+FFFD. Whether
// that is where it came from is only looked at when it is there.
func checkReplaced(text []byte, p any) error {
	if bytes.Contains(text, []byte(`\ufffd`)) && hasInvalidText(reflect.ValueOf(p)) {
		return errNotUTF8
	}
	return nil
}

// ownText are the types that write their text themselves.
var ownText = []reflect.Type{reflect.TypeFor[json.Marshaler](), reflect.TypeFor[encoding.TextMarshaler]()}

// writesItself reports whether encoding/json leaves the text of v to v's type.
func writesItself(v reflect.Value) bool {
	if !v.IsValid() || v.Kind() == reflect.Interface {
		return false
	}
	return slices.ContainsFunc(ownText, func(t reflect.Type) bool {
		return v.Type().Implements(t) || v.CanAddr() && reflect.PointerTo(v.Type()).Implements(t)
	})
}

// hasInvalidText reports whether a string in v that encoding/json has written is
// not UTF-8. What it writes has no cycles; what it does not write may have some.
func hasInvalidText(v reflect.Value) bool {
	if writesItself(v) {
		return false
	}
	switch v.Kind() {
	case reflect.String:
		return !utf8.ValidString(v.String())
	case reflect.Pointer, reflect.Interface:
		return !v.IsNil() && hasInvalidText(v.Elem())
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if hasInvalidText(v.Index(i)) {
				return true
			}
		}
	case reflect.Struct:
		for i := range v.NumField() {
			f := v.Type().Field(i)
			written := (f.IsExported() || f.Anonymous) && f.Tag.Get("json") != "-"
			if written && hasInvalidText(v.Field(i)) {
				return true
			}
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			if hasInvalidText(entries.Key()) || hasInvalidText(entries.Value()) {
				return true
			}
		}
	}
	return false
}

// checkSurrogates refuses escapes in text that no Go string can hold, because
// each is half of a pair without the other; encoding/json would replace them.
func checkSurrogates(text []byte) error {
	const escape = len(`\ud800`)
	for at := 0; ; {
		found := bytes.IndexByte(text[at:], '\\')
		if found < 0 {
			return nil
		}
		at += found
		high, ok := surrogate(text[at:])
		switch {
		case !ok:
			at = min(at+2, len(text)) // an escape has at least two bytes
			continue
		case high < 0xdc00:
			if low, ok := surrogate(text[at+escape:]); ok && low >= 0xdc00 {
				at += 2 * escape
				continue
			}
		}
		return fmt.Errorf("it has a lone surrogate, %s, which a Go string cannot hold: take json.RawMessage", text[at:at+escape])
	}
}

// surrogate reads the escape of a surrogate that text begins with, if it does.
func surrogate(text []byte) (uint64, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' || text[2]|0x20 != 'd' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(text[2:6]), 16, 16)
	return n, err == nil && n >= 0xd800 && n < 0xe000
}
