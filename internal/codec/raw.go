package codec

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

type integer interface {
	int | int8 | int16 | int32 | int64 | uint | uint8 | uint16 | uint32 | uint64
}

var little = binary.LittleEndian

// isRaw reports whether p points to a type that [appendRaw] handles.
func isRaw(p any) bool {
	switch p.(type) {
	case *[]byte, *string, *bool, *int, *int8, *int16, *int32, *int64,
		*uint, *uint8, *uint16, *uint32, *uint64, *float32, *float64,
		*[]int, *[]int8, *[]int16, *[]int32, *[]int64,
		*[]uint, *[]uint16, *[]uint32, *[]uint64, *[]float32, *[]float64:
		return true
	}
	return false
}

// appendRaw appends *p when its type is predeclared or a slice of such.
func appendRaw(dst []byte, p any) ([]byte, bool) {
	switch p := p.(type) {
	case *[]byte:
		return append(dst, *p...), true
	case *string:
		return append(dst, *p...), true
	case *bool:
		if *p {
			return append(dst, 1), true
		}
		return append(dst, 0), true
	case *int:
		return little.AppendUint64(dst, uint64(*p)), true
	case *int8:
		return little.AppendUint64(dst, uint64(*p)), true
	case *int16:
		return little.AppendUint64(dst, uint64(*p)), true
	case *int32:
		return little.AppendUint64(dst, uint64(*p)), true
	case *int64:
		return little.AppendUint64(dst, uint64(*p)), true
	case *uint:
		return little.AppendUint64(dst, uint64(*p)), true
	case *uint8:
		return little.AppendUint64(dst, uint64(*p)), true
	case *uint16:
		return little.AppendUint64(dst, uint64(*p)), true
	case *uint32:
		return little.AppendUint64(dst, uint64(*p)), true
	case *uint64:
		return little.AppendUint64(dst, *p), true
	case *float32:
		return little.AppendUint64(dst, math.Float64bits(float64(*p))), true
	case *float64:
		return little.AppendUint64(dst, math.Float64bits(*p)), true
	}
	return appendRawSlice(dst, p)
}

func appendRawSlice(dst []byte, p any) ([]byte, bool) {
	switch p := p.(type) {
	case *[]int:
		return append8(dst, *p), true
	case *[]int8:
		return append1(dst, *p), true
	case *[]int16:
		return append2(dst, *p), true
	case *[]int32:
		return append4(dst, *p), true
	case *[]int64:
		return append8(dst, *p), true
	case *[]uint:
		return append8(dst, *p), true
	case *[]uint16:
		return append2(dst, *p), true
	case *[]uint32:
		return append4(dst, *p), true
	case *[]uint64:
		return append8(dst, *p), true
	case *[]float32:
		dst, room := extend(dst, 4*len(*p))
		for i, v := range *p {
			little.PutUint32(room[4*i:], math.Float32bits(v))
		}
		return dst, true
	case *[]float64:
		dst, room := extend(dst, 8*len(*p))
		for i, v := range *p {
			little.PutUint64(room[8*i:], math.Float64bits(v))
		}
		return dst, true
	}
	return dst, false
}

// extend makes dst longer by n bytes and returns these too.
func extend(dst []byte, n int) (longer, room []byte) {
	dst = slices.Grow(dst, n)
	longer = dst[:len(dst)+n]
	return longer, longer[len(dst):]
}

func append1[T integer](dst []byte, s []T) []byte {
	dst, room := extend(dst, len(s))
	for i, v := range s {
		room[i] = byte(v)
	}
	return dst
}

func append2[T integer](dst []byte, s []T) []byte {
	dst, room := extend(dst, 2*len(s))
	for i, v := range s {
		little.PutUint16(room[2*i:], uint16(v))
	}
	return dst
}

func append4[T integer](dst []byte, s []T) []byte {
	dst, room := extend(dst, 4*len(s))
	for i, v := range s {
		little.PutUint32(room[4*i:], uint32(v))
	}
	return dst
}

func append8[T integer](dst []byte, s []T) []byte {
	dst, room := extend(dst, 8*len(s))
	for i, v := range s {
		little.PutUint64(room[8*i:], uint64(v))
	}
	return dst
}

// decodeRaw is the inverse of [appendRaw]. It reports false when the type of *p
// is not one of its types.
func decodeRaw(src []byte, p any) (bool, error) {
	switch p := p.(type) {
	case *[]byte:
		*p = append([]byte(nil), src...)
		return true, nil
	case *string:
		*p = string(src)
		return true, nil
	case *bool:
		return true, decodeBool(src, p)
	case *int:
		return true, decodeSigned(src, p, "int")
	case *int8:
		return true, decodeSigned(src, p, "int8")
	case *int16:
		return true, decodeSigned(src, p, "int16")
	case *int32:
		return true, decodeSigned(src, p, "int32")
	case *int64:
		return true, decodeSigned(src, p, "int64")
	case *uint:
		return true, decodeUnsigned(src, p, "uint")
	case *uint8:
		return true, decodeUnsigned(src, p, "uint8")
	case *uint16:
		return true, decodeUnsigned(src, p, "uint16")
	case *uint32:
		return true, decodeUnsigned(src, p, "uint32")
	case *uint64:
		return true, decodeUnsigned(src, p, "uint64")
	case *float32:
		return true, decodeFloat32(src, p)
	case *float64:
		if err := checkSize("float64", src, 8); err != nil {
			return true, err
		}
		*p = math.Float64frombits(little.Uint64(src))
		return true, nil
	}
	return decodeRawSlice(src, p)
}

func checkSize(name string, src []byte, want int) error {
	if len(src) != want {
		return fmt.Errorf("codec: raw %s needs %d bytes, got %d", name, want, len(src))
	}
	return nil
}

func decodeBool(src []byte, p *bool) error {
	if err := checkSize("bool", src, 1); err != nil {
		return err
	}
	if src[0] > 1 {
		return fmt.Errorf("codec: raw bool is %d, want 0 or 1", src[0])
	}
	*p = src[0] == 1
	return nil
}

func decodeSigned[T int | int8 | int16 | int32 | int64](src []byte, p *T, name string) error {
	if err := checkSize(name, src, 8); err != nil {
		return err
	}
	n := int64(little.Uint64(src))
	if int64(T(n)) != n {
		return fmt.Errorf("codec: raw value %d does not fit %s", n, name)
	}
	*p = T(n)
	return nil
}

func decodeUnsigned[T uint | uint8 | uint16 | uint32 | uint64](src []byte, p *T, name string) error {
	if err := checkSize(name, src, 8); err != nil {
		return err
	}
	n := little.Uint64(src)
	if uint64(T(n)) != n {
		return fmt.Errorf("codec: raw value %d does not fit %s", n, name)
	}
	*p = T(n)
	return nil
}

func decodeFloat32(src []byte, p *float32) error {
	if err := checkSize("float32", src, 8); err != nil {
		return err
	}
	f := math.Float64frombits(little.Uint64(src))
	if float64(float32(f)) != f && f == f {
		return fmt.Errorf("codec: raw value %v does not fit float32", f)
	}
	*p = float32(f)
	return nil
}
