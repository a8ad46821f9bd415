package codec_test

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/gotandem/tandem/internal/codec"
	"github.com/gotandem/tandem/internal/wire"
)

func TestJSONForms(t *testing.T) {
	for _, tt := range []struct {
		p    any
		want string
	}{
		{ptr(-7), "-7"}, {ptr(int64(math.MinInt64)), "-9223372036854775808"}, {ptr(true), "true"},
		{ptr("<&>\n\u2028"), "\"<&>\\n\\u2028\""}, {ptr([]byte("ab")), `"YWI="`}, {ptr(point{1, 2}), `{"X":1,"Y":2}`},
		{ptr(json.RawMessage("{ \"a\" :\n [1, \"<\"] }")), `{"a":[1,"<"]}`}, {ptr(json.RawMessage(nil)), "null"},
		{ptr(any(nil)), "null"}, {ptr([]string(nil)), "null"}, {ptr(struct{}{}), "{}"},
	} {
		got, err := codec.JSON{}.Append([]byte("head"), tt.p)
		if err != nil || string(got) != "head"+tt.want {
			t.Errorf("%T: %s, %v, want %s", tt.p, got, err, tt.want)
		}
		if id := (codec.JSON{}).ID(tt.p); id != uint8(wire.CodecJSON) {
			t.Errorf("%T: codec %d", tt.p, id)
		}
	}
}

func TestJSONRoundTrip(t *testing.T) {
	c := codec.JSON{}
	for _, f := range []func(*testing.T, codecUnderTest){
		property[int], property[int64], property[uint64], property[float64], property[bool], property[string],
		property[[]byte], property[point], property[map[string]point], property[[]string], property[celsius],
	} {
		f(t, c)
	}
	for _, n := range []int64{0, 9, -9, 999999999999999999, -999999999999999999, math.MaxInt64, math.MinInt64} {
		checkSame(t, c, n)
		checkSame(t, c, int(n))
	}
	checkSame(t, c, json.RawMessage(`[1,{"a":null}]`))
}

func TestJSONAppendRefuses(t *testing.T) {
	for _, tt := range []struct {
		p    any
		text string
	}{
		{ptr(math.NaN()), "JSON has no form for NaN"},
		{ptr([]float64{math.Inf(-1)}), "JSON has no form for -Inf"},
		{ptr("\xff"), "not UTF-8"},
		{ptr(json.RawMessage("{")), "json.RawMessage"},
		{ptr(json.RawMessage("1 2")), "json.RawMessage"},
		{ptr(json.RawMessage{}), "json.RawMessage"},
		{ptr(badMarshal{}), "panic: json"},
		{ptr(make(chan int)), "chan int"},
	} {
		out, err := codec.JSON{}.Append([]byte("keep"), tt.p)
		if err == nil || !strings.Contains(err.Error(), tt.text) || string(out) != "keep" {
			t.Errorf("%T: %q, %v, want %q", tt.p, out, err, tt.text)
		}
	}
	n := 3
	if out, err := (codec.JSON{}).Append(nil, &point{n, n}); err != nil || string(out) != `{"X":3,"Y":3}` {
		t.Errorf("after errors: %q, %v", out, err)
	}
}

func TestJSONDecodeRefuses(t *testing.T) {
	for _, src := range []string{"", "-", "01", "1.5", "1x", "9223372036854775808", `"1"`, "1 2", "--1", "+1"} {
		n := 0
		if err := (codec.JSON{}).Decode([]byte(src), &n); err == nil || !strings.HasPrefix(err.Error(), "codec: decode int") {
			t.Errorf("%q: %d, %v", src, n, err)
		}
	}
	if err := (codec.JSON{}).Decode([]byte("{}"), new(badMarshal)); err == nil || !strings.Contains(err.Error(), "panic: json") {
		t.Errorf("panic: %v", err)
	}
	if err := (codec.JSON{}).Decode([]byte("{"), new(json.RawMessage)); err == nil {
		t.Error("malformed RawMessage was accepted")
	}
}

func BenchmarkJSON(b *testing.B) {
	n, pt := 7, point{1, 2}
	for name, p := range map[string]any{"int": &n, "struct": &pt} {
		buf, _ := codec.JSON{}.Append(nil, p)
		b.Run(name+"/append", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				buf, _ = codec.JSON{}.Append(buf[:0], p)
			}
		})
		b.Run(name+"/decode", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := (codec.JSON{}).Decode(buf, p); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
