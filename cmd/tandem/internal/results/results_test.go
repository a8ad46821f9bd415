package results_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strconv"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/results"
)

func TestFormatAppend(t *testing.T) {
	tests := []struct{ value, json, raw string }{
		{`1`, "1\n", "1\n"},
		{` {"a":1} `, "{\"a\":1}\n", "{\"a\":1}\n"},
		{"[1,\n2]", "[1,2]\n", "[1,2]\n"},
		{`"a b"`, "\"a b\"\n", "a b\n"},
		{`""`, "\"\"\n", "\n"},
		{`"a\n\"\\\/\t"`, `"a\n\"\\\/\t"` + "\n", "a\n\"\\/\t\n"},
		{`"\u00e9\ud83d\ude00"`, `"\u00e9\ud83d\ude00"` + "\n", "é😀\n"},
		{`"\udcff/x"`, `"\udcff/x"` + "\n", "\xff/x\n"},
		{`"\ud83d!"`, `"\ud83d!"` + "\n", "\ufffd!\n"},
		{`"grün"`, "\"grün\"\n", "grün\n"},
	}
	for _, test := range tests {
		if got := results.JSON.Append(nil, json.RawMessage(test.value)); string(got) != test.json {
			t.Errorf("json %s = %q, want %q", test.value, got, test.json)
		}
		if got := results.Raw.Append(nil, json.RawMessage(test.value)); string(got) != test.raw {
			t.Errorf("raw %s = %q, want %q", test.value, got, test.raw)
		}
	}
}

func TestFormatSet(t *testing.T) {
	var f results.Format
	for _, name := range []string{"json", "raw"} {
		if err := f.Set(name); err != nil || f.String() != name {
			t.Errorf("Set(%q): %v, %q", name, err, f)
		}
	}
	if err := f.Set("xml"); err == nil {
		t.Error("Set(xml) succeeded")
	}
}

// notifying is an output that tells of each write.
type notifying struct {
	mu     sync.Mutex
	text   bytes.Buffer
	writes chan int
}

func (n *notifying) Write(p []byte) (int, error) {
	n.mu.Lock()
	n.text.Write(p)
	n.mu.Unlock()
	n.writes <- len(p)
	return len(p), nil
}

// A result is written although nothing follows it.
func TestWriterDoesNotKeepTheLastResult(t *testing.T) {
	out := &notifying{writes: make(chan int, 1)}
	w := results.NewWriter(out, func(err error) { t.Error(err) })
	for range 2 {
		if err := w.Append(func(dst []byte) []byte { return append(dst, "one\n"...) }); err != nil {
			t.Fatal(err)
		}
		if n := <-out.writes; n != 4 {
			t.Errorf("wrote %d bytes", n)
		}
	}
	if err := w.Flush(); err != nil {
		t.Error(err)
	}
}

func TestWriterKeepsOrder(t *testing.T) {
	var out bytes.Buffer
	w := results.NewWriter(&out, func(err error) { t.Error(err) })
	var want []byte
	for i := range 50_000 {
		want = strconv.AppendInt(want, int64(i), 10)
		_ = w.Append(func(dst []byte) []byte { return strconv.AppendInt(dst, int64(i), 10) })
	}
	if err := w.Flush(); err != nil || !bytes.Equal(out.Bytes(), want) {
		t.Errorf("error %v, %d bytes, want %d", err, out.Len(), len(want))
	}
}

// The first error is reported once and stays.
func TestWriterReportsItsErrorOnce(t *testing.T) {
	reports := make(chan error, 2)
	r, out := io.Pipe()
	_ = r.Close()
	w := results.NewWriter(out, func(err error) { reports <- err })
	_ = w.Append(func(dst []byte) []byte { return append(dst, 'x') })
	if err := <-reports; !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("reported %v", err)
	}
	if err := w.Append(func(dst []byte) []byte { return append(dst, 'x') }); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Append after the error: %v", err)
	}
	if err := w.Flush(); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Flush after the error: %v", err)
	}
	if len(reports) != 0 {
		t.Errorf("reported again: %v", <-reports)
	}
}

// A text that goes in as an input comes out as it was, whatever its bytes.
func FuzzRawGivesBackText(f *testing.F) {
	f.Add([]byte("a\"b\\\n\xff\xc3"))
	f.Fuzz(func(t *testing.T, text []byte) {
		got := results.Raw.Append(nil, inputs.Quote(text))
		if !bytes.Equal(got, append(bytes.Clone(text), '\n')) {
			t.Fatalf("%q came back as %q", text, got)
		}
	})
}

// A raw text is what encoding/json makes of it, where that knows the text.
func FuzzRawAgreesWithJSON(f *testing.F) {
	f.Add([]byte(`"\u00e9\ud83d\ude00\n"`))
	f.Fuzz(func(t *testing.T, value []byte) {
		var text string
		if json.Unmarshal(value, &text) != nil || !utf8.Valid(value) || bytes.Contains(bytes.ToLower(value), []byte(`\ud`)) {
			return
		}
		if got := string(results.Raw.Append(nil, value)); got != text+"\n" {
			t.Fatalf("%s = %q, want %q", value, got, text)
		}
	})
}
