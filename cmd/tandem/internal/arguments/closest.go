package arguments

import "github.com/gotandem/tandem/internal/closest"

// Closest returns the candidate that word was probably meant to be, or "" when
// none is near.
func Closest(word string, candidates []string) string { return closest.To(word, candidates) }
