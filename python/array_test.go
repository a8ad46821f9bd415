package python

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/gotandem/tandem/internal/codec"
)

func TestArrayIsDecodedAsEncoded(t *testing.T) {
	for _, p := range []arrayValue{
		&Array[bool]{[]int{2}, []bool{true, false}}, &Array[int8]{[]int{1, 1}, []int8{-1}}, &Array[uint8]{[]int{1}, []uint8{255}},
		&Array[int16]{[]int{1}, []int16{-300}}, &Array[uint16]{[]int{1}, []uint16{300}}, &Array[int32]{[]int{}, []int32{-70000}},
		&Array[uint32]{[]int{1}, []uint32{70000}}, &Array[int64]{[]int{1}, []int64{-1 << 40}}, &Array[uint64]{[]int{1}, []uint64{1 << 63}},
		&Array[float32]{[]int{1}, []float32{1.5}}, &Array[float64]{[]int{0, 5}, []float64{}},
		&Array[complex64]{[]int{1}, []complex64{1 + 2i}}, &Array[complex128]{[]int{2}, []complex128{1i, 2}},
	} {
		file, err := values{}.Append(nil, p)
		if n, known := (values{}).Size(p); err != nil || !known || n != len(file) {
			t.Errorf("%T: %d bytes, %d foretold, %v", p, len(file), n, err)
		}
		for name, decode := range map[string]func([]byte, any) error{"Decode": values{}.Decode, "DecodeOwned": values{}.DecodeOwned} {
			got := reflect.New(reflect.TypeOf(p).Elem()).Interface()
			if err := decode(bytes.Clone(file), got); err != nil || !reflect.DeepEqual(got, p) {
				t.Errorf("%s: %+v, %v, want %+v", name, got, err, p)
			}
			// The elements of an array that begins at an odd address are copied.
			if err := decode(append([]byte{0}, file...)[1:], got); err != nil || !reflect.DeepEqual(got, p) {
				t.Errorf("%s, not aligned: %+v, %v, want %+v", name, got, err, p)
			}
		}
	}
}

func TestArrayRefuses(t *testing.T) {
	file := func(descr string, shape []int, data string) []byte {
		return append(codec.AppendNPYHeader(nil, descr, shape), data...)
	}
	fortran := bytes.Replace(file("<i2", []int{2, 1}, "1234"), []byte("False"), []byte("True "), 1)
	for want, c := range map[string]struct {
		p    any
		file []byte
	}{
		`elements are "<f4", want "<f8"`:                      {new(Array[float64]), file("<f4", []int{1}, "1234")},
		"in Fortran order":                                    {new(Array[int16]), fortran},
		"shape [2] has 2 elements of 2 bytes, the data 3":     {new(Array[int16]), file("<i2", []int{2}, "123")},
		"shape [9] has 9 elements of 2 bytes, the data 4":     {new(Array[int16]), file("<i2", []int{9}, "1234")},
		"element 1 is 7, which is no boolean":                 {new(Array[bool]), file("|b1", []int{2}, "\x01\x07")},
		"does not begin as":                                   {new(Array[bool]), []byte("[1]")},
		"has more elements than memory":                       {new(Array[bool]), file("|b1", []int{1 << 62, 1 << 62}, "")},
		"result has 1 buffers beside it, which only a Pickle": {new(Array[bool]), nil},
	} {
		var err error
		if c.file == nil {
			err = values{}.DecodeBuffers(nil, [][]byte{nil}, c.p)
		} else {
			err = values{}.Decode(c.file, c.p)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %q", err, want)
		}
	}
}

func TestSignaturesNameTheForm(t *testing.T) {
	type blob []byte
	for want, p := range map[string]any{
		"json": map[string][]byte{}, "raw": []byte{}, "pickle": Pickle{}, "npy <f8": Array[float64]{}, "npy |b1": Array[bool]{},
		"npy <c16": Array[complex128]{},
	} {
		if got := (values{}).Signature(reflect.TypeOf(p)); got != want {
			t.Errorf("%T: %q, want %q", p, got, want)
		}
	}
	if got := (values{}).Signature(reflect.TypeFor[blob]()); got != "raw" {
		t.Errorf("a type defined as []byte: %q", got)
	}
}

// What is accepted is an array as Go knows it, and encodes to the same array.
func FuzzArrayDecode(f *testing.F) {
	f.Add(append(codec.AppendNPYHeader(nil, "<i2", []int{2, 1}), "1234"...), false)
	f.Add(append(codec.AppendNPYHeader(nil, "<i2", []int{}), "12"...), true)
	f.Fuzz(func(t *testing.T, file []byte, owned bool) {
		var a, b Array[int16]
		if a.decodeNPY(bytes.Clone(file), owned) != nil {
			return
		}
		again, err := a.appendNPY(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.decodeNPY(again, owned); err != nil || !reflect.DeepEqual(a, b) {
			t.Errorf("%+v, %v, want %+v", b, err, a)
		}
	})
}
