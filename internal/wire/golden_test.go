package wire_test

import (
	"bytes"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gotandem/tandem/internal/wire"
)

// golden is one frame of testdata, and how this package builds its body.
type golden struct {
	name   string
	header wire.Header
	body   func(t *testing.T) []byte
}

func goldens() []golden {
	empty := func(*testing.T) []byte { return nil }
	return []golden{
		{"setup", wire.Header{Type: wire.TypeSetup}, setupBody},
		{"hello", wire.Header{Type: wire.TypeHello}, helloBody},
		{"fatal", wire.Header{Type: wire.TypeFatal}, fatalBody},
		{"define", wire.Header{Type: wire.TypeDefine, Task: 7}, defineBody},
		{"call", wire.Header{
			Type: wire.TypeCall, Flags: wire.FlagTimeout, ID: 0x0102030405060708, Count: 2,
			Task: 7, Attempt: 1, Codec: wire.CodecRaw,
		}, callBody},
		{"call_array", wire.Header{
			Type: wire.TypeCall, Flags: wire.FlagArray | wire.FlagPlain, ID: 3, Count: 3,
			Task: 258, Attempt: 2, Codec: wire.CodecJSON,
		}, func(*testing.T) []byte { return []byte(`[1, "a,b", {"k":[]}]`) }},
		{"result", wire.Header{Type: wire.TypeResult, ID: 9, Count: 2, Codec: wire.CodecPickle}, func(*testing.T) []byte {
			return wire.AppendPayload(wire.AppendPayload(nil, nil), []byte("abc"))
		}},
		{"result_plain", wire.Header{
			Type: wire.TypeResult, Flags: wire.FlagPlain, ID: 11, Count: 1, Codec: wire.CodecJSON,
		}, func(*testing.T) []byte { return wire.AppendPayload(nil, []byte("null")) }},
		{"failure", wire.Header{Type: wire.TypeFailure, ID: 12, Count: 1}, failureBody},
		{"cancel", wire.Header{Type: wire.TypeCancel, ID: 1<<32 + 1, Count: math.MaxUint32}, empty},
		{"recall", wire.Header{Type: wire.TypeRecall, Count: 16}, empty},
		{"returned", wire.Header{Type: wire.TypeReturned, ID: 100, Count: 3}, empty},
		{"returned_none", wire.Header{Type: wire.TypeReturned}, empty},
		{"call_moved", wire.Header{
			Type: wire.TypeCall, Flags: wire.FlagTimeout | wire.FlagMoved, ID: 5, Count: 1,
			Task: 7, Attempt: 1, OOB: 2, Codec: wire.CodecPickle,
		}, callMovedBody},
		{"result_moved", wire.Header{
			Type: wire.TypeResult, Flags: wire.FlagMoved, ID: 6, Count: 1, OOB: 1, Codec: wire.CodecRaw,
		}, func(*testing.T) []byte { return wire.AppendPart(nil, wire.Buffer{Offset: 4096, Length: 100_000}) }},
		{"result_buffers", wire.Header{
			Type: wire.TypeResult, ID: 7, Count: 1, OOB: 1, Codec: wire.CodecPickle,
		}, func(*testing.T) []byte {
			body := wire.AppendPayload(nil, []byte("N."))
			return append(wire.AppendPart(body, wire.Buffer{Offset: wire.InBody, Length: 3}), "abc"...)
		}},
		{"result_measured", wire.Header{
			Type: wire.TypeResult, Flags: wire.FlagMeasured | wire.FlagPlain, ID: 13, Count: 1, Codec: wire.CodecJSON,
		}, func(*testing.T) []byte { return wire.AppendPayload(measure.Append(nil), []byte("49")) }},
		{"failure_measured", wire.Header{Type: wire.TypeFailure, Flags: wire.FlagMeasured, ID: 14, Count: 1}, func(*testing.T) []byte {
			return failure.Append(measure.Append(nil))
		}},
		{"keep", wire.Header{Type: wire.TypeKeep, ID: 5, Count: 1}, empty},
		{"release", wire.Header{Type: wire.TypeRelease, ID: 5, Count: 1}, empty},
		{"stop", wire.Header{Type: wire.TypeStop}, empty},
		{"fork", wire.Header{Type: wire.TypeFork, ID: 1}, func(*testing.T) []byte { return wire.Fork{Nonce: "9f3c"}.Append(nil) }},
		{"forked", wire.Header{Type: wire.TypeForked, ID: 1}, func(*testing.T) []byte { return wire.Forked{PID: 43}.Append(nil) }},
		{"reap", wire.Header{Type: wire.TypeReap, ID: 43}, empty},
		{"reaped", wire.Header{Type: wire.TypeReaped, ID: 43}, func(*testing.T) []byte { return reaped.Append(nil) }},
	}
}

var (
	setup = wire.Setup{
		Threads: 2, MaxFrame: wire.DefaultMaxBody, Preload: []string{"numpy"},
		Options: map[string]any{"fork": true},
	}
	hello = wire.Hello{
		Nonce: "9f3c", Runtime: "go 1.26", PID: 42, Memory: "rlimit",
		Tasks:   []wire.TaskInfo{{Name: "square", In: "int", Out: "int"}},
		Details: map[string]any{},
	}
	fatal   = wire.Failure{Kind: wire.KindStart, Message: "no <module> named x", Chain: []wire.Cause{}}
	define  = wire.Define{Name: "square", In: "int", Out: "int"}
	reaped  = wire.Reaped{Status: 9, User: 12000000, System: 3000000, MaxRSS: 20 << 20}
	measure = wire.Measure{Start: 5_000_000_000, Wall: 1500 * time.Millisecond, CPU: 20 * time.Millisecond, Peak: 20 << 20, Thread: 3}
	failure = wire.Failure{
		Kind: wire.KindError, Type: "ValueError", Message: "bad width",
		Chain: []wire.Cause{{Type: "KeyError", Message: "'w'"}}, Traceback: "Traceback …",
	}
)

func setupBody(t *testing.T) []byte {
	body, err := setup.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func helloBody(t *testing.T) []byte {
	body, err := hello.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func fatalBody(*testing.T) []byte   { return fatal.Append(nil) }
func defineBody(*testing.T) []byte  { return define.Append(nil) }
func failureBody(*testing.T) []byte { return failure.Append(nil) }

func callBody(*testing.T) []byte {
	body := wire.AppendTimeout(nil, 1500*time.Millisecond)
	for _, n := range []byte{7, 0xf9} {
		var mark int
		body, mark = wire.BeginPayload(body)
		body = append(body, n)
		fill := byte(0)
		if n >= 0x80 {
			fill = 0xff
		}
		body = append(body, bytes.Repeat([]byte{fill}, 7)...)
		body = wire.EndPayload(body, mark)
	}
	return body
}

func callMovedBody(*testing.T) []byte {
	body := wire.AppendTimeout(nil, 1500*time.Millisecond)
	body = wire.AppendPart(body, wire.Buffer{Offset: 0, Length: 1 << 20})
	body = wire.AppendPart(body, wire.Buffer{Offset: wire.InBody, Length: 2})
	return append(body, "hi"...)
}

// readGolden reads hexadecimal text with comments.
func readGolden(t testing.TB, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name+".hex"))
	if err != nil {
		t.Fatal(err)
	}
	var digits strings.Builder
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	frame, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return frame
}

// Every frame type is written byte for byte as in testdata.
func TestGoldenEncode(t *testing.T) {
	for _, g := range goldens() {
		t.Run(g.name, func(t *testing.T) {
			dst, start := wire.BeginFrame([]byte("before"))
			dst = append(dst, g.body(t)...)
			dst = wire.EndFrame(dst, start, g.header)
			if want := readGolden(t, g.name); !bytes.Equal(dst[start:], want) {
				t.Errorf("got  % x\nwant % x", dst[start:], want)
			}
		})
	}
}

// Every frame of testdata is read as what it was written from.
func TestGoldenDecode(t *testing.T) {
	for _, g := range goldens() {
		t.Run(g.name, func(t *testing.T) {
			r := wire.NewReader(bytes.NewReader(readGolden(t, g.name)), 0)
			h, body, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			want := g.header
			want.Length = uint32(len(g.body(t)))
			if h != want {
				t.Errorf("header = %+v, want %+v", h, want)
			}
			if !bytes.Equal(body, g.body(t)) {
				t.Errorf("body = %q", body)
			}
			checkMessage(t, h, body)
		})
	}
	files, _ := filepath.Glob("testdata/*.hex")
	if len(files) != len(goldens())+1 { // and run, which is more than a frame
		t.Errorf("testdata has %d files, %d are tested", len(files), len(goldens())+1)
	}
}

// checkMessage parses a JSON body or payloads.
func checkMessage(t *testing.T, h wire.Header, body []byte) {
	t.Helper()
	var got, want any
	var err error
	if h.Flags&wire.FlagMeasured != 0 {
		var m wire.Measure
		if m, h, body, err = wire.CutMeasure(h, body); err != nil || m != measure {
			t.Errorf("measure = %+v, %v", m, err)
		}
	}
	switch h.Type {
	case wire.TypeSetup:
		got, err = wire.ParseSetup(body)
		want = setup
	case wire.TypeHello:
		got, err = wire.ParseHello(body)
		want = hello
	case wire.TypeFatal:
		got, err = wire.ParseFailure(body)
		want = fatal
	case wire.TypeDefine:
		got, err = wire.ParseDefine(body)
		want = define
	case wire.TypeFailure:
		got, err = wire.ParseFailure(body)
		want = failure
	case wire.TypeFork:
		got, err = wire.ParseFork(body)
		want = wire.Fork{Nonce: "9f3c"}
	case wire.TypeForked:
		got, err = wire.ParseForked(body)
		want = wire.Forked{PID: 43}
	case wire.TypeReaped:
		got, err = wire.ParseReaped(body)
		want = reaped
	case wire.TypeCall, wire.TypeResult:
		if h.OOB != 0 {
			_, err = wire.ParseParts(h, body)
			break
		}
		_, err = wire.ParsePayloads(h, body)
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("message = %+v, %v, want %+v", got, err, want)
	}
}
