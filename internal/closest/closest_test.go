package closest_test

import (
	"strings"
	"testing"

	"github.com/gotandem/tandem/internal/closest"
)

// A near word is found, a far one is not, and a huge one costs nothing.
func TestTo(t *testing.T) {
	candidates := []string{"width", "height", strings.Repeat("x", 10<<20)}
	for word, want := range map[string]string{"widht": "width", "Height": "height", "hight": "height", "width": "", "colour": "", "": ""} {
		if got := closest.To(word, candidates); got != want {
			t.Errorf("To(%q) = %q, want %q", word, got, want)
		}
	}
}

// At most a third of the letters may differ.
func TestToOfNames(t *testing.T) {
	tests := []struct {
		word       string
		candidates []string
		want       string
	}{
		{"cuont", []string{"main", "count"}, "count"},
		{"Count", []string{"count"}, "count"},
		{"primes.py", []string{"prime.py", "titles.py"}, "prime.py"},
		{"download", []string{"upload", "downloads"}, "downloads"},
		{"count", []string{"fetch"}, ""},
		{"f", []string{"g"}, "g"},
		{"x", nil, ""},
		{"", []string{"a"}, "a"},
	}
	for _, test := range tests {
		if got := closest.To(test.word, test.candidates); got != test.want {
			t.Errorf("To(%q, %q) = %q, want %q", test.word, test.candidates, got, test.want)
		}
	}
}
