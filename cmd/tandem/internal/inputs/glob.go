package inputs

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/bmatcuk/doublestar/v4"
)

// Glob is the source of the names of files and directories that match patterns,
// pattern after pattern. In a pattern * and ? stand for letters of a name, [a-z]
// for one of several, {a,b} for one of several texts, and ** as a whole part of a
// path for any number of directories.
//
// The names come while directories are being read, those of one directory in
// order. A name that begins with a dot is matched only by a part that begins with
// one. ** does not follow symbolic links. A pattern that matches nothing is an
// error. A directory that cannot be read is one too, which is returned after all
// others have been read.
type Glob struct {
	*stopper
	patterns []string
	err      error // owned by the loop
}

// NewGlob returns a source of what matches the patterns. It fails when one of
// them is malformed.
func NewGlob(patterns ...string) (*Glob, error) {
	for _, pattern := range patterns {
		if pattern == "" || !doublestar.ValidatePattern(pattern) {
			return nil, fmt.Errorf("%q is no pattern: want one such as *.png or data/**/*.csv, with closed [] and {}", pattern)
		}
	}
	return &Glob{stopper: newStopper(), patterns: patterns}, nil
}

// Records implements [Source].
func (g *Glob) Records() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		for _, pattern := range g.patterns {
			w := newGlobWalk(g, pattern, yield)
			more := w.directory(w.base, "", 0)
			if w.matches == 0 && w.failure == nil && !g.over() {
				w.failure = errors.New("matches no file")
			}
			if w.failure != nil && g.err == nil {
				g.err = &Error{Source: fmt.Sprintf("--glob %q", pattern), Err: w.failure, Wrong: w.matches == 0}
			}
			if !more {
				return
			}
		}
	}
}

// Err implements [Source].
func (g *Glob) Err() error { return g.err }

// Total implements [Source].
func (g *Glob) Total() (int64, bool) { return 0, false }

// Count implements [Source].
func (g *Glob) Count(ctx context.Context) (int64, error) {
	return count(ctx, &Glob{stopper: newStopper(), patterns: g.patterns})
}

// globWalk is the walk for one pattern.
type globWalk struct {
	glob    *Glob
	yield   func(Record) bool
	prefix  string   // what names begin with, as the pattern has it
	base    string   // the directory where the walk begins
	parts   []string // of the pattern, behind the prefix
	pattern string   // the parts together
	certain int      // so many parts stand for one name each; then comes ** or {a/b}
	folders bool     // the pattern ends in a slash: only directories match
	matches int
	failure error // the first
}

func newGlobWalk(g *Glob, pattern string, yield func(Record) bool) *globWalk {
	base, rest := doublestar.SplitPattern(pattern)
	w := &globWalk{glob: g, yield: yield, base: base}
	if rest != pattern {
		w.prefix = strings.TrimSuffix(base, "/") + "/"
	}
	w.pattern, w.folders = strings.CutSuffix(rest, "/")
	w.parts = strings.Split(w.pattern, "/")
	w.certain = slices.IndexFunc(w.parts, func(part string) bool {
		return part == "**" || !doublestar.ValidatePattern(part) // which a cut through {a/b} leaves
	})
	if w.certain < 0 {
		w.certain = len(w.parts)
	}
	return w
}

// directory walks through one directory, depth parts below the base. Its name in
// the pattern's terms is below, which ends in a slash unless it is empty. It
// reports whether to go on.
func (w *globWalk) directory(dir, below string, depth int) bool {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && w.failure == nil {
		w.failure = fmt.Errorf("directory %s: %w", dir, withoutPath(err))
	}
	for _, entry := range entries {
		if w.glob.over() {
			return false
		}
		name := entry.Name()
		if w.hidden(name) {
			continue
		}
		if !w.entry(dir, below+name, depth+1, entry) {
			return false
		}
	}
	return true
}

// entry yields one entry if it matches, and walks through it if it may hold some
// that do.
func (w *globWalk) entry(dir, name string, depth int, entry fs.DirEntry) bool {
	place := path.Join(dir, entry.Name())
	matches := depth >= min(len(w.parts), w.certain) && doublestar.MatchUnvalidated(w.pattern, name)
	if matches && (!w.folders || w.isFolder(place, entry)) {
		w.matches++
		whole := w.prefix + name
		if w.folders {
			whole += "/"
		}
		if !w.yield(Record{Whole: []byte(whole)}) {
			return false
		}
	}
	if !w.mayHold(name, depth) || !entry.IsDir() && (depth > w.certain || !w.isFolder(place, entry)) {
		return true
	}
	return w.directory(place, name+"/", depth)
}

// mayHold reports whether what is below a name of so many parts can match.
func (w *globWalk) mayHold(name string, depth int) bool {
	if depth > w.certain {
		return true
	}
	return depth < len(w.parts) && doublestar.MatchUnvalidated(strings.Join(w.parts[:depth], "/"), name)
}

// isFolder reports whether an entry is a directory, or a link to one.
func (w *globWalk) isFolder(place string, entry fs.DirEntry) bool {
	if entry.Type()&fs.ModeSymlink == 0 {
		return entry.IsDir()
	}
	info, err := os.Stat(place)
	return err == nil && info.IsDir()
}

// hidden reports whether a name is left out because it begins with a dot.
func (w *globWalk) hidden(name string) bool {
	if name[0] != '.' {
		return false
	}
	return !slices.ContainsFunc(w.parts, func(part string) bool {
		return part[:min(1, len(part))] == "." && doublestar.MatchUnvalidated(part, name)
	})
}
