package wire_test

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/gotandem/tandem/internal/wire"
)

var sample = wire.Header{
	Type: wire.TypeCall, Flags: wire.FlagTimeout | wire.FlagPlain, Length: 0x01020304,
	ID: 0xa1a2a3a4a5a6a7a8, Count: 0xb1b2b3b4, Task: 0xc1c2, Attempt: 0xd1d2, Codec: wire.CodecJSON,
}

// reseal makes the CRC of a changed header right again.
func reseal(b []byte) []byte {
	binary.LittleEndian.PutUint32(b[28:], crc32.ChecksumIEEE(b[:28]))
	return b
}

func TestHeaderRoundTrip(t *testing.T) {
	b := wire.AppendHeader([]byte("x"), sample)
	if len(b) != 1+wire.HeaderSize {
		t.Fatalf("len = %d", len(b))
	}
	b = b[1:]
	if got, want := binary.LittleEndian.Uint32(b[28:]), crc32.ChecksumIEEE(b[:28]); got != want {
		t.Errorf("crc = %#x, want %#x", got, want)
	}
	if h, err := wire.ParseHeader(b, sample.Length); err != nil || h != sample {
		t.Errorf("got %+v, %v", h, err)
	}
}

// What a wrong peer sends is refused, and the error says what differs.
func TestParseHeaderRefuses(t *testing.T) {
	set := func(at int, v ...byte) func([]byte) []byte {
		return func(b []byte) []byte { copy(b[at:], v); return reseal(b) }
	}
	tests := []struct {
		name   string
		change func([]byte) []byte
		field  wire.Field
		text   string
	}{
		{"short", func(b []byte) []byte { return b[:31] }, wire.FieldHeader, "31 bytes"},
		{"magic", set(0, 0x75), wire.FieldMagic, "0x75"},
		{"version", set(1, 2), wire.FieldVersion, "is 2, this side speaks 1"},
		{"flags", set(3, 32), wire.FieldFlags, "0x20"},
		{"measured call", set(3, 16), wire.FieldFlags, "call with count"},
		{"moved without a buffer", set(3, 8), wire.FieldFlags, "without a buffer"},
		{"length", set(4, 0xff, 0xff, 0xff, 0xff), wire.FieldLength, "4294967295"},
		{"id zero", set(8, 0, 0, 0, 0, 0, 0, 0, 0), wire.FieldID, "is 0"},
		{"id overflow", set(8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff), wire.FieldID, "18446744073709551615"},
		{"count", set(16, 0, 0, 0, 0), wire.FieldCount, "is 0"},
		{"failure count", set(2, 7), wire.FieldCount, "failure"},
		{"keep count", set(2, 13), wire.FieldCount, "keep"},
		{"release count", set(2, 14), wire.FieldCount, "release"},
		{"oob", set(24, 1), wire.FieldOOB, "is 1"},
		{"reserved", set(27, 9), wire.FieldReserved, "is 9"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := wire.ParseHeader(tt.change(wire.AppendHeader(nil, sample)), sample.Length)
			var pe *wire.ProtocolError
			if !errors.As(err, &pe) || pe.Field != tt.field || !strings.Contains(err.Error(), tt.text) {
				t.Errorf("error = %v, want field %q and %q", err, tt.field, tt.text)
			}
		})
	}
}

// Each single wrong bit behind magic and version is found by the CRC.
func TestParseHeaderFindsEveryBitFlip(t *testing.T) {
	for bit := range wire.HeaderSize * 8 {
		b := wire.AppendHeader(nil, sample)
		b[bit/8] ^= 1 << (bit % 8)
		_, err := wire.ParseHeader(b, sample.Length)
		var pe *wire.ProtocolError
		if !errors.As(err, &pe) || bit >= 16 && pe.Field != wire.FieldCRC {
			t.Errorf("bit %d: %v", bit, err)
		}
	}
}

// Unknown types and codecs with a good header are for the caller to judge.
func TestParseHeaderKeepsUnknownTypes(t *testing.T) {
	for _, h := range []wire.Header{{Type: 0}, {Type: 200, Count: 0}, {Type: wire.TypeReturned}, {Type: wire.TypeStop, Codec: 99}} {
		if got, err := wire.ParseHeader(wire.AppendHeader(nil, h), 0); err != nil || got != h {
			t.Errorf("%+v: got %+v, %v", h, got, err)
		}
	}
}

func TestNames(t *testing.T) {
	for got, want := range map[string]string{
		wire.TypeSetup.String(): "setup", wire.TypeStop.String(): "stop", wire.Type(0).String(): "type(0)",
		wire.Type(77).String(): "type(77)", wire.CodecCBOR.String(): "cbor", wire.Codec(5).String(): "npy", wire.Codec(6).String(): "codec(6)",
	} {
		if got != want {
			t.Errorf("name = %q, want %q", got, want)
		}
	}
}

func TestHeaderDoesNotAllocate(t *testing.T) {
	buf := make([]byte, 0, wire.HeaderSize)
	allocs := testing.AllocsPerRun(100, func() {
		b := wire.AppendHeader(buf, sample)
		if _, err := wire.ParseHeader(b, sample.Length); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("allocs = %v", allocs)
	}
}

func FuzzParseHeader(f *testing.F) {
	for _, g := range goldens() {
		f.Add(readGolden(f, g.name)[:wire.HeaderSize], uint32(wire.DefaultMaxBody))
	}
	f.Fuzz(func(t *testing.T, b []byte, maxBody uint32) {
		for _, sealed := range []bool{false, true} {
			if sealed && len(b) >= wire.HeaderSize {
				b[0], b[1] = 0x74, 1
				reseal(b)
			}
			h, err := wire.ParseHeader(b, maxBody)
			if err != nil {
				continue
			}
			if got := wire.AppendHeader(nil, h); string(got) != string(b[:wire.HeaderSize]) {
				t.Errorf("wrote % x, read % x", got, b[:wire.HeaderSize])
			}
			if h.Length > maxBody {
				t.Errorf("length %d over %d", h.Length, maxBody)
			}
		}
	})
}

func BenchmarkAppendHeader(b *testing.B) {
	buf := make([]byte, 0, wire.HeaderSize)
	for b.Loop() {
		wire.AppendHeader(buf, sample)
	}
}

func BenchmarkParseHeader(b *testing.B) {
	src := wire.AppendHeader(nil, sample)
	for b.Loop() {
		if _, err := wire.ParseHeader(src, sample.Length); err != nil {
			b.Fatal(err)
		}
	}
}
