package codec_test

import (
	"encoding/json"
	"errors"
	"math"
	"math/big"
	"net/netip"
	"reflect"
	"strings"
	"sync"
	"testing"
	"testing/quick"
	"time"

	"github.com/gotandem/tandem/internal/codec"
	"github.com/gotandem/tandem/internal/wire"
)

type codecUnderTest interface {
	Append(dst []byte, p any) ([]byte, error)
	Decode(src []byte, p any) error
	ID(p any) uint8
}

type (
	celsius float64
	label   string
	vector  []float64
	level   int
	point   struct{ X, Y int }
	tree    struct {
		Name     string
		Children []*tree
		parent   *tree
	}
	everything struct {
		A int8
		B []string
		C map[string][]int
		D *point
		E [3]float32
		F []byte
		G map[int]bool
		H celsius
		I string `json:"i,omitempty"`
	}
	sealed struct{ secret int }
)

func (l level) MarshalText() ([]byte, error) { return []byte{byte('a' + l)}, nil }

// roundTrip encodes *p behind other bytes and decodes into a new variable, from
// a source that is destroyed before the comparison.
func roundTrip(t *testing.T, c codecUnderTest, p any) any {
	t.Helper()
	out, err := c.Append([]byte("head"), p)
	if err != nil {
		t.Fatalf("encode %T: %v", p, err)
	}
	if string(out[:4]) != "head" {
		t.Fatalf("encode %T: overwrote %q", p, out[:4])
	}
	src := append([]byte(nil), out[4:]...)
	q := reflect.New(reflect.TypeOf(p).Elem())
	if err := c.Decode(src, q.Interface()); err != nil {
		t.Fatalf("decode %T from %q: %v", p, src, err)
	}
	for i := range src {
		src[i] = 0xee
	}
	return q.Elem().Interface()
}

func checkSame[T any](t *testing.T, c codecUnderTest, v T) {
	t.Helper()
	if got := roundTrip(t, c, &v); !reflect.DeepEqual(got, any(v)) {
		t.Errorf("%T: got %#v, want %#v", v, got, v)
	}
}

// property checks random values of one type.
func property[T any](t *testing.T, c codecUnderTest) {
	t.Helper()
	same := func(v T) bool {
		got := roundTrip(t, c, &v)
		return reflect.DeepEqual(got, any(v)) || reflect.ValueOf(v).Kind() == reflect.Slice && reflect.ValueOf(v).Len() == 0
	}
	if err := quick.Check(same, &quick.Config{MaxCount: 60}); err != nil {
		t.Errorf("%v", err)
	}
}

func TestBinaryRoundTripRandom(t *testing.T) {
	c := codec.Binary{}
	for _, f := range []func(*testing.T, codecUnderTest){
		property[int], property[int8], property[int16], property[int32], property[int64],
		property[uint], property[uint8], property[uint16], property[uint32], property[uint64],
		property[float32], property[float64], property[bool], property[string], property[[]byte],
		property[[]int], property[[]int8], property[[]int16], property[[]int32], property[[]int64],
		property[[]uint], property[[]uint16], property[[]uint32], property[[]uint64],
		property[[]float32], property[[]float64], property[celsius], property[label], property[vector], property[level],
		property[point], property[everything], property[map[string]point], property[[]celsius], property[*point],
		property[[]string], property[[4]uint16], property[struct{}],
	} {
		f(t, c)
	}
}

func TestBinaryRoundTrip(t *testing.T) {
	c := codec.Binary{}
	checkSame(t, c, int64(math.MinInt64))
	checkSame(t, c, math.Inf(-1))
	checkSame(t, c, float32(math.Inf(1)))
	checkSame(t, c, float32(math.SmallestNonzeroFloat32))
	checkSame(t, c, "\xff\x00 not UTF-8")
	checkSame(t, c, struct{ S string }{"\xff"})
	checkSame(t, c, struct{ B []int }{[]int{}})
	checkSame(t, c, time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC))
	checkSame(t, c, struct{ T time.Time }{time.Date(2026, 1, 2, 3, 4, 5, 678901234, time.UTC)})
	checkSame(t, c, netip.MustParseAddr("::1"))
	checkSame(t, c, struct{ A netip.Addr }{netip.MustParseAddr("10.0.0.1")})
	checkSame(t, c, *new(big.Int).Lsh(big.NewInt(5), 200))
	checkSame(t, c, big.NewRat(1, 3))
	checkSame(t, c, json.RawMessage(`{"a": 1}`))
	checkSame(t, c, time.Minute)
	checkSame(t, c, (*point)(nil))
	checkSame(t, c, &tree{Name: "a", Children: []*tree{{Name: "b"}}})
	checkSame(t, c, struct {
		_ struct{} `cbor:",toarray"`
		A int
	}{A: 3})
	nan := math.NaN()
	if got := roundTrip(t, c, &nan).(float64); got == got {
		t.Errorf("NaN became %v", got)
	}
}

// Interface values arrive as what the package comment says.
func TestBinaryInterfaceValues(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	for _, tt := range []struct{ in, want any }{
		{5, int64(5)}, {-5, int64(-5)}, {uint64(math.MaxUint64), *new(big.Int).SetUint64(math.MaxUint64)},
		{1.5, 1.5}, {"s", "s"}, {true, true}, {nil, nil}, {[]byte{1}, []byte{1}}, {now, now},
		{[]string{"a"}, []any{"a"}}, {map[string]int{"a": 1}, map[string]any{"a": int64(1)}},
	} {
		if got := roundTrip(t, codec.Binary{}, &tt.in); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%#v arrived as %#v", tt.in, got)
		}
	}
}

// The raw forms are those of docs/wire.md.
func TestBinaryForms(t *testing.T) {
	for _, tt := range []struct {
		p    any
		id   wire.Codec
		want string
	}{
		{ptr(7), wire.CodecRaw, "\x07\x00\x00\x00\x00\x00\x00\x00"},
		{ptr(int8(-1)), wire.CodecRaw, "\xff\xff\xff\xff\xff\xff\xff\xff"},
		{ptr(float32(1)), wire.CodecRaw, "\x00\x00\x00\x00\x00\x00\xf0\x3f"},
		{ptr(celsius(1)), wire.CodecRaw, "\x00\x00\x00\x00\x00\x00\xf0\x3f"},
		{ptr(level(2)), wire.CodecRaw, "\x02\x00\x00\x00\x00\x00\x00\x00"},
		{ptr(true), wire.CodecRaw, "\x01"},
		{ptr(label("hi")), wire.CodecRaw, "hi"},
		{ptr([]int16{1, -2}), wire.CodecRaw, "\x01\x00\xfe\xff"},
		{ptr([]int{1}), wire.CodecRaw, "\x01\x00\x00\x00\x00\x00\x00\x00"},
		{ptr(vector{1}), wire.CodecRaw, "\x00\x00\x00\x00\x00\x00\xf0\x3f"},
		{ptr(struct{}{}), wire.CodecRaw, ""},
		{ptr(netip.AddrFrom4([4]byte{1, 2, 3, 4})), wire.CodecRaw, "\x01\x02\x03\x04"},
		{ptr(point{1, 2}), wire.CodecCBOR, "\xa2aX\x01aY\x02"},
		{ptr([]bool{true}), wire.CodecCBOR, "\x81\xf5"},
		{ptr([]celsius{0}), wire.CodecCBOR, "\x81\xfb\x00\x00\x00\x00\x00\x00\x00\x00"},
		{ptr(any(nil)), wire.CodecCBOR, "\xf6"},
	} {
		got, err := codec.Binary{}.Append(nil, tt.p)
		if err != nil || string(got) != tt.want || (codec.Binary{}).ID(tt.p) != uint8(tt.id) {
			t.Errorf("%T: %q, %v, codec %d", tt.p, got, err, codec.Binary{}.ID(tt.p))
		}
	}
}

func ptr[T any](v T) *T { return &v }

func TestBinaryDecodeRefuses(t *testing.T) {
	for _, tt := range []struct {
		src  string
		p    any
		text string
	}{
		{"abc", new(int), "raw int needs 8 bytes, got 3"},
		{"", new(float64), "raw float64 needs 8 bytes, got 0"},
		{"123456789", new(celsius), "raw float64 needs 8 bytes, got 9"},
		{"", new(bool), "raw bool needs 1 bytes, got 0"},
		{"\x02", new(bool), "is 2, want 0 or 1"},
		{"\x00\x01\x00\x00\x00\x00\x00\x00", new(int8), "256 does not fit int8"},
		{"\xff\xff\xff\xff\xff\xff\xff\xff", new(uint8), "does not fit uint8"},
		{"\x00\x00\x00\x00\x00\x00\xf0\x7e", new(float32), "does not fit float32"},
		{"123", new([]int32), "raw []int32 needs a multiple of 4 bytes, got 3"},
		{"x", new(struct{}), "raw struct{} needs 0 bytes, got 1"},
		{"\xa1aZ\x01", new(point), "codec_test.point"},
		{"\xa1ax\x01", new(point), "codec_test.point"},
		{"\x01\x02", new([]bool), "[]bool"},
		{"\x9b\x00\x00\x00\xff\xff\xff\xff\xff", new([]string), "[]string"},
		{"", new(point), "codec_test.point"},
		{"abc", new(netip.Addr), "netip.Addr"},
	} {
		err := codec.Binary{}.Decode([]byte(tt.src), tt.p)
		if err == nil || !strings.Contains(err.Error(), tt.text) || !strings.HasPrefix(err.Error(), "codec: ") {
			t.Errorf("%q into %T: %v, want %q", tt.src, tt.p, err, tt.text)
		}
	}
}

type (
	badMarshal struct{ Mode string }
	badText    string
)

var errBad = errors.New("bad")

func (b badMarshal) MarshalBinary() ([]byte, error) {
	if b.Mode == "panic" {
		panic(errBad)
	}
	return nil, errBad
}

func (b *badMarshal) UnmarshalBinary([]byte) error { panic("decode") }

func (b badMarshal) MarshalJSON() ([]byte, error) { panic("json") }

func (b *badMarshal) UnmarshalJSON([]byte) error { panic("json") }

func (badText) MarshalText() ([]byte, error) { panic("text") }

// What cannot travel is an error that leaves the destination alone, and no panic
// of a user's method escapes.
func TestBinaryAppendRefuses(t *testing.T) {
	cycle := &tree{}
	cycle.Children = []*tree{cycle}
	loop := map[string]any{}
	loop["self"] = loop
	var self any
	self = &self
	for _, tt := range []struct {
		p    any
		text string
	}{
		{ptr(badMarshal{}), "bad"},
		{ptr(badMarshal{Mode: "panic"}), "panic: bad"},
		{ptr([]badText{"x"}), "panic: text"},
		{ptr([]badMarshal{{}}), "bad"},
		{ptr(sealed{1}), "no exported field"},
		{ptr([]*sealed{}), "no exported field"},
		{ptr(struct{ M sync.Mutex }{}), "field M"},
		{ptr(make(chan int)), "no binary form"},
		{ptr(struct{ F func() }{}), "no binary form"},
		{ptr(complex(1, 1)), "no binary form"},
		{ptr([]any{make(chan int)}), "chan int"},
		{ptr(cycle), "cyclic"},
		{ptr(any(loop)), "cyclic"},
		{ptr(self), "cyclic"},
		{ptr(nested(257)), "256 levels"},
		{5, "want a pointer"},
		{nil, "want a pointer"},
	} {
		out, err := codec.Binary{}.Append([]byte("keep"), tt.p)
		if err == nil || !strings.Contains(err.Error(), tt.text) || string(out) != "keep" {
			t.Errorf("%T: %q, %v, want %q", tt.p, out, err, tt.text)
		}
	}
	if err := (codec.Binary{}).Decode(nil, new(badMarshal)); err == nil || !strings.Contains(err.Error(), "panic: decode") {
		t.Errorf("decode: %v", err)
	}
}

func nested(levels int) any {
	v := any([]any{})
	for range levels - 1 {
		v = []any{v}
	}
	return v
}

// The sender refuses exactly what the receiver would refuse; fields that do not
// travel, such as a link to the parent, do not count.
func TestBinaryDepth(t *testing.T) {
	checkSame(t, codec.Binary{}, nested(256))
	root := &tree{Name: "root"}
	root.Children = []*tree{{Name: "leaf", parent: root}}
	got := roundTrip(t, codec.Binary{}, &root).(*tree)
	if got.Children[0].Name != "leaf" {
		t.Errorf("got %+v", got)
	}
}

func TestBinaryDoesNotAllocate(t *testing.T) {
	c := codec.Binary{}
	n, buf := 5, make([]byte, 0, 64)
	allocs := testing.AllocsPerRun(100, func() {
		b, _ := c.Append(buf, &n)
		if err := c.Decode(b, &n); err != nil {
			t.Fatal(err)
		}
		c.ID(&n)
	})
	if allocs != 0 {
		t.Errorf("allocs = %v", allocs)
	}
}

func FuzzBinaryDecode(f *testing.F) {
	f.Add([]byte("\xa2aX\x01aY\x02"))
	f.Add([]byte("\x01\x00\x00\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, src []byte) {
		for _, p := range []any{new(int), new(int8), new(float32), new(string), new([]int16), new(everything), new(any), new(tree), new(time.Time)} {
			c := codec.Binary{}
			if c.Decode(src, p) != nil {
				continue
			}
			again, err := c.Append(nil, p)
			if err != nil {
				continue // a decoded value may have no form, as text in a big number
			}
			q := reflect.New(reflect.TypeOf(p).Elem()).Interface()
			if err := c.Decode(again, q); err != nil {
				t.Errorf("%T: %q decoded, its encoding %q does not: %v", p, src, again, err)
			}
		}
	})
}

func BenchmarkBinary(b *testing.B) {
	n, pt, floats := 7, point{1, 2}, make([]float64, 1000)
	for name, p := range map[string]any{"int": &n, "named": ptr(celsius(1)), "struct": &pt, "floats": &floats} {
		buf, err := codec.Binary{}.Append(nil, p)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(name+"/append", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				buf, _ = codec.Binary{}.Append(buf[:0], p)
			}
		})
		b.Run(name+"/decode", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := (codec.Binary{}).Decode(buf, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
