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
