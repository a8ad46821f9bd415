package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotandem/tandem/internal/wire"
)

// all returns the payloads as text.
func all(p wire.Payloads) (list []string) {
	for {
		payload, ok := p.Next()
		if !ok {
			return list
		}
		list = append(list, string(payload))
	}
}

func result(flags wire.Flags, count uint32) wire.Header {
	return wire.Header{Type: wire.TypeResult, Flags: flags, ID: 1, Count: count, Codec: wire.CodecJSON}
}

func TestPayloads(t *testing.T) {
	tests := []struct {
		name  string
		flags wire.Flags
		body  string
		want  []string
	}{
		{"one", 0, "\x01\x00\x00\x00a", []string{"a"}},
		{"empty ones", 0, "\x00\x00\x00\x00\x00\x00\x00\x00", []string{"", ""}},
		{"none", 0, "", nil},
		{"length is a line feed", wire.FlagPlain, "\x0a\x00\x00\x000123456789", []string{"0123456789"}},
		{"array", wire.FlagArray, `[1,2,3]`, []string{"1", "2", "3"}},
		{"array empty", wire.FlagArray, ` [ ] `, nil},
		{"array spaces", wire.FlagArray, " [ 1 ,\n\"x\"\t, {} ] ", []string{"1", `"x"`, "{}"}},
		{"array nested", wire.FlagArray, `[[1,[2,"]"]],{"a]":{"b":","}},"\"],\\"]`,
			[]string{`[1,[2,"]"]]`, `{"a]":{"b":","}}`, `"\"],\\"`}},
		{"array words", wire.FlagArray | wire.FlagPlain, `[true,false,null,-0.5e+7]`,
			[]string{"true", "false", "null", "-0.5e+7"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := wire.ParsePayloads(result(tt.flags, uint32(len(tt.want))), []byte(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if p.Left() != len(tt.want) {
				t.Errorf("left = %d", p.Left())
			}
			if got := all(p); !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPayloadsTimeout(t *testing.T) {
	body := wire.AppendTimeout(nil, 3*time.Second)
	p, err := wire.ParsePayloads(result(wire.FlagTimeout|wire.FlagArray, 1), append(body, "[5]"...))
	if err != nil || p.Timeout() != 3*time.Second || !slices.Equal(all(p), []string{"5"}) {
		t.Errorf("%v, %v, %q", err, p.Timeout(), all(p))
	}
}

func TestPayloadsRefuse(t *testing.T) {
	raw := result(0, 1)
	raw.Codec = wire.CodecRaw
	rawArray := raw
	rawArray.Flags = wire.FlagArray
	tests := []struct {
		name   string
		header wire.Header
		body   string
		field  wire.Field
	}{
		{"torn length", raw, "\x01\x00\x00", wire.FieldCount},
		{"torn payload", raw, "\x02\x00\x00\x00a", wire.FieldPayload},
		{"huge payload", raw, "\xff\xff\xff\xffa", wire.FieldPayload},
		{"left over", raw, "\x01\x00\x00\x00ab", wire.FieldBody},
		{"huge count", result(0, math.MaxUint32), "\x00\x00\x00\x00", wire.FieldCount},
		{"line feed", result(wire.FlagPlain, 1), "\x01\x00\x00\x00\n", wire.FieldPayload},
		{"line feed in array", result(wire.FlagPlain|wire.FlagArray, 1), "[1\n]", wire.FieldArray},
		{"array not JSON", rawArray, "[1]", wire.FieldFlags},
		{"timeout torn", result(wire.FlagTimeout, 1), "\x01\x00\x00", wire.FieldTimeout},
		{"timeout zero", result(wire.FlagTimeout, 0), strings.Repeat("\x00", 8), wire.FieldTimeout},
		{"timeout negative", result(wire.FlagTimeout, 0), strings.Repeat("\xff", 8), wire.FieldTimeout},
		{"array short", result(wire.FlagArray, 3), "[1,2]", wire.FieldCount},
		{"array long", result(wire.FlagArray, 1), "[1,2]", wire.FieldCount},
		{"array empty", result(wire.FlagArray, 1), "[]", wire.FieldCount},
		{"array for none", result(wire.FlagArray, 0), "[1]", wire.FieldCount},
		{"array left over", result(wire.FlagArray, 1), "[1]]", wire.FieldBody},
		{"array absent", result(wire.FlagArray, 1), "", wire.FieldArray},
		{"array object", result(wire.FlagArray, 1), "{}", wire.FieldArray},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p, err := wire.ParsePayloads(tt.header, []byte(tt.body))
			var pe *wire.ProtocolError
			if !errors.As(err, &pe) || pe.Field != tt.field {
				t.Errorf("error = %v, want field %q", err, tt.field)
			}
			if p.Left() != 0 {
				t.Errorf("left = %d after an error", p.Left())
			}
		})
	}
}

// Everything that encoding/json calls malformed is refused.
func TestPayloadsRefuseMalformedJSON(t *testing.T) {
	deep := strings.Repeat("[", 9999) + strings.Repeat("]", 9999)
	if _, err := wire.ParsePayloads(result(wire.FlagArray, 1), []byte("["+deep+"]")); err != nil {
		t.Errorf("10000 levels: %v", err)
	}
	for _, value := range []string{
		"", "01", "1.", ".5", "+1", "-", "1e", "1e+", "nul", "True", "NaN", "'a'", `"`, `"\x"`, `"\u12g4"`, `"\u12`,
		"\"a\tb\"", "\"12345678\x1f\"", "[1,]", "[1 2]", "{1:2}", `{"a"}`, `{"a":}`, `{"a":1,}`, "[", "{", "1]", "1,", "[" + deep + "]",
	} {
		text := "[" + value + "]"
		if json.Valid([]byte(text)) && value != "" {
			t.Errorf("%q is valid", value)
		}
		if _, err := wire.ParsePayloads(result(wire.FlagArray, 1), []byte(text)); err == nil {
			t.Errorf("%.20q was accepted", value)
		}
	}
}

func TestPayloadsDoNotAllocate(t *testing.T) {
	body := []byte(`[1,"two",[3,{"four":5}]]`)
	allocs := testing.AllocsPerRun(100, func() {
		p, err := wire.ParsePayloads(result(wire.FlagArray, 3), body)
		for range 3 {
			if _, ok := p.Next(); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
	})
	if allocs != 0 {
		t.Errorf("allocs = %v", allocs)
	}
}

// What was cut into payloads gives the same body again.
func FuzzPayloads(f *testing.F) {
	f.Add([]byte("\x01\x00\x00\x00a"), uint32(1), uint8(0))
	f.Add(wire.AppendPayload(wire.AppendTimeout(nil, 5), []byte("12")), uint32(1), uint8(5))
	f.Add([]byte("[1,2]"), uint32(2), uint8(2))
	f.Add([]byte("1\n2\n"), uint32(2), uint8(8))
	f.Add([]byte("0"), uint32(0), uint8(8))
	f.Fuzz(func(t *testing.T, body []byte, count uint32, flags uint8) {
		h := result(wire.Flags(flags&7), count)
		if flags&8 != 0 {
			h.Type, h.Flags = wire.TypeRun, 0
		}
		p, err := wire.ParsePayloads(h, body)
		if err != nil {
			return
		}
		var again []byte
		if p.Timeout() != 0 {
			again = wire.AppendTimeout(again, p.Timeout())
		}
		list := all(p)
		if len(list) != int(count) {
			t.Fatalf("%d payloads, want %d", len(list), count)
		}
		if h.Flags&wire.FlagArray != 0 {
			return
		}
		for _, payload := range list {
			if h.Type == wire.TypeRun {
				again = append(append(again, payload...), '\n')
			} else {
				again = wire.AppendPayload(again, []byte(payload))
			}
		}
		if !bytes.Equal(again, body) {
			t.Errorf("wrote %q, read %q", again, body)
		}
	})
}

// An array is split exactly as encoding/json splits it.
func FuzzArraySplit(f *testing.F) {
	for _, s := range []string{`[1,2]`, ` [ "a" , {"b":[]} ] `, `["\u0041\\\"",-1.5e3,null]`, `[[],[[]]]`, `["12345678\\901234567"]`, `[`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var want []json.RawMessage
		valid := json.Unmarshal(text, &want) == nil && want != nil
		p, err := wire.ParsePayloads(result(wire.FlagArray, uint32(len(want))), text)
		if valid != (err == nil) {
			t.Fatalf("%q: %v, encoding/json says %v", text, err, valid)
		}
		if trimmed := bytes.Trim(text, " \t\r\n"); wire.IsJSON(trimmed) != json.Valid(text) {
			t.Errorf("IsJSON(%q) is %v", trimmed, wire.IsJSON(trimmed))
		}
		for i, got := range all(p) {
			if got != string(want[i]) {
				t.Errorf("value %d of %q: %q, want %q", i, text, got, want[i])
			}
		}
	})
}

func BenchmarkPayloads(b *testing.B) {
	for name, body := range map[string][]byte{
		"lengths": bytes.Repeat(wire.AppendPayload(nil, make([]byte, 8)), 100),
		"array":   []byte("[" + strings.Repeat("12345678,", 99) + "12345678]"),
	} {
		b.Run(name, func(b *testing.B) {
			h := result(0, 100)
			if name == "array" {
				h = result(wire.FlagArray, 100)
			}
			for b.Loop() {
				p, err := wire.ParsePayloads(h, body)
				if err != nil {
					b.Fatal(err)
				}
				for _, ok := p.Next(); ok; _, ok = p.Next() {
				}
			}
		})
	}
}
