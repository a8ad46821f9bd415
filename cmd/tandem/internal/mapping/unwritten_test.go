package mapping

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/gotandem/tandem/cmd/tandem/internal/results"
)

// TestUnwritten: what may not have been written of a call is the lines in the buffer,
// with the line feeds that were written between two starts of it.
func TestUnwritten(t *testing.T) {
	type step struct {
		number int
		lines  string // "end" ends a start, "flush" writes the buffer
	}
	long := strings.Repeat("x", 100_000) + "\n"
	for name, test := range map[string]struct {
		steps []step
		want  map[int]string
	}{
		"calls":      {[]step{{1, "a\n"}, {2, "b\n"}, {1, "c\n"}}, map[int]string{1: "a\nc\n", 2: "b\n", 3: ""}},
		"flushed":    {[]step{{1, "a\n"}, {2, "flush"}, {1, "c\n"}}, map[int]string{1: "c\n", 2: ""}},
		"two starts": {[]step{{1, "abc"}, {1, "end"}, {1, "def\n"}}, map[int]string{1: "abc\ndef\n"}},
		"long line":  {[]step{{1, "begin\n"}, {2, long}, {2, "end\n"}}, map[int]string{1: "", 2: "end\n"}},
		"long first": {[]step{{1, "begin\n" + long + "end\n"}}, map[int]string{1: "end\n"}},
		"full": {[]step{{1, long[50_000:]}, {2, long[50_000:]}, {3, "a\n"}},
			map[int]string{1: "", 2: long[50_000:], 3: "a\n"}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			lines := NewLines()
			o := &output{tag: true, writer: results.NewWriter(&out), lines: lines}
			lines.delivery = &delivery{output: o, recorder: told{}, some: make(chan struct{}, 1)}
			calls := map[int]func([]byte) error{}
			ends := map[int]func(){}
			var err error
			for _, s := range test.steps {
				switch {
				case s.lines == "end":
					ends[s.number]()
					continue
				case s.lines == "flush":
					err = errors.Join(err, o.flush())
					continue
				case calls[s.number] == nil:
					calls[s.number], _, ends[s.number] = lines.Of(s.number, []byte("t"))
				}
				err = errors.Join(err, calls[s.number]([]byte(s.lines)))
			}
			if err != nil {
				t.Fatal(err)
			}
			for number, want := range test.want {
				if got, whole := lines.unwritten.of(number); string(got) != want || !whole {
					t.Errorf("call %d: %.80q, want %.80q, whole: %v", number, got, want, whole)
				}
			}
		})
	}
}

// told is a recorder that is told nothing.
type told struct{ Recorder }
