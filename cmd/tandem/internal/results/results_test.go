package results_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
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

func TestWriterKeepsOrder(t *testing.T) {
	var out bytes.Buffer
	w := results.NewWriter(&out)
	var want []byte
	for i := range 50_000 {
		want = strconv.AppendInt(want, int64(i), 10)
		switch i % 3 {
		case 0:
			_ = w.Append(func(dst []byte) []byte { return strconv.AppendInt(dst, int64(i), 10) })
		case 1:
			_, _ = w.Write(strconv.AppendInt(nil, int64(i), 10))
		case 2:
			_ = w.Stream(outcome.Stream{Bytes: strconv.AppendInt(nil, int64(i), 10)})
		}
		if i == 25_000 {
			much := bytes.Repeat([]byte("x"), 100_000)
			want = append(want, much...)
			_, _ = w.Write(much)
		}
	}
	if err := w.Flush(); err != nil || !bytes.Equal(out.Bytes(), want) || w.Buffered() != 0 {
		t.Errorf("error %v, %d bytes, want %d", err, out.Len(), len(want))
	}
}

// What is in a file is written between what is in memory, whole and each time.
func TestWriterStreamsFiles(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.WriteString("filed, and more"); err != nil {
		t.Fatal(err)
	}
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	w := results.NewWriter(out)
	for range 2 {
		_, _ = w.Write([]byte("<"))
		_ = w.Stream(outcome.Stream{File: file, Size: 5})
		_, _ = w.Write([]byte(">"))
	}
	text, _ := os.ReadFile(out.Name())
	if err := w.Flush(); err != nil || string(text) != "<filed><filed" {
		t.Errorf("error %v, %q before the flush", err, text)
	}
}

// The first error stays.
func TestWriterKeepsItsError(t *testing.T) {
	r, out := io.Pipe()
	_ = r.Close()
	w := results.NewWriter(out)
	_ = w.Append(func(dst []byte) []byte { return append(dst, 'x') })
	for range 2 {
		if err := w.Flush(); !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("Flush: %v", err)
		}
	}
	if err := w.Append(func(dst []byte) []byte { return append(dst, 'x') }); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Append after the error: %v", err)
	}
	if _, err := w.Write(make([]byte, 100_000)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("Write after the error: %v", err)
	}
}

func TestTagger(t *testing.T) {
	tests := map[string]struct {
		input string
		parts []string
		want  string
	}{
		"lines":       {"a", []string{"1\n2\n"}, "a\t1\na\t2\n"},
		"unended":     {"a", []string{"1\n2"}, "a\t1\na\t2\n"},
		"parts":       {"a", []string{"1", "2\n", "3\n"}, "a\t12\na\t3\n"},
		"empty line":  {"a", []string{"\n\n"}, "a\t\na\t\n"},
		"nothing":     {"a", []string{""}, ""},
		"hostile":     {"a\nb\r\xff", []string{"1\n"}, "a b \xff\t1\n"},
		"empty input": {"", []string{"1\n"}, "\t1\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			tagger := results.NewTagger(&out, results.Tag(test.input))
			for _, part := range test.parts {
				if n, err := tagger.Write([]byte(part)); err != nil || n != len(part) {
					t.Errorf("wrote %d, %v", n, err)
				}
			}
			for range 2 {
				if err := tagger.End(); err != nil || out.String() != test.want {
					t.Errorf("error %v, %q, want %q", err, out.String(), test.want)
				}
			}
		})
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
