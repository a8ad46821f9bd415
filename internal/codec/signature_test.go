package codec_test

import (
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/gotandem/tandem/internal/codec"
)

type (
	ring struct {
		Value int
		Next  *ring
	}
	nodeA   struct{ B []nodeB }
	nodeB   struct{ A *nodeA }
	twice   struct{ P, Q point }
	based   struct{ point }
	wide    struct{ A, B, C, D, E, F, G, H everything1 }
	doubled struct{ X, Y doubled2 }

	doubled2 struct{ X, Y doubled3 }
	doubled3 struct{ X, Y int }

	everything1 struct {
		FirstLongFieldName, SecondLongFieldName, ThirdLongFieldName   string
		FourthLongFieldName, FifthLongFieldName, SixthLongFieldName   map[string]map[string][]string
		SeventhLongFieldName, EighthLongFieldName, NinthLongFieldName [7]int
	}
	everything2 struct {
		FirstLongFieldName, SecondLongFieldName, ThirdLongFieldName   string
		FourthLongFieldName, FifthLongFieldName, SixthLongFieldName   map[string]map[string][]string
		SeventhLongFieldName, EighthLongFieldName, NinthLongFieldName [8]int
	}
)

func TestSignature(t *testing.T) {
	const here = "github.com/gotandem/tandem/internal/codec_test."
	for _, tt := range []struct {
		t    reflect.Type
		want string
	}{
		{nil, "nil"},
		{reflect.TypeFor[int](), "int"},
		{reflect.TypeFor[celsius](), "float64"},
		{reflect.TypeFor[[]string](), "[]string"},
		{reflect.TypeFor[[]byte](), "[]uint8"},
		{reflect.TypeFor[map[label][2]*bool](), "map[string][2]*bool"},
		{reflect.TypeFor[any](), "any"},
		{reflect.TypeFor[io.Reader](), "interface io.Reader"},
		{reflect.TypeFor[struct{}](), "struct{}"},
		{reflect.TypeFor[struct {
			W int `json:"w" yaml:"x"`
			H int
			h int
		}](), "struct{W int `json:\"w\"`; H int}"},
		{reflect.TypeFor[based](), "struct{embedded point struct{X int; Y int}}"},
		{reflect.TypeFor[time.Time](), "marshal(binary,text,json) time.Time"},
		{reflect.TypeFor[ring](), "struct{Value int; Next *" + here + "ring@1}"},
		{reflect.TypeFor[nodeA](), "struct{B []struct{A *" + here + "nodeA@1}}"},
		{reflect.TypeFor[twice](), "struct{P struct{X int; Y int}; Q " + here + "point@2}"},
		{reflect.TypeFor[chan int](), "chan chan int"},
	} {
		if got := codec.Signature(tt.t); got != tt.want {
			t.Errorf("%v: %s\nwant %s", tt.t, got, tt.want)
		}
	}
}

// Types that decode differently have different signatures.
func TestSignatureTellsApart(t *testing.T) {
	seen := map[string]reflect.Type{}
	for _, typ := range []reflect.Type{
		reflect.TypeFor[int](), reflect.TypeFor[int64](), reflect.TypeFor[*int](), reflect.TypeFor[[]int](), reflect.TypeFor[[1]int](),
		reflect.TypeFor[struct{ A int }](), reflect.TypeFor[struct{ B int }](), reflect.TypeFor[struct{ A *int }](),
		reflect.TypeFor[struct {
			A int `json:"a"`
		}](),
		reflect.TypeFor[struct {
			A int `cbor:"a"`
		}](),
		reflect.TypeFor[struct {
			A int `cbor:"-"`
		}](),
		reflect.TypeFor[struct {
			_ struct{} `cbor:",toarray"`
			A int
		}](),
		reflect.TypeFor[based](), reflect.TypeFor[struct{ Point point }](), reflect.TypeFor[point](),
		reflect.TypeFor[ring](), reflect.TypeFor[nodeA](), reflect.TypeFor[nodeB](), reflect.TypeFor[level](),
		reflect.TypeFor[badMarshal](), reflect.TypeFor[wide](), reflect.TypeFor[everything1](), reflect.TypeFor[everything2](),
		reflect.TypeFor[any](), reflect.TypeFor[error](), reflect.TypeFor[map[string]int](), reflect.TypeFor[map[int]string](),
	} {
		s := codec.Signature(typ)
		if other, ok := seen[s]; ok {
			t.Errorf("%v and %v: %s", typ, other, s)
		}
		seen[s] = typ
	}
}

// Large types have a short text that is the same each time.
func TestSignatureIsBounded(t *testing.T) {
	for _, typ := range []reflect.Type{reflect.TypeFor[wide](), reflect.TypeFor[everything2](), reflect.TypeFor[doubled]()} {
		s := codec.Signature(typ)
		if len(s) > 400 || s != codec.Signature(typ) {
			t.Errorf("%v: %d bytes: %s", typ, len(s), s)
		}
	}
	seen := map[string]bool{}
	for _, last := range []reflect.Type{reflect.TypeFor[int](), reflect.TypeFor[string]()} {
		var fields []reflect.StructField
		for i := range 50 {
			fields = append(fields, reflect.StructField{Name: fmt.Sprintf("Ä%d", i), Type: reflect.TypeFor[int]()})
		}
		fields[49].Type = last
		s := codec.Signature(reflect.StructOf(fields))
		if len(s) > 400 || !utf8.ValidString(s) || !strings.Contains(s, "…#") || seen[s] {
			t.Errorf("%d bytes: %s", len(s), s)
		}
		seen[s] = true
	}
}
