package codec

import (
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

// maxSignature bounds a signature. Longer shows more of a large type in an error
// message, shorter keeps the messages of the handshake small.
const maxSignature = 400

// Signature returns a text for type t such that two types with the same text
// decode the same. It shows structure, not names: a defined type is written as
// what it is defined as. Types with marshal methods are written by name, as is
// a defined struct, map, slice, array or pointer type after it was written once;
// so a recursive type has a finite text. Fields that do not travel are left out,
// and of the tags only cbor and json are kept. A text of more than 400 bytes is
// cut and ends with a hash of the whole. A nil type gives "nil".
func Signature(t reflect.Type) string {
	if t == nil {
		return "nil"
	}
	s := signer{seen: map[reflect.Type]int{}}
	s.write(t)
	text := s.text.String()
	if len(text) <= maxSignature {
		return text
	}
	sum := sha256.Sum256([]byte(text))
	suffix := "…#" + hex.EncodeToString(sum[:16])
	cut := strings.ToValidUTF8(text[:maxSignature-len(suffix)], "")
	return cut + suffix
}

// signer writes one signature. Each defined type is expanded once, so the text
// is no longer than the program's declarations.
type signer struct {
	text strings.Builder
	seen map[reflect.Type]int // defined types, numbered as they appear
}

func (s *signer) write(t reflect.Type) {
	if methods := marshalMethods(t); methods != "" {
		fmt.Fprintf(&s.text, "marshal(%s) %s", methods, fullName(t))
		return
	}
	if base := scalars[t.Kind()]; base != nil {
		s.text.WriteString(base.String())
		return
	}
	if t.Name() != "" {
		if n, ok := s.seen[t]; ok {
			fmt.Fprintf(&s.text, "%s@%d", fullName(t), n)
			return
		}
		s.seen[t] = len(s.seen) + 1
	}
	s.writeComposite(t)
}

func (s *signer) writeComposite(t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer:
		s.text.WriteString("*")
		s.write(t.Elem())
	case reflect.Slice:
		s.text.WriteString("[]")
		s.write(t.Elem())
	case reflect.Array:
		fmt.Fprintf(&s.text, "[%d]", t.Len())
		s.write(t.Elem())
	case reflect.Map:
		s.text.WriteString("map[")
		s.write(t.Key())
		s.text.WriteString("]")
		s.write(t.Elem())
	case reflect.Struct:
		s.writeStruct(t)
	case reflect.Interface:
		s.writeInterface(t)
	default: // without a form, or decoded by the library alone
		s.text.WriteString(t.Kind().String() + " " + fullName(t))
	}
}

func (s *signer) writeInterface(t reflect.Type) {
	if t.NumMethod() == 0 {
		s.text.WriteString("any")
		return
	}
	s.text.WriteString("interface " + fullName(t))
}

func (s *signer) writeStruct(t reflect.Type) {
	s.text.WriteString("struct{")
	first := true
	for i := range t.NumField() {
		f := t.Field(i)
		if !travels(f) {
			continue
		}
		if !first {
			s.text.WriteString("; ")
		}
		first = false
		if f.Anonymous {
			s.text.WriteString("embedded ")
		}
		s.text.WriteString(f.Name + " ")
		s.write(f.Type)
		s.writeTag(f.Tag)
	}
	s.text.WriteString("}")
}

// travels reports whether f has a part in one of the encodings. The blank field
// has: its tag holds options for the whole struct.
func travels(f reflect.StructField) bool {
	viaCBOR, viaJSON := f.Tag.Get("cbor"), f.Tag.Get("json")
	if f.Name == "_" {
		return viaCBOR != ""
	}
	hidden := viaJSON == "-" && (viaCBOR == "-" || viaCBOR == "")
	return !hidden && (f.IsExported() || f.Anonymous)
}

func (s *signer) writeTag(tag reflect.StructTag) {
	var kept []string
	for _, key := range []string{"cbor", "json"} {
		if v, ok := tag.Lookup(key); ok {
			kept = append(kept, key+":"+strconv.Quote(v))
		}
	}
	if kept != nil {
		s.text.WriteString(" `" + strings.Join(kept, " ") + "`")
	}
}

var methodPairs = []struct {
	name               string
	marshal, unmarshal reflect.Type
}{
	{"cbor", cborMarshaler, reflect.TypeFor[cbor.Unmarshaler]()},
	{"binary", binaryMarshaler, binaryUnmarshaler},
	{"text", textMarshaler, reflect.TypeFor[encoding.TextUnmarshaler]()},
	{"json", reflect.TypeFor[json.Marshaler](), reflect.TypeFor[json.Unmarshaler]()},
}

// marshalMethods names the encodings that t implements itself, in a fixed order.
func marshalMethods(t reflect.Type) string {
	if t.Kind() == reflect.Pointer || t.Kind() == reflect.Interface {
		return ""
	}
	var names []string
	for _, m := range methodPairs {
		if implements(t, m.marshal) || implements(t, m.unmarshal) {
			names = append(names, m.name)
		}
	}
	return strings.Join(names, ",")
}

func fullName(t reflect.Type) string {
	if t.PkgPath() == "" {
		return t.String()
	}
	return t.PkgPath() + "." + t.Name()
}
