package inputs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
)

func TestObjects(t *testing.T) {
	tests := map[string]string{
		`{"a": 1, "b": "x y"}`:              "a=1 b=x y",
		`{"a": {"b": [1, 2]}, "c": null}`:   `a={"b": [1, 2]} c=null`,
		`{"s": "q\"\\\u00e9\n", "t": true}`: "s=q\"\\é\n t=true",
		`{"s": "\udcff"}`:                   "s=\xff",
		`{"n": 123456789012345678901.50}`:   "n=123456789012345678901.50",
		`{"a": 1, "a": 2}`:                  "a=2",
		` {} `:                              "",
		`{"": "x"}`:                         "=x",
	}
	for text, want := range tests {
		for record := range inputs.NewObjects(inputs.NewList([]string{text})).Records() {
			var fields []string
			for i, name := range record.Names {
				fields = append(fields, name+"="+string(record.Fields[i]))
			}
			if got := strings.Join(fields, " "); got != want || record.Err != nil || record.Fields == nil || string(record.Whole) != text {
				t.Errorf("%s: fields %q, error %v", text, got, record.Err)
			}
		}
	}
	for _, text := range []string{`5`, `"x"`, `[1, {"a": 2}]`, `null`} {
		for record := range inputs.NewObjects(inputs.NewList([]string{text})).Records() {
			if record.Fields != nil || record.Names != nil || record.Err != nil {
				t.Errorf("%s: %+v", text, record)
			}
		}
	}
	for _, text := range []string{``, `{`, `{"a"}`, `{"a":1} {}`, "{\"\xff\":1}", `x`} {
		for record := range inputs.NewObjects(inputs.NewList([]string{text})).Records() {
			if !errors.Is(record.Err, inputs.ErrNotJSON) {
				t.Errorf("%s: error %v", text, record.Err)
			}
		}
	}
}

func TestJSONLinesSkipBlankLines(t *testing.T) {
	source := inputs.NewJSONLines(inputs.FromReader("x", strings.NewReader("\n1\n \t\r\n2\n\n  ")), '\n')
	if got := collect(source); strings.Join(got, ";") != "1;2" {
		t.Errorf("records %q", got)
	}
}

func TestEncodeFields(t *testing.T) {
	fields := [][]byte{[]byte("1"), []byte("a\"b"), []byte("007")}
	names := []string{"x", "y z", `"`}
	if got, err := inputs.Auto.EncodeArray(fields); err != nil || string(got) != `[1,"a\"b","007"]` {
		t.Errorf("array %s, %v", got, err)
	}
	if got, err := inputs.CSV.EncodeObject(names, fields); err != nil || string(got) != `{"x":"1","y z":"a\"b","\"":"007"}` {
		t.Errorf("object %s, %v", got, err)
	}
	if got, err := inputs.CSV.EncodeArray(nil); err != nil || string(got) != `[]` {
		t.Errorf("array %s, %v", got, err)
	}
	if got, err := inputs.CSV.EncodeObject(nil, nil); err != nil || string(got) != `{}` {
		t.Errorf("object %s, %v", got, err)
	}
	if got, err := inputs.JSON.EncodeArray(fields); !errors.Is(err, inputs.ErrNotJSON) || !strings.Contains(err.Error(), "field 2") {
		t.Errorf("array %s, %v", got, err)
	}
}

// The members of an object are those that the standard library finds, and a
// record without an error is JSON.
func FuzzObjects(f *testing.F) {
	f.Add([]byte(`{"a": "\udcff", "b": [1, {"c": 2}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		for record := range inputs.NewObjects(inputs.NewList([]string{string(text)})).Records() {
			if (record.Err == nil) != (json.Valid(text) && utf8.Valid(text)) {
				t.Skip() // the limits on nesting differ
			}
			var members map[string]json.RawMessage
			if record.Err != nil || json.Unmarshal(text, &members) != nil || members == nil {
				continue
			}
			if len(members) != len(record.Names) || len(record.Fields) != len(record.Names) {
				t.Fatalf("%s: names %q, want %d", text, record.Names, len(members))
			}
			for i, name := range record.Names {
				value, ok := members[name]
				if !ok {
					t.Fatalf("%s: no member %q", text, name)
				}
				if value[0] != '"' && !bytes.Contains(value, []byte("\n")) && !bytes.Equal(value, record.Fields[i]) {
					t.Fatalf("%s: %q is %q", text, name, record.Fields[i])
				}
			}
		}
	})
}
