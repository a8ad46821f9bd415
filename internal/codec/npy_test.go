package codec_test

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/gotandem/tandem/internal/codec"
)

func TestNPYHeaderIsNumPysOwn(t *testing.T) {
	// What numpy.save writes for numpy.zeros((3, 4)) and numpy.zeros(5, "u1").
	for want, got := range map[string][]byte{
		"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (3, 4), }" + strings.Repeat(" ", 58) + "\n": codec.AppendNPYHeader(nil, "<f8", []int{3, 4}),
		"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (5,), }" + strings.Repeat(" ", 60) + "\n":   codec.AppendNPYHeader(nil, "|u1", []int{5}),
		"\x93NUMPY\x01\x00v\x00{'descr': '<f8', 'fortran_order': False, 'shape': (), }" + strings.Repeat(" ", 62) + "\n":     codec.AppendNPYHeader(nil, "<f8", []int{}),
	} {
		if string(got) != want {
			t.Errorf("got  %q\nwant %q", got, want)
		}
	}
}

func TestNPYIsReadAsWritten(t *testing.T) {
	for _, shape := range [][]int{{}, {0}, {7}, {1, 2, 3}, {math.MaxInt32, 0}, make([]int, 32)} {
		file := append(codec.AppendNPYHeader([]byte("xx"), "<c16", shape)[2:], "data"...)
		a, err := codec.ParseNPY(file)
		if err != nil || a.Descr != "<c16" || a.Fortran || !slices.Equal(a.Shape, shape) || a.Shape == nil || string(a.Data) != "data" {
			t.Errorf("%v: %+v, %v", shape, a, err)
		}
		if (len(file)-len("data"))%64 != 0 {
			t.Errorf("%v: the data begins at %d", shape, len(file)-4)
		}
	}
}

func npyFile(header string) []byte {
	return append([]byte("\x93NUMPY\x01\x00"+string([]byte{byte(len(header)), byte(len(header) >> 8)})), header...)
}

func TestNPYTakesOtherWritersHeaders(t *testing.T) {
	for _, header := range []string{
		`{"shape":(2,3),"fortran_order":True,"descr":">f8"}`,
		"{ 'descr' : '>f8' , 'shape' : ( 2 , 3 , ) , 'fortran_order' : True , } \n",
	} {
		a, err := codec.ParseNPY(npyFile(header))
		if err != nil || a.Descr != ">f8" || !a.Fortran || !slices.Equal(a.Shape, []int{2, 3}) {
			t.Errorf("%q: %+v, %v", header, a, err)
		}
	}
}

func TestNPYRefuses(t *testing.T) {
	good := "{'descr': '<f8', 'fortran_order': False, 'shape': (3,), }"
	change := func(old, new string) []byte { return npyFile(strings.Replace(good, old, new, 1)) }
	for want, file := range map[string][]byte{
		"does not begin as":             []byte("PK\x03\x04"),
		"ends before its header":        []byte("\x93NUMPY\x01\x00v"),
		"of version 1.0":                []byte("\x93NUMPY\x02\x00v\x00"),
		"header has 118 bytes, 1 are":   []byte("\x93NUMPY\x01\x00v\x00{"),
		"want '{'":                      npyFile("x"),
		"string does not end":           npyFile("{'descr"),
		`"descr" is missing`:            npyFile("{}"),
		`"shape" is missing`:            change(", 'shape': (3,)", ""),
		`unknown key "extra"`:           change("'shape'", "'extra'"),
		`"descr" comes twice`:           change("'shape': (3,)", "'descr': 'x'"),
		"want True or False":            change("False", "0"),
		"want a string without escapes": change("<f8", `\x41`),
		"want a string":                 change("'<f8'", "[('a', '<f8')]"),
		"want ','":                      change("(3,)", "(3)"),
		"want a number":                 change("(3,)", "(-3,)"),
		"want ')'":                      change("(3,)", "(3, 4 5)"),
		"text after the dict":           change("}", "} x"),
		"more than 32 dimensions":       change("(3,)", "("+strings.Repeat("1, ", 33)+")"),
		"at byte 51: want a number":     change("(3,)", "(99999999999999999999,)"),
	} {
		if _, err := codec.ParseNPY(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error is %v, want %q", file, err, want)
		}
	}
}

func TestElementCount(t *testing.T) {
	for _, c := range []struct {
		shape []int
		want  string
	}{
		{nil, "1 <nil>"}, {[]int{2, 3}, "6 <nil>"}, {[]int{7, 0, 5}, "0 <nil>"}, {[]int{math.MaxInt}, fmt.Sprint(math.MaxInt, " <nil>")},
		{[]int{0, -1}, "0 shape[1] is -1: want 0 or more"}, {[]int{math.MaxInt, 2}, fmt.Sprintf("0 shape [%d 2] has more elements than memory", math.MaxInt)},
		{make([]int, 33), "0 shape has 33 dimensions: want at most 32"},
	} {
		n, err := codec.ElementCount(c.shape)
		if got := fmt.Sprint(n, " ", err); got != c.want {
			t.Errorf("%v: %s, want %s", c.shape, got, c.want)
		}
	}
}

// A header that is accepted and written again gives the same array.
func FuzzParseNPY(f *testing.F) {
	f.Add(codec.AppendNPYHeader(nil, "<f8", []int{3, 4}))
	f.Add(npyFile(`{"shape":(2,3),"fortran_order":True,"descr":">f8"}`))
	f.Add(npyFile("{'descr': '|b1', 'fortran_order': False, 'shape': (), }"))
	f.Fuzz(func(t *testing.T, file []byte) {
		a, err := codec.ParseNPY(file)
		if err != nil {
			return
		}
		if !bytes.HasSuffix(file, a.Data) || a.Shape == nil || len(a.Shape) > codec.MostDimensions {
			t.Fatalf("%+v", a)
		}
		if strings.ContainsAny(a.Descr, `'"`) {
			return
		}
		b, err := codec.ParseNPY(append(codec.AppendNPYHeader(nil, a.Descr, a.Shape), a.Data...))
		if err != nil || a.Descr != b.Descr || !slices.Equal(a.Shape, b.Shape) || !bytes.Equal(a.Data, b.Data) {
			t.Errorf("%+v, %v, want %+v", b, err, a)
		}
	})
}
