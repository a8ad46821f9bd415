package codec

import (
	"bytes"
	"fmt"
	"reflect"
	"sync"

	"github.com/fxamacker/cbor/v2"
)

const (
	// maxLevels is how deep CBOR may nest. More needs more stack to decode;
	// fewer refuses honest trees.
	maxLevels = 256

	// maxHops bounds the pointers and interfaces between two levels, of which
	// a cycle has no end and honest data has few.
	maxHops = 1000

	maxElements = 2147483647 // the largest that the library takes
)

var (
	encMode = newEncMode()
	decMode = newDecMode()
)

func newEncMode() cbor.UserBufferEncMode {
	mode, err := cbor.EncOptions{
		Time:          cbor.TimeRFC3339Nano,
		TimeTag:       cbor.EncTagRequired, // so that a time in an interface arrives as a time
		TextMarshaler: cbor.TextMarshalerTextString,
	}.UserBufferEncMode()
	if err != nil {
		panic("tandem: codec: " + err.Error())
	}
	return mode
}

func newDecMode() cbor.DecMode {
	mode, err := cbor.DecOptions{
		MaxNestedLevels:   maxLevels,
		MaxArrayElements:  maxElements,
		MaxMapPairs:       maxElements,
		IntDec:            cbor.IntDecConvertSignedOrBigInt,
		DefaultMapType:    reflect.TypeFor[map[string]any](),
		UTF8:              cbor.UTF8DecodeInvalid, // a Go string may hold any bytes
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		TextUnmarshaler:   cbor.TextUnmarshalerTextString,
	}.DecMode()
	if err != nil {
		panic("tandem: codec: " + err.Error())
	}
	return mode
}

// buffers holds *bytes.Buffer without memory of their own: only the struct is
// reused, around the caller's bytes.
var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func appendCBOR(dst []byte, p any, pl *plan) ([]byte, error) {
	if pl.open {
		if err := checkDepth(reflect.ValueOf(p).Elem(), 0, 0); err != nil {
			return dst, fmt.Errorf("codec: encode %s: %w", target(p), err)
		}
	}
	buf := buffers.Get().(*bytes.Buffer)
	*buf = *bytes.NewBuffer(dst)
	err := encMode.MarshalToBuffer(p, buf)
	out := buf.Bytes()
	*buf = bytes.Buffer{}
	buffers.Put(buf)
	if err != nil {
		return dst, fmt.Errorf("codec: encode %s: %w", target(p), err)
	}
	return out, nil
}

func decodeCBOR(src []byte, p any) error {
	if err := decMode.Unmarshal(src, p); err != nil {
		return fmt.Errorf("codec: decode %s: %w", target(p), err)
	}
	return nil
}

// checkDepth refuses a value that the other side could not decode, and so every
// cycle, which the library would follow until the stack overflows.
func checkDepth(v reflect.Value, levels, hops int) error {
	if levels > maxLevels || hops > maxHops {
		return fmt.Errorf("the value is cyclic or nests deeper than %d levels", maxLevels)
	}
	if !v.IsValid() || scalars[v.Kind()] != nil || isLeaf(v.Type()) {
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return checkDepth(v.Elem(), levels, hops+1)
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Struct:
		if levels == maxLevels {
			return checkDepth(v, levels+1, 0)
		}
		return checkParts(v, levels+1)
	}
	return nil
}

// checkParts is checkDepth for what a container holds.
func checkParts(v reflect.Value, levels int) error {
	switch v.Kind() {
	case reflect.Slice, reflect.Array:
		if scalars[v.Type().Elem().Kind()] != nil {
			return nil
		}
		for i := range v.Len() {
			if err := checkDepth(v.Index(i), levels, 0); err != nil {
				return err
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if err := checkDepth(it.Key(), levels, 0); err != nil {
				return err
			}
			if err := checkDepth(it.Value(), levels, 0); err != nil {
				return err
			}
		}
	case reflect.Struct:
		for _, i := range cborFields(v.Type()) {
			if err := checkDepth(v.Field(i), levels, 0); err != nil {
				return err
			}
		}
	}
	return nil
}
