package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/iotest"

	"github.com/gotandem/tandem/internal/wire"
)

// appendFrame appends a result frame whose body has n bytes.
func appendFrame(dst []byte, id uint64, n int) []byte {
	dst, start := wire.BeginFrame(dst)
	dst = append(dst, bytes.Repeat([]byte{byte(id)}, n)...)
	return wire.EndFrame(dst, start, wire.Header{Type: wire.TypeResult, ID: id, Count: 1})
}

// stream returns frames with bodies of the given sizes and ids from 1.
func stream(sizes ...int) []byte {
	var s []byte
	for i, n := range sizes {
		s = appendFrame(s, uint64(i+1), n)
	}
	return s
}

// expect reads frames as stream made them, from the one with index from on, and
// returns the index behind the last and the error that ended the reading.
func expect(t *testing.T, r *wire.Reader, from int, sizes []int) (int, error) {
	t.Helper()
	for i := from; ; i++ {
		h, body, err := r.Next()
		if err != nil {
			return i, err
		}
		if i >= len(sizes) || h.ID != uint64(i+1) || len(body) != sizes[i] ||
			len(body) != bytes.Count(body, []byte{byte(h.ID)}) {
			t.Fatalf("frame %d: %+v, %d bytes", i, h, len(body))
		}
	}
}

var mixedSizes = []int{0, 1, 5, 65503, 65504, 65505, 0, 200_000, 3 << 20, 7, 1<<20 + 1, 0}

// Frames come out the same however the stream is cut into reads.
func TestReaderCutsFrames(t *testing.T) {
	data := stream(mixedSizes...)
	for name, wrap := range map[string]func(io.Reader) io.Reader{
		"whole":         func(r io.Reader) io.Reader { return r },
		"half":          iotest.HalfReader,
		"data with EOF": iotest.DataErrReader,
	} {
		t.Run(name, func(t *testing.T) {
			r := wire.NewReader(wrap(bytes.NewReader(data)), 0)
			n, err := expect(t, r, 0, mixedSizes)
			if n != len(mixedSizes) || err != io.EOF {
				t.Errorf("%d frames, %v", n, err)
			}
			if r.Received() != uint64(len(data)) || r.Buffered() != 0 {
				t.Errorf("received %d, buffered %d", r.Received(), r.Buffered())
			}
		})
	}
	small := []int{0, 3, 40, 0}
	r := wire.NewReader(iotest.OneByteReader(bytes.NewReader(stream(small...))), 0)
	if n, err := expect(t, r, 0, small); n != len(small) || err != io.EOF {
		t.Errorf("one byte at a time: %d frames, %v", n, err)
	}
}

// A stream that is torn at any byte ends with ErrUnexpectedEOF inside a frame
// and with EOF between frames, and Feed continues it at the same byte.
func TestReaderTornAndFed(t *testing.T) {
	sizes := []int{0, 3, 40, 0, 17}
	data := stream(sizes...)
	borders := map[int]bool{}
	for i := range len(sizes) + 1 {
		borders[len(stream(sizes[:i]...))] = true
	}
	for cut := range len(data) + 1 {
		r := wire.NewReader(bytes.NewReader(data[:cut]), 0)
		n, err := expect(t, r, 0, sizes)
		want := io.ErrUnexpectedEOF
		if borders[cut] {
			want = io.EOF
		}
		if err != want {
			t.Fatalf("cut %d: %v, want %v", cut, err, want)
		}
		if got := cut - len(stream(sizes[:n]...)); r.Buffered() != got {
			t.Fatalf("cut %d: buffered %d, want %d", cut, r.Buffered(), got)
		}
		half := (cut + len(data)) / 2
		r.Feed(data[cut:half])
		n, _ = expect(t, r, n, sizes)
		r.Feed(data[half:])
		if n, err = expect(t, r, n, sizes); n != len(sizes) || err != io.EOF {
			t.Fatalf("cut %d: %d frames, %v", cut, n, err)
		}
		if r.Received() != uint64(cut) {
			t.Fatalf("cut %d: received %d", cut, r.Received())
		}
	}
}

// Feed continues inside a body that is larger than the buffer.
func TestReaderFeedLargeBody(t *testing.T) {
	sizes := []int{1, 200_000, 2}
	data := stream(sizes...)
	for _, cut := range []int{32, 33, 64, 65, 66, 65536, 65537, 131072, 200_000, 200_065, 200_066, len(data)} {
		r := wire.NewReader(bytes.NewReader(data[:cut]), 0)
		n, _ := expect(t, r, 0, sizes)
		r.Feed(data[cut:])
		if n, err := expect(t, r, n, sizes); n != len(sizes) || err != io.EOF {
			t.Errorf("cut %d: %d frames, %v", cut, n, err)
		}
	}
}

// Feed may come before the end, after another error, and with nothing; the
// fed bytes are copied.
func TestReaderFeedAtOtherTimes(t *testing.T) {
	data := stream(4, 5)
	reset := errors.New("reset")
	r := wire.NewReader(io.MultiReader(bytes.NewReader(data[:40]), iotest.ErrReader(reset)), 0)
	n, err := expect(t, r, 0, []int{4, 5})
	if n != 1 || err != reset {
		t.Fatalf("%d frames, %v", n, err)
	}
	r.Feed(nil)
	if _, _, err := r.Next(); err != io.ErrUnexpectedEOF {
		t.Fatalf("after empty Feed: %v", err)
	}
	extra := bytes.Clone(data[40:])
	r.Feed(extra)
	clear(extra)
	if n, err := expect(t, r, n, []int{4, 5}); n != 2 || err != io.EOF {
		t.Errorf("%d frames, %v", n, err)
	}
	early := wire.NewReader(iotest.ErrReader(errors.New("must not be read")), 0)
	early.Feed(data)
	if n, err := expect(t, early, 0, []int{4, 5}); n != 2 || err != io.EOF {
		t.Errorf("early: %d frames, %v", n, err)
	}
}

// Ready is true exactly when Next does not read.
func TestReaderReady(t *testing.T) {
	data := stream(4, 5)
	r := wire.NewReader(bytes.NewReader(data[:len(data)-1]), 0)
	if r.Ready() {
		t.Error("ready before anything arrived")
	}
	if _, _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	if r.Ready() {
		t.Error("ready inside a frame")
	}
	r.Feed(data[len(data)-1:])
	if !r.Ready() {
		t.Error("not ready with a frame")
	}
}

// A wrong header is final, also after good frames.
func TestReaderNeverResynchronises(t *testing.T) {
	data := append(stream(3), bytes.Repeat([]byte{'x'}, 40)...)
	data = append(data, stream(1)...)
	r := wire.NewReader(bytes.NewReader(data), 0)
	if n, _ := expect(t, r, 0, []int{3}); n != 1 {
		t.Fatalf("%d frames", n)
	}
	for range 3 {
		_, _, err := r.Next()
		var pe *wire.ProtocolError
		if !errors.As(err, &pe) || pe.Field != wire.FieldMagic {
			t.Fatalf("error = %v", err)
		}
	}
}

func TestReaderReturnsUnknownTypes(t *testing.T) {
	frame := wire.AppendHeader(nil, wire.Header{Type: 99, Length: 2})
	r := wire.NewReader(bytes.NewReader(append(frame, "hi"...)), 0)
	if h, body, err := r.Next(); err != nil || h.Type != 99 || string(body) != "hi" {
		t.Errorf("%+v, %q, %v", h, body, err)
	}
}

// A length that is not followed by bytes costs little memory; one over the limit
// costs none.
func TestReaderHostileLength(t *testing.T) {
	lying := wire.AppendHeader(nil, wire.Header{Type: wire.TypeStop, Length: wire.DefaultMaxBody})
	lying = append(lying, make([]byte, 100_000)...)
	result := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		for range b.N {
			if _, _, err := wire.NewReader(bytes.NewReader(lying), 0).Next(); err != io.ErrUnexpectedEOF {
				b.Fatal(err)
			}
		}
	})
	if got := result.AllocedBytesPerOp(); got > 2<<20 {
		t.Errorf("allocated %d bytes", got)
	}
	over := wire.AppendHeader(nil, wire.Header{Type: wire.TypeStop, Length: 1001})
	_, _, err := wire.NewReader(bytes.NewReader(over), 1000).Next()
	var pe *wire.ProtocolError
	if !errors.As(err, &pe) || pe.Field != wire.FieldLength {
		t.Errorf("error = %v", err)
	}
}

func TestReaderGivesUpWithoutProgress(t *testing.T) {
	r := wire.NewReader(noProgress{}, 0)
	if _, _, err := r.Next(); err != io.ErrNoProgress {
		t.Errorf("error = %v", err)
	}
}

type noProgress struct{}

func (noProgress) Read([]byte) (int, error) { return 0, nil }

// loop repeats the same bytes without end.
type loop struct {
	data []byte
	at   int
}

func (l *loop) Read(p []byte) (int, error) {
	n := copy(p, l.data[l.at:])
	l.at = (l.at + n) % len(l.data)
	return n, nil
}

func TestReaderDoesNotAllocate(t *testing.T) {
	r := wire.NewReader(&loop{data: stream(8, 0, 100_000, 300)}, 0)
	next := func() {
		if _, _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	for range 8 {
		next()
	}
	if allocs := testing.AllocsPerRun(100, next); allocs != 0 {
		t.Errorf("allocs = %v", allocs)
	}
}

func FuzzReader(f *testing.F) {
	for _, g := range goldens() {
		f.Add(readGolden(f, g.name), uint16(10), uint16(20))
	}
	f.Add(readGolden(f, "run"), uint16(35), uint16(3))
	f.Add(append(appendRun(nil, 1<<64-1, "1", "2"), stream(3)...), uint16(35), uint16(3))
	f.Fuzz(func(t *testing.T, data []byte, a, b uint16) {
		whole := readAll(wire.NewReader(bytes.NewReader(data), 1<<20))
		cut := min(int(a), len(data))
		fed := wire.NewReader(iotest.OneByteReader(bytes.NewReader(data[:cut])), 1<<20)
		pieces := readAll(fed)
		if n := len(pieces); n > 0 {
			pieces = pieces[:n-1] // the error at the cut
		}
		second := min(cut+int(b), len(data))
		fed.Feed(data[cut:second])
		fed.Feed(data[second:])
		pieces = append(pieces, readAll(fed)...)
		if fmt.Sprint(whole) != fmt.Sprint(pieces) {
			t.Errorf("whole %v, in pieces %v", whole, pieces)
		}
	})
}

// readAll describes each frame, each line of runs, and the final error.
func readAll(r *wire.Reader) (frames []string) {
	for {
		h, body, err := r.Next()
		if err != nil {
			return append(frames, err.Error())
		}
		if h.Type == wire.TypeRun {
			frames = append(frames, lines(h, body)...)
			continue
		}
		frames = append(frames, fmt.Sprintf("%+v %x", h, body))
	}
}

func BenchmarkReaderNext(b *testing.B) {
	for _, size := range []int{8, 1000, 10 << 20} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			r := wire.NewReader(&loop{data: bytes.Repeat(stream(size), max(1, 65536/(size+32)))}, 0)
			b.SetBytes(int64(size))
			for b.Loop() {
				if _, _, err := r.Next(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
