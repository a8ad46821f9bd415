package inputs_test

import (
	"errors"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
)

// What a walk finds that leaves out folders which cannot match is what all names
// of the tree match, one by one.
func FuzzGlob(f *testing.F) {
	f.Chdir(f.TempDir())
	var names []string
	for _, dir := range []string{"", "a/", "a/b/", "a/b/c/", "b/", "b/a/", "abc/", "abc/[x]/"} {
		if dir != "" {
			names = append(names, strings.TrimSuffix(dir, "/"))
			if err := os.Mkdir(dir, 0o700); err != nil {
				f.Fatal(err)
			}
		}
		for _, name := range []string{"a.x", "b.y", "*", "ü"} {
			names = append(names, dir+name)
			if err := os.WriteFile(dir+name, nil, 0o600); err != nil {
				f.Fatal(err)
			}
		}
	}
	slices.Sort(names)
	for _, seed := range []string{"*", "**", "a/**/*.x", "**/b/**", "{a,b}/*", "{a/b,b}/*.y", "a*/?", `a/\*`, "[ab]/[!a]*", "**/[[]x]/*", "a/b/c/a.x", "**/**/a.x", "a**/*", "a/**b/*"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, pattern string) {
		if strings.Contains("/"+pattern, "/.") || strings.Contains("/"+pattern, "//") || strings.HasSuffix(pattern, "/") || strings.Contains(pattern, "\\/") {
			t.Skip() // names that begin with a dot, and paths that are written in another way
		}
		source, err := inputs.NewGlob(pattern)
		if err != nil {
			t.Skip()
		}
		got := collect(source)
		if err := source.Err(); err != nil && (len(got) > 0 || errors.Is(err, fs.ErrPermission)) {
			t.Fatalf("%q: %v", pattern, err)
		}
		slices.Sort(got)
		if strings.HasSuffix("/"+pattern, "/**") {
			pattern += "/*"
		}
		var want []string
		for _, name := range names {
			if matches(t, pattern, name) {
				want = append(want, name)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%q matches %q, want %q", pattern, got, want)
		}
	})
}

// besideBraces is a star that may come to stand beside another one: doublestar then
// takes the two for **.
var besideBraces = regexp.MustCompile(`[{},]\*|\*[{},]`)

// matches is what a pattern means. A class of doublestar also matches a slash, which no
// part of a path has: so parts are matched one by one, where there is one for each.
func matches(t *testing.T, pattern, name string) bool {
	parts, names := strings.Split(pattern, "/"), strings.Split(name, "/")
	whole := strings.Contains(pattern, "**") || strings.Contains(pattern, "{")
	switch {
	case whole && (strings.Contains(pattern, "[") || besideBraces.MatchString(pattern)),
		!whole && slices.ContainsFunc(parts, func(part string) bool { return !doublestar.ValidatePattern(part) }):
		t.Skip()
	case whole:
		return doublestar.MatchUnvalidated(pattern, name)
	}
	return slices.EqualFunc(parts, names, doublestar.MatchUnvalidated)
}
