package wire_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gotandem/tandem/internal/wire"
)

func parts(flags wire.Flags, oob uint16) wire.Header {
	return wire.Header{Type: wire.TypeResult, Flags: flags, ID: 1, Count: 1, OOB: oob, Codec: wire.CodecRaw}
}

func TestPartsAreReadAsWritten(t *testing.T) {
	body := wire.AppendPayload(wire.AppendTimeout(nil, time.Second), []byte("load"))
	body = wire.AppendPart(body, wire.Buffer{Offset: 8192, Length: 7})
	body = wire.AppendPart(body, wire.Buffer{Offset: wire.InBody, Length: 2})
	body = wire.AppendPart(body, wire.Buffer{Offset: wire.InBody})
	body = append(body, "ab"...)
	p, err := wire.ParseParts(parts(wire.FlagTimeout, 3), body)
	if err != nil || p.Timeout != time.Second || p.Moved || string(p.Payload) != "load" || p.Len() != 3 {
		t.Fatalf("%+v, %v", p, err)
	}
	if b, data := p.Next(); b != (wire.Buffer{Offset: 8192, Length: 7}) || data != nil {
		t.Errorf("%+v %q", b, data)
	}
	if b, data := p.Next(); b.Offset != wire.InBody || string(data) != "ab" {
		t.Errorf("%+v %q", b, data)
	}
	if _, data := p.Next(); len(data) != 0 || p.Len() != 0 {
		t.Errorf("%q, %d are left", data, p.Len())
	}
}

func TestPartsRefuses(t *testing.T) {
	entry := func(offset, length uint64) []byte {
		return wire.AppendPart(nil, wire.Buffer{Offset: offset, Length: length})
	}
	for name, c := range map[string]struct {
		h     wire.Header
		body  []byte
		field wire.Field
		text  string
	}{
		"no payload":      {parts(0, 1), nil, wire.FieldCount, "0 payloads"},
		"long payload":    {parts(0, 1), []byte("\xff\xff\xff\xffa"), wire.FieldPayload, "4294967295 bytes"},
		"no table":        {parts(wire.FlagMoved, 2), entry(0, 1), wire.FieldOOB, "is 2, the body has 16"},
		"timeout":         {parts(wire.FlagMoved|wire.FlagTimeout, 1), make([]byte, 24), wire.FieldTimeout, "is 0"},
		"short in body":   {parts(wire.FlagMoved, 1), append(entry(wire.InBody, 2), 'a'), wire.FieldBuffer, "0 has 2 bytes, the body has 1"},
		"long in body":    {parts(wire.FlagMoved, 1), append(entry(wire.InBody, 1), "ab"...), wire.FieldBody, "has 1 bytes after"},
		"huge in body":    {parts(wire.FlagMoved, 1), entry(wire.InBody, 1<<64-1), wire.FieldBuffer, "18446744073709551615"},
		"rest":            {parts(wire.FlagMoved, 1), append(entry(0, 1), 'a'), wire.FieldBody, "has 1 bytes after"},
		"sum of in bodys": {parts(wire.FlagMoved, 2), append(entry(wire.InBody, 1<<63), entry(wire.InBody, 1<<63)...), wire.FieldBuffer, "0 has"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := wire.ParseParts(c.h, c.body)
			pe, ok := errors.AsType[*wire.ProtocolError](err)
			if !ok || pe.Field != c.field || !strings.Contains(err.Error(), c.text) {
				t.Errorf("error is %v, want field %q and %q", err, c.field, c.text)
			}
		})
	}
}

// Buffers belong to frames about one call, and ParsePayloads leaves them alone.
func TestHeaderRefusesBuffersElsewhere(t *testing.T) {
	for name, change := range map[string]func(*wire.Header){
		"count": func(h *wire.Header) { h.Count = 2 },
		"array": func(h *wire.Header) { h.Flags |= wire.FlagArray },
		"plain": func(h *wire.Header) { h.Flags |= wire.FlagPlain },
		"type":  func(h *wire.Header) { h.Type = wire.TypeCancel },
		"other": func(h *wire.Header) { h.Type = 77 },
	} {
		h := parts(wire.FlagMoved, 1)
		change(&h)
		_, err := wire.ParseHeader(wire.AppendHeader(nil, h), 0)
		if pe, ok := errors.AsType[*wire.ProtocolError](err); !ok || pe.Field != wire.FieldOOB {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	if _, err := wire.ParsePayloads(parts(wire.FlagMoved, 1), nil); err == nil {
		t.Error("ParsePayloads takes a frame with buffers")
	}
}

// What was read gives the same body again, and no byte of it is in two places.
func FuzzParts(f *testing.F) {
	f.Add(wire.AppendPart(nil, wire.Buffer{Offset: 4096, Length: 5}), uint16(1), uint8(8))
	f.Add(append(wire.AppendPart(wire.AppendPayload(nil, []byte("a")), wire.Buffer{Offset: wire.InBody, Length: 1}), 'b'), uint16(1), uint8(0))
	f.Fuzz(func(t *testing.T, body []byte, oob uint16, flags uint8) {
		h := parts(wire.Flags(flags)&(wire.FlagTimeout|wire.FlagMoved), oob)
		p, err := wire.ParseParts(h, body)
		if err != nil {
			return
		}
		var again, inline []byte
		if p.Timeout != 0 {
			again = wire.AppendTimeout(again, p.Timeout)
		}
		if !p.Moved {
			again = wire.AppendPayload(again, p.Payload)
		}
		for p.Len() > 0 {
			b, data := p.Next()
			again = wire.AppendPart(again, b)
			inline = append(inline, data...)
		}
		if again = append(again, inline...); !bytes.Equal(again, body) {
			t.Errorf("wrote %q, read %q", again, body)
		}
	})
}
