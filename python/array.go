package python

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/gotandem/tandem/internal/codec"
)

// Element is what an [Array] may have as elements: types of one size everywhere,
// which NumPy has too.
type Element interface {
	bool | int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 |
		float32 | float64 | complex64 | complex128
}

// Array is an array of numbers, as input or output type of a task. In Python it
// is a numpy.ndarray that can only be read, or, without NumPy, a memoryview of
// this element type and shape; large ones are not copied on their way in. A task
// may return an ndarray or any object with a buffer of such elements. Other
// element types are refused, not converted; byte order and memory order are.
//
// The zero value is an array of one dimension without elements.
type Array[T Element] struct {
	// Shape is the length of each dimension, at most 32. Nil means one dimension
	// of len(Data); an empty one that is not nil is a single number. Arrays from
	// Python always have a shape.
	Shape []int

	// Data are the elements, the last index changing fastest. There must be as
	// many as Shape says.
	Data []T
}

// arrayValue is a pointer to some Array, as the codec sees it.
type arrayValue interface {
	descr() string
	size() int
	appendNPY(dst []byte) ([]byte, error)
	decodeNPY(src []byte, owned bool) error
}

// descr returns NumPy's name of the element type.
func (a *Array[T]) descr() string {
	switch any(a).(type) {
	case *Array[bool]:
		return "|b1"
	case *Array[int8]:
		return "|i1"
	case *Array[uint8]:
		return "|u1"
	case *Array[int16]:
		return "<i2"
	case *Array[uint16]:
		return "<u2"
	case *Array[int32]:
		return "<i4"
	case *Array[uint32]:
		return "<u4"
	case *Array[int64]:
		return "<i8"
	case *Array[uint64]:
		return "<u8"
	case *Array[float32]:
		return "<f4"
	case *Array[float64]:
		return "<f8"
	case *Array[complex64]:
		return "<c8"
	}
	return "<c16"
}

func (a *Array[T]) shape() []int {
	if a.Shape == nil {
		return []int{len(a.Data)}
	}
	return a.Shape
}

// size returns how many bytes appendNPY appends, when it returns no error.
func (a *Array[T]) size() int {
	return len(codec.AppendNPYHeader(nil, a.descr(), a.shape())) + len(bytesOf(a.Data))
}

func (a *Array[T]) appendNPY(dst []byte) ([]byte, error) {
	count, err := codec.ElementCount(a.shape())
	if err == nil && count != len(a.Data) {
		err = fmt.Errorf("shape %v has %d elements, Data has %d", a.Shape, count, len(a.Data))
	}
	if err != nil {
		return dst, fmt.Errorf("%T: %w", *a, err)
	}
	dst = codec.AppendNPYHeader(dst, a.descr(), a.shape())
	start := len(dst)
	dst = append(dst, bytesOf(a.Data)...)
	a.swap(dst[start:])
	return dst, nil
}

// decodeNPY stores what src holds. With owned it may keep src.
func (a *Array[T]) decodeNPY(src []byte, owned bool) error {
	npy, err := codec.ParseNPY(src)
	if err != nil {
		return fmt.Errorf("%T: %w", *a, err)
	}
	count, err := codec.ElementCount(npy.Shape)
	if err == nil {
		err = a.check(npy, count)
	}
	if err != nil {
		return fmt.Errorf("%T: npy: %w", *a, err)
	}
	a.Shape, a.Data = npy.Shape, elementsOf[T](npy.Data, owned)
	a.swap(bytesOf(a.Data))
	return nil
}

func (a *Array[T]) check(npy codec.NPY, count int) error {
	var element T
	size := int(unsafe.Sizeof(element))
	switch {
	case npy.Descr != a.descr():
		return fmt.Errorf("elements are %q, want %q", npy.Descr, a.descr())
	case npy.Fortran && len(npy.Shape) > 1:
		return errors.New("elements are in Fortran order")
	case len(npy.Data)%size != 0 || count != len(npy.Data)/size:
		return fmt.Errorf("shape %v has %d elements of %d bytes, the data %d bytes", npy.Shape, count, size, len(npy.Data))
	}
	if _, boolean := any(element).(bool); boolean {
		for i, b := range npy.Data {
			if b > 1 {
				return fmt.Errorf("element %d is %d, which is no boolean", i, b)
			}
		}
	}
	return nil
}

var nativeIsLittle = binary.NativeEndian.Uint16([]byte{1, 0}) == 1

// swap turns the bytes of elements from this machine's order to little-endian,
// and back.
func (a *Array[T]) swap(data []byte) {
	if nativeIsLittle {
		return
	}
	var element T
	unit := int(unsafe.Sizeof(element))
	switch any(element).(type) {
	case complex64, complex128:
		unit /= 2
	}
	for ; len(data) > 0; data = data[unit:] {
		slices.Reverse(data[:unit])
	}
}

// bytesOf returns the memory of s.
func bytesOf[T Element](s []T) []byte {
	var element T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(element)))
}

// elementsOf returns data as elements, in the same memory if that is allowed and
// aligned. Its length is a multiple of an element's.
func elementsOf[T Element](data []byte, owned bool) []T {
	var element T
	first := unsafe.Pointer(unsafe.SliceData(data))
	count := len(data) / int(unsafe.Sizeof(element))
	if owned && uintptr(first)%unsafe.Alignof(element) == 0 {
		return unsafe.Slice((*T)(first), count)
	}
	s := make([]T, count)
	copy(bytesOf(s), data)
	return s
}
