package codec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"sync"
	"unicode/utf8"

	"github.com/gotandem/tandem/internal/wire"
)

// JSON is the codec for workers in other languages. Values have the form that
// encoding/json gives them, on one line and without HTML escaping. The zero
// value is ready.
type JSON struct{}

// Append appends the value that p points to. A [json.RawMessage] is checked, and
// made compact if it has more than one line. NaN, infinities and strings that are
// not UTF-8 have no form. On error it returns dst as it was.
func (JSON) Append(dst []byte, p any) ([]byte, error) {
	switch p := p.(type) {
	case *int:
		return strconv.AppendInt(dst, int64(*p), 10), nil
	case *int64:
		return strconv.AppendInt(dst, *p, 10), nil
	case *bool:
		return strconv.AppendBool(dst, *p), nil
	case *json.RawMessage:
		return appendRawJSON(dst, *p)
	case *string:
		if !utf8.ValidString(*p) {
			return dst, fmt.Errorf("codec: encode string: %w", errNotUTF8)
		}
	}
	return appendJSON(dst, p)
}

// Decode stores in *p the value that src holds. Nothing of src is kept. Text
// with a lone surrogate is refused unless p is a [json.RawMessage], which keeps
// it as it is; so is null, unless *p can hold it. On error *p is unspecified.
func (JSON) Decode(src []byte, p any) error {
	switch p := p.(type) {
	case *int:
		if n, ok := parseInt(src); ok {
			*p = int(n)
			return nil
		}
	case *int64:
		if n, ok := parseInt(src); ok {
			*p = n
			return nil
		}
	case *json.RawMessage:
		if wire.IsJSON(src) {
			*p = bytes.Clone(src)
			return nil
		}
	}
	if string(src) == "null" && !holdsNull(reflect.TypeOf(p).Elem()) {
		return fmt.Errorf("codec: decode %s: it is null (None), which a %[1]s cannot hold: take *%[1]s if that is meant", target(p))
	}
	return decodeJSON(src, p)
}

var unmarshaler = reflect.TypeFor[json.Unmarshaler]()

// holdsNull reports whether JSON's null means something for values of t.
// encoding/json leaves others as they are, without an error.
func holdsNull(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Map, reflect.Slice:
		return true
	case reflect.Struct:
		return t.NumField() == 0 || reflect.PointerTo(t).Implements(unmarshaler)
	}
	return reflect.PointerTo(t).Implements(unmarshaler)
}

// ID returns the codec number of docs/wire.md.
func (JSON) ID(any) uint8 { return uint8(wire.CodecJSON) }

func appendRawJSON(dst []byte, raw json.RawMessage) ([]byte, error) {
	if raw == nil {
		return append(dst, "null"...), nil
	}
	if wire.IsJSON(raw) && bytes.IndexByte(raw, '\n') < 0 {
		return append(dst, raw...), nil
	}
	buf := bytes.NewBuffer(dst)
	if err := json.Compact(buf, raw); err != nil {
		return dst, fmt.Errorf("codec: encode json.RawMessage: %w", err)
	}
	return buf.Bytes(), nil
}

// jsonEncoder is an encoder that appends to dst.
type jsonEncoder struct {
	dst []byte
	enc *json.Encoder
}

func (e *jsonEncoder) Write(b []byte) (int, error) {
	e.dst = append(e.dst, b...)
	return len(b), nil
}

var jsonEncoders = sync.Pool{New: func() any {
	e := new(jsonEncoder)
	e.enc = json.NewEncoder(e)
	e.enc.SetEscapeHTML(false)
	return e
}}

func appendJSON(dst []byte, p any) (out []byte, err error) {
	defer recoverTo(&err, "encode", p, func() { out = dst })
	e := jsonEncoders.Get().(*jsonEncoder)
	e.dst = dst
	err = e.enc.Encode(p)
	out, e.dst = e.dst, nil
	jsonEncoders.Put(e)
	var unsupported *json.UnsupportedValueError
	switch {
	case errors.As(err, &unsupported):
		return dst, fmt.Errorf("codec: encode %s: JSON has no form for %s: %w", target(p), unsupported.Str, err)
	case err != nil:
		return dst, fmt.Errorf("codec: encode %s: %w", target(p), err)
	}
	if err := checkReplaced(out[len(dst):], p); err != nil {
		return dst, fmt.Errorf("codec: encode %s: %w", target(p), err)
	}
	return out[:len(out)-1], nil // without the line feed
}

func decodeJSON(src []byte, p any) (err error) {
	defer recoverTo(&err, "decode", p, nil)
	if _, raw := p.(*json.RawMessage); !raw {
		if err := checkSurrogates(src); err != nil {
			return fmt.Errorf("codec: decode %s: %w", target(p), err)
		}
	}
	if err := json.Unmarshal(src, p); err != nil {
		return fmt.Errorf("codec: decode %s: %w", target(p), err)
	}
	return nil
}

// parseInt reads the integers that surely fit; the rest is for encoding/json.
func parseInt(src []byte) (int64, bool) {
	digits := src
	if len(digits) > 0 && digits[0] == '-' {
		digits = digits[1:]
	}
	const surelyFit = strconv.IntSize * 9 / 32 // digits: 9 in 32 bits, 18 in 64
	if len(digits) == 0 || len(digits) > surelyFit || digits[0] == '0' && len(digits) > 1 {
		return 0, false
	}
	n := int64(0)
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if len(digits) < len(src) {
		n = -n
	}
	return n, true
}
