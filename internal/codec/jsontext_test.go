package codec_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gotandem/tandem/internal/codec"
)

type textual struct {
	Key  map[string]*string
	List []any
	raw  string
}

func TestJSONRefusesTextThatIsNotUTF8(t *testing.T) {
	bad, good := "a\xffb", "a\ufffdb"
	for _, p := range []any{
		&bad, &[]string{bad}, &[1]string{bad}, &map[string]int{bad: 1}, &map[int]string{1: bad},
		&textual{Key: map[string]*string{"k": &bad}}, &textual{List: []any{1, []string{bad}}}, new(any(bad)),
	} {
		out, err := codec.JSON{}.Append([]byte("before"), p)
		if err == nil || !strings.Contains(err.Error(), "not UTF-8") || string(out) != "before" {
			t.Errorf("%T: %q, %v", p, out, err)
		}
	}
	for _, p := range []any{
		&good, &textual{Key: map[string]*string{good: &good}, List: []any{`\ufffd`}, raw: good},
		&json.RawMessage{'"', '\\', 'u', 'f', 'f', 'f', 'd', '"'}, &[]json.RawMessage{json.RawMessage(`"\ufffd"`)},
	} {
		if out, err := (codec.JSON{}).Append(nil, p); err != nil || !json.Valid(out) {
			t.Errorf("%T: %q, %v", p, out, err)
		}
	}
}

func TestJSONRefusesLoneSurrogates(t *testing.T) {
	for _, text := range []string{`"\ud800"`, `"\uDFFF"`, `["a", {"k\udc80": 1}]`, `"\ud800\ud800"`, `"\ud83dx\ude00"`, `"\\\ud800"`, `"\udc80`} {
		if err := (codec.JSON{}).Decode([]byte(text), new(any)); err == nil || !strings.Contains(err.Error(), "lone surrogate, \\u") {
			t.Errorf("%s: %v", text, err)
		}
		if err := (codec.JSON{}).Decode([]byte(text), new(json.RawMessage)); err != nil && strings.Contains(err.Error(), "surrogate") {
			t.Errorf("%s: %v", text, err)
		}
	}
	for text, want := range map[string]string{
		`"\ud83d\ude00"`: "😀", `"\\ud800"`: `\ud800`, `"\ud7ff\ue000"`: "\ud7ff\ue000", `"\"\\\u0041"`: `"\A`, `"\uD83D\uDE00\ud83d\ude00"`: "😀😀",
	} {
		var got string
		if err := (codec.JSON{}).Decode([]byte(text), &got); err != nil || got != want {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	for _, text := range []string{`\`, `"\`, `"\u`, `"\ud8`, `"\ud83d\u`} { // not JSON, and no panic
		if err := (codec.JSON{}).Decode([]byte(text), new(any)); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

// node has what encoding/json does not write, with a cycle in it.
type node struct {
	Name     string
	Children []*node
	Raw      json.RawMessage `json:"-"`
	parent   *node
}

func TestJSONLooksOnlyAtWhatIsWritten(t *testing.T) {
	tree := func(name string) *node {
		root := &node{Name: "root", Raw: json.RawMessage("\xff")}
		root.Children = []*node{{Name: name, parent: root}}
		root.parent = root
		return root
	}
	if _, err := (codec.JSON{}).Append(nil, tree(`\ufffd`)); err != nil {
		t.Errorf("text that is valid: %v", err)
	}
	if _, err := (codec.JSON{}).Append(nil, tree("\xff")); err == nil || !strings.Contains(err.Error(), "UTF-8") {
		t.Errorf("text that is not UTF-8: %v", err)
	}
}

func TestJSONNullNeedsATypeForIt(t *testing.T) {
	for _, p := range []any{new(int), new(string), new(float64), new(struct{ A int }), new([2]int)} {
		if err := (codec.JSON{}).Decode([]byte("null"), p); err == nil || !strings.Contains(err.Error(), "None") {
			t.Errorf("%T: %v", p, err)
		}
	}
	for _, p := range []any{new(*int), new(any), new([]int), new(map[string]int), new(struct{}), new(json.RawMessage)} {
		if err := (codec.JSON{}).Decode([]byte("null"), p); err != nil {
			t.Errorf("%T: %v", p, err)
		}
	}
}
