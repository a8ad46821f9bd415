package python

import (
	"encoding"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"sync"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/codec"
	"github.com/gotandem/tandem/internal/wire"
)

var (
	_ tandem.Codec    = values{}
	_ codec.Sizer     = values{}
	_ codec.Owner     = values{}
	_ codec.Buffered  = values{}
	_ codec.Describer = values{}
)

// values is the codec between this program and interpreters. The type alone
// chooses the form: byte slices raw, [Array] in NumPy's file format, [Pickle] as it
// is, everything else as JSON.
type values struct{ json codec.JSON }

// mostBuffers is how many out-of-band buffers fit a frame, besides the payload.
const mostBuffers = 1<<16 - 2

func (v values) Append(dst []byte, p any) ([]byte, error) {
	switch p := p.(type) {
	case *int, *string, *json.RawMessage: // the most frequent first
		return v.json.Append(dst, p)
	case *[]byte:
		return append(dst, *p...), nil
	case *Pickle:
		if len(p.Buffers) > mostBuffers {
			return dst, fmt.Errorf("python: Pickle has %d buffers: want at most %d", len(p.Buffers), mostBuffers)
		}
		return append(dst, p.Data...), nil
	case arrayValue:
		out, err := p.appendNPY(dst)
		if err != nil {
			return dst, fmt.Errorf("python: %w", err)
		}
		return out, nil
	}
	if b := bytesBehind(p); b != nil {
		return append(dst, *b...), nil
	}
	return v.json.Append(dst, p)
}

func (v values) Decode(src []byte, p any) error {
	switch p := p.(type) {
	case *int, *string, *json.RawMessage:
		return v.json.Decode(src, p)
	case *Pickle:
		*p = Pickle{Data: append([]byte{}, src...)}
		return nil
	case arrayValue:
		return decodeArray(src, p, false)
	}
	if b := bytesBehind(p); b != nil {
		*b = append([]byte{}, src...)
		return nil
	}
	return v.json.Decode(src, p)
}

func (v values) DecodeOwned(src []byte, p any) error {
	switch p := p.(type) {
	case *Pickle:
		*p = Pickle{Data: src}
		return nil
	case arrayValue:
		return decodeArray(src, p, true)
	}
	if b := bytesBehind(p); b != nil {
		*b = src
		return nil
	}
	return v.json.Decode(src, p)
}

func decodeArray(src []byte, p arrayValue, owned bool) error {
	if err := p.decodeNPY(src, owned); err != nil {
		return fmt.Errorf("python: %w", err)
	}
	return nil
}

func (values) Buffers(p any) [][]byte {
	if p, ok := p.(*Pickle); ok {
		return p.Buffers
	}
	return nil
}

func (v values) DecodeBuffers(src []byte, buffers [][]byte, p any) error {
	if p, ok := p.(*Pickle); ok {
		*p = Pickle{src, buffers}
		return nil
	}
	return fmt.Errorf("python: result has %d buffers beside it, which only a Pickle may have", len(buffers))
}

func (values) Size(p any) (int, bool) {
	switch p := p.(type) {
	case *int, *string, *json.RawMessage:
		return 0, false
	case *Pickle:
		return len(p.Data), true
	case arrayValue:
		return p.size(), true
	}
	if b := bytesBehind(p); b != nil {
		return len(*b), true
	}
	return 0, false
}

func (values) ID(p any) uint8 {
	switch p.(type) {
	case *Pickle:
		return uint8(wire.CodecPickle)
	case arrayValue:
		return uint8(wire.CodecNPY)
	}
	if bytesBehind(p) != nil {
		return uint8(wire.CodecRaw)
	}
	return uint8(wire.CodecJSON)
}

// Signature returns how values of type t travel: the name of the codec, and for
// arrays the type of their elements.
func (v values) Signature(t reflect.Type) string {
	if t == nil {
		return ""
	}
	p := reflect.New(t).Interface()
	name := wire.Codec(v.ID(p)).String()
	if a, ok := p.(arrayValue); ok {
		name += " " + a.descr()
	}
	return name
}

// byteTypes maps pointer types to whether they point to byte slices without a
// JSON form of their own. It is bounded by the types of the program.
var byteTypes sync.Map

var ownForms = []reflect.Type{
	reflect.TypeFor[json.Marshaler](), reflect.TypeFor[json.Unmarshaler](),
	reflect.TypeFor[encoding.TextMarshaler](), reflect.TypeFor[encoding.TextUnmarshaler](),
}

// bytesBehind returns p as a pointer to a byte slice, if it is one, or nil. Types
// defined as []byte count unless they have methods that make them JSON.
func bytesBehind(p any) *[]byte {
	if b, ok := p.(*[]byte); ok {
		return b
	}
	t := reflect.TypeOf(p)
	if t == nil || t.Kind() != reflect.Pointer || t.Elem().Kind() != reflect.Slice {
		return nil
	}
	known, ok := byteTypes.Load(t)
	if !ok {
		isBytes := t.Elem().Elem() == reflect.TypeFor[byte]() && !slices.ContainsFunc(ownForms, t.Implements)
		known, _ = byteTypes.LoadOrStore(t, isBytes)
	}
	if !known.(bool) {
		return nil
	}
	return (*[]byte)(reflect.ValueOf(p).UnsafePointer())
}
