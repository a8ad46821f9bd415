package codec

import (
	"encoding"
	"fmt"
	"reflect"

	"github.com/gotandem/tandem/internal/wire"
)

// Binary is the codec between Go processes of one program. The package comment
// lists the forms. The zero value is ready.
type Binary struct{}

// Append appends the value that p points to. On error it returns dst as it was.
func (Binary) Append(dst []byte, p any) ([]byte, error) {
	if out, ok := appendRaw(dst, p); ok {
		return out, nil
	}
	return appendPlanned(dst, p)
}

// Decode stores in *p the value that [Binary.Append] wrote to src. Nothing of
// src is kept. On error *p is unspecified.
func (Binary) Decode(src []byte, p any) error {
	if ok, err := decodeRaw(src, p); ok {
		return err
	}
	return decodePlanned(src, p)
}

// ID returns the codec number of docs/wire.md for the type that p points to.
func (Binary) ID(p any) uint8 {
	if isRaw(p) {
		return uint8(wire.CodecRaw)
	}
	pl, err := planOf(p)
	if err == nil && pl.form != formCBOR {
		return uint8(wire.CodecRaw)
	}
	return uint8(wire.CodecCBOR)
}

func appendPlanned(dst []byte, p any) (out []byte, err error) {
	defer recoverTo(&err, "encode", p, func() { out = dst })
	pl, err := planOf(p)
	if err != nil {
		return dst, err
	}
	switch pl.form {
	case formEmpty:
		return dst, nil
	case formRaw:
		out, _ = appendRaw(dst, pl.rebase(p))
		return out, nil
	case formBinary:
		return appendMarshaler(dst, p)
	}
	return appendCBOR(dst, p, pl)
}

func decodePlanned(src []byte, p any) (err error) {
	defer recoverTo(&err, "decode", p, nil)
	pl, err := planOf(p)
	if err != nil {
		return err
	}
	switch pl.form {
	case formEmpty:
		return checkSize("struct{}", src, 0)
	case formRaw:
		_, err = decodeRaw(src, pl.rebase(p))
		return err
	case formBinary:
		if err := p.(encoding.BinaryUnmarshaler).UnmarshalBinary(src); err != nil {
			return fmt.Errorf("codec: decode %s: %w", target(p), err)
		}
		return nil
	}
	return decodeCBOR(src, p)
}

func appendMarshaler(dst []byte, p any) ([]byte, error) {
	if a, ok := p.(encoding.BinaryAppender); ok {
		out, err := a.AppendBinary(dst)
		if err != nil {
			return dst, fmt.Errorf("codec: encode %s: %w", target(p), err)
		}
		return out, nil
	}
	b, err := p.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return dst, fmt.Errorf("codec: encode %s: %w", target(p), err)
	}
	return append(dst, b...), nil
}

// recoverTo turns a panic of a marshal method into an error, and calls undo if
// there is one.
func recoverTo(err *error, verb string, p any, undo func()) {
	r := recover()
	if r == nil {
		return
	}
	*err = fmt.Errorf("codec: %s %s: panic: %v", verb, target(p), r)
	if undo != nil {
		undo()
	}
}

// target names the type that p points to.
func target(p any) string {
	t := reflect.TypeOf(p)
	if t == nil || t.Kind() != reflect.Pointer {
		return fmt.Sprintf("%T", p)
	}
	return t.Elem().String()
}
