package command

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gotandem/tandem/internal/closest"
)

// Fields is one input of a [Template]. The zero value is an empty input.
type Fields struct {
	Whole  string   // as it was written
	Values []string // its parts; nil: Whole is the only one
	Names  []string // of Values, in their order; nil without names
}

// spread reports whether "{}" stands for several values: parts without names.
func (f *Fields) spread() bool { return f.Values != nil && f.Names == nil }

// numbered returns a part by its number, from 1, or from -1 for the last.
func (f *Fields) numbered(n int) (string, error) {
	count := 1
	if f.Values != nil {
		count = len(f.Values)
	}
	at := n - 1
	if n < 0 {
		at = count + n
	}
	switch {
	case at < 0 || at >= count:
		return "", fmt.Errorf("the input has %s", countOf(count))
	case f.Values == nil:
		return f.Whole, nil
	}
	return f.Values[at], nil
}

func countOf(fields int) string {
	if fields == 1 {
		return "1 field"
	}
	return fmt.Sprintf("%d fields", fields)
}

// named returns a part by its name.
func (f *Fields) named(name string) (string, error) {
	at := slices.Index(f.Names, name)
	if at >= 0 && at < len(f.Values) {
		return f.Values[at], nil
	}
	text := fmt.Sprintf("the input has no field %q", name)
	switch meant := closest.To(name, f.Names); {
	case meant != "":
		text += fmt.Sprintf(": did you mean {%s}?", meant)
	case len(f.Names) > 0:
		text += ": it has " + listed(f.Names)
	}
	return "", fmt.Errorf("%s", text)
}

// listed joins the first names, enough to recognize them.
func listed(names []string) string {
	const most = 10
	if len(names) > most {
		return strings.Join(names[:most], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
