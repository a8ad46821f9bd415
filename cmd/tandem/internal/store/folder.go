package store

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash/maphash"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/results"
)

// Folder keeps each outcome in a folder of its own, laid out as GNU parallel does:
// DIR/1/VALUE/2/VALUE, with the names of fields in place of numbers where they have
// names, and in it the files stdout, stderr and seq. The second of equal inputs gets ~2
// behind the last value, and so on: by what came before it and not by its number, which
// an earlier run may have given to another one. What an earlier run left there is written
// over, that of a failure that is repeated first.
type Folder struct {
	dir    string
	seed   maphash.Seed
	used   map[uint64]int     // how often a folder was asked for in this run, by its digest
	failed FailedPlaces       // nil: what an earlier run kept are the first of equal inputs
	places map[uint64]*places // of folders for which failed knows some, by their digest
}

// places are those of equal inputs, from 1.
type places struct {
	failed []int32 // to be written over, ascending
	left   []int32 // those of failed that are not yet
	last   int32   // of the others
}

// next returns the place of the next outcome, or of the next input that is skipped.
func (p *places) next(skip bool) int32 {
	if !skip && len(p.left) > 0 {
		at := p.left[0]
		p.left = p.left[1:]
		return at
	}
	for p.last++; slices.Contains(p.failed, p.last); p.last++ {
	}
	return p.last
}

// NewFolder returns a folder, which it makes if there is none. failed may be nil.
func NewFolder(dir string, failed FailedPlaces) (*Folder, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	return &Folder{
		dir: dir, seed: maphash.MakeSeed(), used: make(map[uint64]int), failed: failed, places: make(map[uint64]*places),
	}, nil
}

// Put implements [Store].
func (f *Folder) Put(o *outcome.Outcome, record *inputs.Record) error {
	dir := f.place(record, false)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("--results: %w", err)
	}
	seq := outcome.Stream{Bytes: strconv.AppendInt(nil, int64(o.Number), 10)}
	for name, stream := range map[string]outcome.Stream{"stdout": o.Stdout, "stderr": o.Stderr, "seq": seq} {
		if err := writeFile(filepath.Join(dir, name), stream); err != nil {
			return fmt.Errorf("--results: %w", err)
		}
	}
	return nil
}

// Skip implements [Store].
func (f *Folder) Skip(record *inputs.Record) { f.place(record, true) }

// Flush implements [Store].
func (f *Folder) Flush() error { return nil }

// Close implements [Store].
func (f *Folder) Close() error { return nil }

// place returns the folder of an outcome, or uses up that of an input that is skipped.
func (f *Folder) place(record *inputs.Record, skip bool) string {
	dir := filepath.Join(f.dir, pathOf(record))
	if f.failed == nil {
		return f.unused(dir)
	}
	digest := maphash.String(f.seed, dir)
	p := f.places[digest]
	if p == nil {
		failed := f.failed(record)
		if len(failed) == 0 {
			return f.unused(dir)
		}
		p = &places{failed: failed, left: failed}
		f.places[digest] = p
	}
	if at := p.next(skip); at > 1 {
		dir = numbered(dir, int(at))
	}
	return f.unused(dir)
}

func numbered(dir string, n int) string { return dir + "~" + strconv.Itoa(n) }

// unused returns dir, or if this run has used it already, dir with a number. What it
// returns is used.
func (f *Folder) unused(dir string) string {
	for {
		digest := maphash.String(f.seed, dir)
		f.used[digest]++
		n := f.used[digest]
		if n == 1 {
			return dir
		}
		dir = numbered(dir, n)
	}
}

// writeFile writes a file with what a stream has.
func writeFile(path string, s outcome.Stream) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	w := results.NewWriter(file)
	err = w.Stream(s)
	if flushed := w.Flush(); err == nil {
		err = flushed
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

// pathOf returns where the outcome of an input is kept.
func pathOf(record *inputs.Record) string {
	var path []string
	for i, part := range record.Parts() {
		name := strconv.Itoa(i + 1)
		if i < len(record.Names) {
			name = FileName([]byte(record.Names[i]))
		}
		path = append(path, name, FileName(part))
	}
	joined := filepath.Join(path...)
	if len(joined) > longestPath {
		return filepath.Join(path[0], shortened(joined, []byte(joined)))
	}
	return joined
}

const (
	// longestPath is how long the way to an outcome may be before it becomes one name.
	// Systems allow 4096 bytes, or 1024, with the folder before it.
	longestPath = 800

	// longestName is how long a file name may be before it is shortened. Systems
	// allow 255 bytes; the rest is for a number behind it.
	longestName = 200

	// keptOfName is how much of a long one is kept.
	keptOfName = 150
)

// FileName returns a value as the name of a file, different ones for different
// values. A backslash begins what stands for something else: \_ a slash, \\ a
// backslash, \t, \n, \r and \0, \xHH another byte that is no text, a \ alone nothing,
// \. and \.. these. Of a long value the end is \~ and a digest.
func FileName(value []byte) string {
	switch string(value) {
	case "":
		return `\`
	case ".", "..":
		return `\` + string(value)
	}
	var b strings.Builder
	for at := 0; at < len(value) && b.Len() <= longestName; {
		r, n := utf8.DecodeRune(value[at:])
		switch escape, special := fileEscapes[r]; {
		case special:
			b.WriteString(escape)
		case r == utf8.RuneError && n == 1, r < ' ':
			fmt.Fprintf(&b, `\x%02x`, value[at])
		default:
			b.Write(value[at : at+n])
		}
		at += n
	}
	if b.Len() <= longestName {
		return b.String()
	}
	return shortened(b.String(), value)
}

// shortened returns the beginning of a name, or of a path, and a digest of value.
func shortened(name string, value []byte) string {
	digest := sha256.Sum256(value)
	kept := strings.ReplaceAll(strings.ToValidUTF8(name[:keptOfName], ""), "/", "-")
	return kept + `\~` + hex.EncodeToString(digest[:16])
}

// fileEscapes are the characters that cannot stand in a name, or not well.
var fileEscapes = map[rune]string{'/': `\_`, '\\': `\\`, '\t': `\t`, '\n': `\n`, '\r': `\r`, 0: `\0`}
