package codec

import (
	"fmt"
	"math"
)

// decodeRawSlice is the inverse of [appendRawSlice].
func decodeRawSlice(src []byte, p any) (bool, error) {
	switch p := p.(type) {
	case *[]int:
		return true, decode8(src, p)
	case *[]int8:
		return true, decode1(src, p)
	case *[]int16:
		return true, decode2(src, p)
	case *[]int32:
		return true, decode4(src, p)
	case *[]int64:
		return true, decode8(src, p)
	case *[]uint:
		return true, decode8(src, p)
	case *[]uint16:
		return true, decode2(src, p)
	case *[]uint32:
		return true, decode4(src, p)
	case *[]uint64:
		return true, decode8(src, p)
	case *[]float32:
		err := makeElements(src, p, 4)
		s := *p
		for i := range s {
			s[i] = math.Float32frombits(little.Uint32(src[4*i:]))
		}
		return true, err
	case *[]float64:
		err := makeElements(src, p, 8)
		s := *p
		for i := range s {
			s[i] = math.Float64frombits(little.Uint64(src[8*i:]))
		}
		return true, err
	}
	return false, nil
}

func decode1[T integer](src []byte, p *[]T) error {
	err := makeElements(src, p, 1)
	s := *p
	for i := range s {
		s[i] = T(src[i])
	}
	return err
}

func decode2[T integer](src []byte, p *[]T) error {
	err := makeElements(src, p, 2)
	s := *p
	for i := range s {
		s[i] = T(little.Uint16(src[2*i:]))
	}
	return err
}

func decode4[T integer](src []byte, p *[]T) error {
	err := makeElements(src, p, 4)
	s := *p
	for i := range s {
		s[i] = T(little.Uint32(src[4*i:]))
	}
	return err
}

// decode8 also refuses what does not fit an int or uint of 32 bits.
func decode8[T integer](src []byte, p *[]T) error {
	err := makeElements(src, p, 8)
	s := *p
	for i := range s {
		n := little.Uint64(src[8*i:])
		v := T(n)
		if uint64(v) != n {
			return fmt.Errorf("codec: raw %T has a value that does not fit", *p)
		}
		s[i] = v
	}
	return err
}

// makeElements sets *p to a new slice for the elements of src: nil when there
// are none, also on error.
func makeElements[T any](src []byte, p *[]T, size int) error {
	*p = nil
	if len(src)%size != 0 {
		return fmt.Errorf("codec: raw %T needs a multiple of %d bytes, got %d", *p, size, len(src))
	}
	if len(src) > 0 {
		*p = make([]T, len(src)/size)
	}
	return nil
}
