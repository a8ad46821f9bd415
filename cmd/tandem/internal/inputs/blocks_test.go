package inputs_test

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
)

// blocks returns the blocks of what r delivers.
func blocks(t *testing.T, r io.Reader, size int, end byte) (got []string, err error) {
	t.Helper()
	source := inputs.NewBlocks(inputs.FromReader("test", r), size, end)
	for record := range source.Records() {
		got = append(got, string(record.Whole))
	}
	return got, source.Err()
}

// Blocks end with lines, have at most the size unless a line is longer, and are
// together what was read, however it arrives.
func TestBlocks(t *testing.T) {
	tests := []struct {
		text string
		size int
		end  byte
		want []string
	}{
		{"", 5, '\n', nil},
		{"a", 5, '\n', []string{"a"}},
		{"a\nb\n", 5, '\n', []string{"a\nb\n"}},
		{"a\nb\nc\n", 5, '\n', []string{"a\nb\n", "c\n"}},
		{"a\nbb\nc\n", 5, '\n', []string{"a\nbb\n", "c\n"}},
		{"longer line\nb\n", 5, '\n', []string{"longer line\n", "b\n"}},
		{"b\nlonger line", 5, '\n', []string{"b\n", "longer line"}},
		{"\n\n\n\n\n\n", 4, '\n', []string{"\n\n\n\n", "\n\n"}},
		{"a\nb\x00c\x00", 2, 0, []string{"a\nb\x00", "c\x00"}},
		{"a\nb\n", 1, '\n', []string{"a\n", "b\n"}},
	}
	for _, test := range tests {
		for name, r := range map[string]io.Reader{"at once": strings.NewReader(test.text), "by bytes": iotest.OneByteReader(strings.NewReader(test.text))} {
			if got, err := blocks(t, r, test.size, test.end); err != nil || !slices.Equal(got, test.want) {
				t.Errorf("%q in blocks of %d, %s: %q, %v, want %q", test.text, test.size, name, got, err, test.want)
			}
		}
	}
}

// Large inputs are cut the same way, a line of many blocks too.
func TestBlocksLarge(t *testing.T) {
	var text strings.Builder
	for i := range 100_000 {
		fmt.Fprintln(&text, i)
		if i == 50_000 {
			text.WriteString(strings.Repeat("x", 3<<20) + "\n")
		}
	}
	got, err := blocks(t, strings.NewReader(text.String()), 100_000, '\n')
	if err != nil || strings.Join(got, "") != text.String() {
		t.Fatalf("%d blocks are not the text: %v", len(got), err)
	}
	long := 0
	for i, block := range got {
		switch {
		case len(block) > 100_000:
			long++
		case i < len(got)-1 && len(block) < 99_000 && len(got[i+1]) <= 100_000:
			t.Errorf("block %d of %d has %d bytes", i, len(got), len(block))
		}
	}
	if long != 1 || len(got) > 9 {
		t.Errorf("%d blocks, %d of them long", len(got), long)
	}
}

// What follows the last whole line before a failure is no block.
func TestBlocksFailure(t *testing.T) {
	broken := errors.New("broken")
	r := io.MultiReader(strings.NewReader("aaa\nbbb\ncut"), iotest.ErrReader(broken))
	if got, err := blocks(t, r, 4, '\n'); !errors.Is(err, broken) || !slices.Equal(got, []string{"aaa\n", "bbb\n"}) {
		t.Errorf("%q, %v", got, err)
	}
}
