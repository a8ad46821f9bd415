package console_test

import (
	"slices"
	"testing"

	"github.com/gotandem/tandem/cmd/tandem/internal/console"
)

func TestWrap(t *testing.T) {
	tests := []struct {
		text string
		want []string
	}{
		{"", nil},
		{"a b c", []string{"a b c"}},
		{"aaaa bbbb cccc", []string{"aaaa bbbb", "cccc"}},
		{"wider-than-the-line x", []string{"wider-than-the-line", "x"}},
		{"größe größe", []string{"größe", "größe"}},
	}
	for _, test := range tests {
		if got := console.Wrap(test.text, 10); !slices.Equal(got, test.want) {
			t.Errorf("Wrap(%q) = %q, want %q", test.text, got, test.want)
		}
	}
}
