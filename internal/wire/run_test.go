package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gotandem/tandem/internal/wire"
)

// appendRun appends a run with the given values, and its end.
func appendRun(dst []byte, id uint64, values ...string) []byte {
	dst = wire.AppendHeader(dst, wire.Header{Type: wire.TypeRun, ID: id, Codec: wire.CodecJSON})
	for _, value := range values {
		dst = append(append(dst, value...), '\n')
	}
	return append(dst, '\n')
}

// lines describes the lines that Next returned, which must be as ParsePayloads
// wants them.
func lines(h wire.Header, body []byte) (all []string) {
	values, err := wire.ParsePayloads(h, body)
	if err != nil || h.Count == 0 || int(h.Length) != len(body) {
		return []string{fmt.Sprintf("%+v: %v", h, err)}
	}
	for id := h.ID; values.Left() > 0; id++ {
		value, _ := values.Next()
		all = append(all, fmt.Sprintf("%d: %s", id, value))
	}
	return all
}

// runStream has runs between frames, one after another, and empty ones, and what
// readAll makes of it.
func runStream() (data []byte, want []string) {
	long := `"` + strings.Repeat("x", 200_000) + `"`
	data = appendFrame(data, 1, 3)
	data = appendRun(data, 2, "1", `"two"`, `[3,{"a":null}]`)
	data = appendRun(data, 9)
	data = appendRun(data, 5, "true")
	data = appendFrame(data, 6, 0)
	data = appendRun(data, 7, long, "-1.5e3", long, long)
	data = appendFrame(data, 11, 70_000)
	data = appendRun(data, 12, "1")
	want = readAll(wire.NewReader(bytes.NewReader(stream(3)), 0))[:1]
	want = append(want, "2: 1", `3: "two"`, `4: [3,{"a":null}]`, "5: true")
	want = append(want, readAll(wire.NewReader(bytes.NewReader(appendFrame(nil, 6, 0)), 0))[:1]...)
	want = append(want, "7: "+long, "8: -1.5e3", "9: "+long, "10: "+long)
	want = append(want, readAll(wire.NewReader(bytes.NewReader(appendFrame(nil, 11, 70_000)), 0))[:1]...)
	return data, append(want, "12: 1", "EOF")
}

func TestGoldenRun(t *testing.T) {
	data := readGolden(t, "run")
	want := wire.AppendHeader(nil, wire.Header{Type: wire.TypeRun, ID: 21, Codec: wire.CodecJSON})
	want = append(want, "4\n\"a\\nb\"\nnull\n\n"...)
	if !bytes.Equal(data, want) {
		t.Errorf("got  % x\nwant % x", want, data)
	}
	got := readAll(wire.NewReader(bytes.NewReader(data), 0))
	if want := []string{"21: 4", `22: "a\nb"`, "23: null", "EOF"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Lines and frames come out the same however the stream is cut into reads.
func TestReaderCutsRuns(t *testing.T) {
	data, want := runStream()
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole":         func(r io.Reader) io.Reader { return r },
		"half":          iotest.HalfReader,
		"one byte":      iotest.OneByteReader,
		"data with EOF": iotest.DataErrReader,
	} {
		t.Run(name, func(t *testing.T) {
			r := wire.NewReader(wrap(bytes.NewReader(data)), 0)
			if got := readAll(r); !slices.Equal(got, want) {
				t.Errorf("%.300q", got)
			}
			if r.Received() != uint64(len(data)) || r.Buffered() != 0 {
				t.Errorf("received %d, buffered %d", r.Received(), r.Buffered())
			}
		})
	}
}

// A stream that is torn inside a run says so inside a line only, keeps what has
// arrived, and goes on with Feed and with Restart at the same byte.
func TestReaderTornRun(t *testing.T) {
	data := appendFrame(appendRun(nil, 3, "10", `"ab"`, "11"), 6, 2)
	all := readAll(wire.NewReader(bytes.NewReader(data), 0))
	for cut := range len(data) + 1 {
		fed := wire.NewReader(bytes.NewReader(data[:cut]), 0)
		got := readAll(fed)
		end := got[len(got)-1]
		restarted := *fed
		if inside := fed.Buffered() > 0; inside != (end == "unexpected EOF") {
			t.Errorf("cut %d: %q with %d bytes", cut, end, fed.Buffered())
		}
		fed.Feed(data[cut:])
		if got := append(got[:len(got)-1:len(got)-1], readAll(fed)...); !slices.Equal(got, all) {
			t.Errorf("cut %d, fed: %q", cut, got)
		}
		restarted.Restart(bytes.NewReader(data[cut-restarted.Buffered():]))
		if got := append(got[:len(got)-1:len(got)-1], readAll(&restarted)...); !slices.Equal(got, all) {
			t.Errorf("cut %d, restarted: %q", cut, got)
		}
		if restarted.Received() != uint64(len(data)) {
			t.Errorf("cut %d: received %d", cut, restarted.Received())
		}
	}
}

// chunks is a stream that gives one piece for each read, and must not be read
// after the last.
type chunks struct {
	t      *testing.T
	pieces [][]byte
}

func (c *chunks) Read(p []byte) (int, error) {
	if len(c.pieces) == 0 {
		c.t.Fatal("it was read without need")
	}
	n := copy(p, c.pieces[0])
	c.pieces = c.pieces[1:]
	return n, nil
}

// What is complete of an open run is returned, without a read for more.
func TestReaderDoesNotWaitInRun(t *testing.T) {
	run := appendRun(nil, 1, "1", "2", "3")
	begin := len(run) - len("1\n2\n3\n\n")
	r := wire.NewReader(&chunks{t, [][]byte{run[:begin], run[begin : begin+3], run[begin+3 : begin+6]}}, 0)
	for _, want := range [][]string{{"1: 1"}, {"2: 2", "3: 3"}} {
		if r.Ready() {
			t.Errorf("ready before %q", want)
		}
		h, body, err := r.Next()
		if got := lines(h, body); err != nil || !slices.Equal(got, want) {
			t.Errorf("got %q, %v, want %q", got, err, want)
		}
	}
	if r.Ready() {
		t.Error("ready without a line")
	}
}

// Ready tells what Next can return, also behind the end of a run.
func TestReaderReadyInRun(t *testing.T) {
	header := wire.AppendHeader(nil, wire.Header{Type: wire.TypeRun, ID: 1, Codec: wire.CodecJSON})
	for text, want := range map[string]bool{
		"1\n": true, "1": false, "": false, "\n": false, "\n" + string(stream(2)[:33]): false, "\n" + string(stream(2)): true,
		"\n" + string(header): false, "\n" + string(header) + "1": false, "\n" + string(header) + "1\n": true,
		"\n" + string(header) + "\n" + string(stream(0)): true, "\n" + strings.Repeat("x", 32): true, "12345678901": true,
	} {
		first := append(slices.Clone(header), "0\n"...)
		r := wire.NewReader(&chunks{t, [][]byte{append(first, text...)}}, 10)
		if _, _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
		if text != "1\n" && r.Ready() != want {
			t.Errorf("after %q: ready is %v", text, !want)
		}
	}
}

func TestReaderRefusesRun(t *testing.T) {
	run := func(h wire.Header) []byte {
		h.Type = wire.TypeRun
		return append(wire.AppendHeader(nil, h), "1\n\n"...)
	}
	good := wire.Header{ID: 4, Codec: wire.CodecJSON}
	with := func(change func(h *wire.Header)) []byte {
		h := good
		change(&h)
		return run(h)
	}
	tests := []struct {
		name  string
		data  []byte
		lines int
		field wire.Field
	}{
		{"id", with(func(h *wire.Header) { h.ID = 0 }), 0, wire.FieldID},
		{"count", with(func(h *wire.Header) { h.Count = 1 }), 0, wire.FieldCount},
		{"length", with(func(h *wire.Header) { h.Length = 2 }), 0, wire.FieldLength},
		{"flags", with(func(h *wire.Header) { h.Flags = wire.FlagPlain }), 0, wire.FieldFlags},
		{"codec", with(func(h *wire.Header) { h.Codec = wire.CodecRaw }), 0, wire.FieldCodec},
		{"ids end", appendRun(nil, 1<<64-1, "1", "2"), 1, wire.FieldID},
		{"not JSON", appendRun(nil, 1, "1", "2", "hello", "3"), 2, wire.FieldLine},
		{"two values", appendRun(nil, 1, "1 2"), 0, wire.FieldLine},
		{"space", appendRun(nil, 1, "1", "2 "), 1, wire.FieldLine},
		{"torn array", appendRun(nil, 1, "[1,", "2]"), 0, wire.FieldLine},
		{"long", appendRun(nil, 1, "1", `"12345678"`, `"123456789"`), 2, wire.FieldLine},
		{"endless", append(appendRun(nil, 1, "1")[:34], "12345678901"...), 1, wire.FieldLine},
		{"not a frame", append(appendRun(nil, 1, "1"), strings.Repeat("x", 32)...), 1, wire.FieldMagic},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := wire.NewReader(bytes.NewReader(tt.data), 10)
			n := 0
			var err error
			for err == nil {
				var h wire.Header
				h, _, err = r.Next()
				n += int(h.Count)
			}
			var pe *wire.ProtocolError
			if !errors.As(err, &pe) || pe.Field != tt.field || n != tt.lines {
				t.Errorf("%d lines, %v", n, err)
			}
			if _, _, again := r.Next(); again == nil || again.Error() != err.Error() {
				t.Errorf("then %v", again)
			}
		})
	}
}

// After a wrong line the stream goes on where it began to be wrong.
func TestReaderRestartsBehindGarbage(t *testing.T) {
	run := appendRun(nil, 1, "10", "20", "30")
	bad := append(slices.Clone(run[:len(run)-4]), "garbage\n"...)
	r := wire.NewReader(bytes.NewReader(bad), 0)
	got := readAll(r)
	if !slices.Equal(got[:2], []string{"1: 10", "2: 20"}) || len(got) != 3 {
		t.Fatalf("got %q", got)
	}
	if at := r.Received() - uint64(r.Buffered()); at != uint64(len(run)-4) {
		t.Errorf("the garbage begins at %d, want %d", at, len(run)-4)
	}
	r.Restart(bytes.NewReader(run[len(run)-4:]))
	if got := readAll(r); !slices.Equal(got, []string{"3: 30", "EOF"}) {
		t.Errorf("got %q", got)
	}
}

func TestPayloadsRefuseLines(t *testing.T) {
	for _, body := range []string{"1\n2", "1\n", "1\n2\n3\n", ""} {
		_, err := wire.ParsePayloads(wire.Header{Type: wire.TypeRun, ID: 1, Count: 2, Codec: wire.CodecJSON}, []byte(body))
		var pe *wire.ProtocolError
		if !errors.As(err, &pe) || pe.Field != wire.FieldCount {
			t.Errorf("%q: %v", body, err)
		}
	}
}

// A long line does not keep its memory.
func TestReaderForgetsLongLine(t *testing.T) {
	data := appendRun(nil, 1, `"`+strings.Repeat("x", 20<<20)+`"`, "1")
	r := wire.NewReader(io.MultiReader(bytes.NewReader(data), &loop{data: appendRun(nil, 5, "1")}), 0)
	for range 10 {
		if _, _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	allocs := testing.AllocsPerRun(100, func() {
		if _, _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	})
	if allocs != 0 {
		t.Errorf("allocs = %v", allocs)
	}
}

func BenchmarkReaderRun(b *testing.B) {
	values := make([]string, 256)
	for i := range values {
		values[i] = fmt.Sprint(123456 + i)
	}
	r := wire.NewReader(&loop{data: appendRun(nil, 1, values...)}, 0)
	for n := 0; n < b.N; {
		h, body, err := r.Next()
		if err != nil {
			b.Fatal(err)
		}
		p, err := wire.ParsePayloads(h, body)
		if err != nil {
			b.Fatal(err)
		}
		for _, ok := p.Next(); ok; _, ok = p.Next() {
			n++
		}
	}
}
