package inputs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
)

func collect(s inputs.Source) []string {
	var tokens []string
	for record := range s.Records() {
		tokens = append(tokens, string(record.Whole))
	}
	return tokens
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	tests := map[string]struct {
		text string
		end  byte
		want []string
	}{
		"nothing":         {"", '\n', nil},
		"lines":           {"a\nb\n", '\n', []string{"a", "b"}},
		"last unended":    {"a\nb", '\n', []string{"a", "b"}},
		"empty lines":     {"\n\na\n", '\n', []string{"", "", "a"}},
		"carriage return": {"a\r\n", '\n', []string{"a\r"}},
		"NUL":             {"a\nb\x00c\x00", 0, []string{"a\nb", "c"}},
		"long":            {long + "\n" + long, '\n', []string{long, long}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			readers := map[string]io.Reader{
				"whole": strings.NewReader(test.text),
				"bytes": iotest.OneByteReader(strings.NewReader(test.text)),
				"late":  iotest.DataErrReader(strings.NewReader(test.text)),
			}
			for way, r := range readers {
				l := inputs.NewLines(r, test.end)
				if got := collect(l); !slices.Equal(got, test.want) || l.Err() != nil {
					t.Errorf("%s: %d tokens, error %v, want %d", way, len(got), l.Err(), len(test.want))
				}
			}
		})
	}
}

// A token is there before the next one has been read.
func TestLinesYieldAsTheyCome(t *testing.T) {
	r, w := io.Pipe()
	l := inputs.NewLines(r, '\n')
	written := make(chan struct{})
	go func() { _, _ = w.Write([]byte("1\n")); close(written) }()
	for record := range l.Records() {
		if string(record.Whole) != "1" {
			t.Fatalf("token %q", record.Whole)
		}
		<-written
		break // while the reader waits for more
	}
	_ = w.Close()
}

func TestLinesStopWhileReading(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	l := inputs.NewLines(r, '\n')
	go func() { _, _ = w.Write([]byte("1\n")) }()
	n := 0
	for range l.Records() {
		n++
		l.Stop()
	}
	if n != 1 || l.Err() != nil {
		t.Errorf("%d tokens, error %v", n, l.Err())
	}
}

// stopAtEnd is a reader that stops its source when it has come to its end.
type stopAtEnd struct {
	text io.Reader
	stop func()
}

func (r stopAtEnd) Read(p []byte) (int, error) {
	n, err := r.text.Read(p)
	if errors.Is(err, io.EOF) {
		r.stop()
	}
	return n, err
}

// Stop counts also when the input ends at that moment: what stands behind the last
// line end is no record then.
func TestStopAtTheEnd(t *testing.T) {
	makers := map[string]func(inputs.Origin) inputs.Source{
		"lines":  func(o inputs.Origin) inputs.Source { return inputs.NewText(o, '\n') },
		"blocks": func(o inputs.Origin) inputs.Source { return inputs.NewBlocks(o, 1<<20, '\n') },
		"table":  func(o inputs.Origin) inputs.Source { return inputs.NewTable(o) },
	}
	for name, newSource := range makers {
		for range 50 { // both outcomes of the race between the end and Stop
			r := &stopAtEnd{text: strings.NewReader("a")}
			source := newSource(inputs.FromReader("r", r))
			r.stop = source.Stop
			for record := range source.Records() {
				t.Fatalf("%s: record %q after Stop", name, record.Whole)
			}
			if source.Err() != nil {
				t.Fatalf("%s: %v", name, source.Err())
			}
		}
	}
}

// A torn last token is not an input when reading failed.
func TestLinesReadError(t *testing.T) {
	broken := errors.New("broken")
	l := inputs.NewLines(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)), '\n')
	if got := collect(l); !slices.Equal(got, []string{"a"}) || !errors.Is(l.Err(), broken) {
		t.Errorf("tokens %q, error %v", got, l.Err())
	}
}

func TestListStops(t *testing.T) {
	l := inputs.NewList([]string{"a", "b", "c"})
	var got []string
	for record := range l.Records() {
		got = append(got, string(record.Whole))
		if len(got) == 2 {
			l.Stop()
		}
	}
	if !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("tokens %q", got)
	}
}

func TestEncode(t *testing.T) {
	tests := map[string]struct{ auto, text string }{
		"1":                       {"1", `"1"`},
		" -2.5e3 ":                {"-2.5e3", `" -2.5e3 "`},
		"01":                      {`"01"`, `"01"`},
		"NaN":                     {`"NaN"`, `"NaN"`},
		"null":                    {"null", `"null"`},
		"nullify":                 {`"nullify"`, `"nullify"`},
		`"a"`:                     {`"a"`, `"\"a\""`},
		"":                        {`""`, `""`},
		"{\"a\": \n1}":            {`{"a":1}`, `"{\"a\": \u000a1}"`},
		"[1, 2]":                  {"[1, 2]", `"[1, 2]"`},
		"a\tb\\":                  {`"a\u0009b\\"`, `"a\u0009b\\"`},
		"grün €":                  {`"grün €"`, `"grün €"`},
		"\xff/a":                  {`"\udcff/a"`, `"\udcff/a"`},
		"\"\xff\"":                {`"\"\udcff\""`, `"\"\udcff\""`},
		"123456789012345678901":   {"123456789012345678901", `"123456789012345678901"`},
		"\ufffd":                  {"\"\ufffd\"", "\"\ufffd\""},
		strings.Repeat("[", 9999): {`"` + strings.Repeat("[", 9999) + `"`, `"` + strings.Repeat("[", 9999) + `"`},
	}
	for token, want := range tests {
		if got, err := inputs.Auto.Encode([]byte(token)); err != nil || string(got) != want.auto {
			t.Errorf("auto %q = %s, %v, want %s", token, got, err, want.auto)
		}
		if got, err := inputs.Text.Encode([]byte(token)); err != nil || string(got) != want.text {
			t.Errorf("str %q = %s, %v, want %s", token, got, err, want.text)
		}
	}
	if got, err := inputs.JSON.Encode([]byte("{1}")); !errors.Is(err, inputs.ErrNotJSON) {
		t.Errorf("json {1} = %s, %v, want ErrNotJSON", got, err)
	}
}

func TestFormatSet(t *testing.T) {
	var f inputs.Format
	for _, name := range []string{"auto", "json", "str", "csv"} {
		if err := f.Set(name); err != nil || f.String() != name {
			t.Errorf("Set(%q): %v, %q", name, err, f)
		}
	}
	if err := f.Set("xml"); err == nil {
		t.Error("Set(xml) succeeded")
	}
}

func TestNumbers(t *testing.T) {
	var n inputs.Numbers
	// Inputs 1 to 7, of which 1, 4 and 5 are left out: calls 0 to 3 are 2, 3, 6, 7.
	for number := 1; number <= 7; number++ {
		switch number {
		case 1, 4, 5:
			if got := n.Skip(); got != number {
				t.Errorf("Skip() = %d, want %d", got, number)
			}
		default:
			n.Take()
		}
	}
	for index, want := range []int{2, 3, 6, 7} {
		if got := n.Of(index); got != want {
			t.Errorf("Of(%d) = %d, want %d", index, got, want)
		}
	}
	if n.Seen() != 7 {
		t.Errorf("Seen() = %d", n.Seen())
	}
}

// What Encode returns is one line of JSON, and text survives.
func FuzzEncode(f *testing.F) {
	f.Add([]byte("{\"a\":\n 1}"))
	f.Add([]byte("\xff\"\\\n"))
	f.Fuzz(func(t *testing.T, token []byte) {
		kept := bytes.Clone(token)
		for _, format := range inputs.Formats {
			value, err := format.Encode(token)
			if err != nil {
				continue
			}
			if !json.Valid(value) || bytes.IndexByte(value, '\n') >= 0 || !utf8.Valid(value) {
				t.Fatalf("%s %q = %q", format, token, value)
			}
		}
		var text string
		if err := json.Unmarshal(inputs.Quote(token), &text); err != nil || utf8.Valid(token) && text != string(token) {
			t.Fatalf("Quote(%q): %v, %q", token, err, text)
		}
		if !bytes.Equal(kept, token) {
			t.Fatalf("token changed from %q to %q", kept, token)
		}
	})
}

// The tokens of a reader are its text cut at the ends.
func FuzzLines(f *testing.F) {
	f.Add("a\nb\n\nc")
	f.Fuzz(func(t *testing.T, text string) {
		got := collect(inputs.NewLines(iotest.HalfReader(strings.NewReader(text)), '\n'))
		want := strings.Split(text, "\n")
		if want[len(want)-1] == "" {
			want = want[:len(want)-1]
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q split into %q", text, got)
		}
	})
}
