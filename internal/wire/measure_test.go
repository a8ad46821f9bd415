package wire_test

import (
	"bytes"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/gotandem/tandem/internal/wire"
)

func TestMeasureIsCut(t *testing.T) {
	h := wire.Header{Type: wire.TypeResult, Flags: wire.FlagMeasured | wire.FlagPlain, ID: 1, Count: 1, Length: wire.MeasureSize + 2}
	m, rest, body, err := wire.CutMeasure(h, append(measure.Append(nil), "ab"...))
	h.Flags, h.Length = wire.FlagPlain, 2
	if m != measure || rest != h || string(body) != "ab" || err != nil {
		t.Errorf("%+v, %+v, %q, %v", m, rest, body, err)
	}
}

func TestMeasureRefuses(t *testing.T) {
	_, _, _, err := wire.CutMeasure(wire.Header{}, make([]byte, wire.MeasureSize-1))
	if pe, ok := errors.AsType[*wire.ProtocolError](err); !ok || pe.Field != wire.FieldMeasure {
		t.Error(err)
	}
}

// What no worker can have measured is written and read without wrapping around.
func TestMeasureIsNeverNegative(t *testing.T) {
	if got := (wire.Measure{Wall: -1, CPU: math.MinInt64, Peak: -5}).Append(nil); !bytes.Equal(got, make([]byte, wire.MeasureSize)) {
		t.Errorf("% x", got)
	}
	all := bytes.Repeat([]byte{0xff}, wire.MeasureSize)
	m, _, _, err := wire.CutMeasure(wire.Header{}, all)
	if m.Wall != math.MaxInt64 || m.CPU != math.MaxInt64 || m.Peak != math.MaxInt64 || m.Start != math.MaxUint64 || err != nil {
		t.Errorf("%+v, %v", m, err)
	}
}

func FuzzMeasure(f *testing.F) {
	f.Add(measure.Append([]byte(nil)))
	f.Add(append(measure.Append(nil), "more"...))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, _, rest, err := wire.CutMeasure(wire.Header{Flags: wire.FlagMeasured}, body)
		if (err == nil) != (len(body) >= wire.MeasureSize) {
			t.Fatalf("%d bytes: %v", len(body), err)
		}
		if err != nil {
			return
		}
		if m.Wall < 0 || m.CPU < 0 || m.Peak < 0 || !bytes.Equal(rest, body[wire.MeasureSize:]) {
			t.Errorf("%+v, %q", m, rest)
		}
		again, _, _, err := wire.CutMeasure(wire.Header{}, m.Append(nil))
		if again != m || err != nil {
			t.Errorf("%+v, then %+v, %v", m, again, err)
		}
	})
}

func BenchmarkCutMeasure(b *testing.B) {
	body := measure.Append(nil)
	for b.Loop() {
		if m, _, _, err := wire.CutMeasure(wire.Header{}, body); err != nil || m.Wall != 1500*time.Millisecond {
			b.Fatal(m, err)
		}
	}
}
