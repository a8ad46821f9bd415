package parallel

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// Count is how many processes to run. The zero value is one for each core.
type Count struct {
	text string
	form form
	File string // that has the count, and is read again; "" without
}

// form is a count that is not a file.
type form struct {
	kind kind
	n    int
}

type kind uint8

const (
	cores   kind = iota // as many as there are cores
	number              // n
	percent             // n percent of the cores
	more                // n more than cores, or less
	most                // as many as possible
)

// Set reads a count. It is the method of a flag.
func (c *Count) Set(text string) error {
	f, ok := parse(text)
	*c = Count{text: text, form: f}
	if ok {
		return nil
	}
	if _, err := readFile(text); err != nil {
		return err
	}
	c.File = text
	return nil
}

func (c *Count) String() string { return c.text }

func (c *Count) Type() string { return "N" }

// Given reports whether there is more than the default.
func (c Count) Given() bool { return c.text != "" }

// Most reports whether as many as possible are asked for.
func (c Count) Most() bool { return c.form.kind == most }

// Of returns the count on a machine with so many cores; limit stands for as many
// as possible. It is not for a file.
func (c Count) Of(cores, limit int) int { return c.form.of(cores, limit) }

// parse reads a count that is not a file.
func parse(text string) (f form, ok bool) {
	digits := text
	switch {
	case strings.HasSuffix(text, "%"):
		f.kind, digits = percent, text[:len(text)-1]
	case strings.HasPrefix(text, "+"), strings.HasPrefix(text, "-"):
		f.kind, digits = more, text[1:]
	default:
		f.kind = number
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n > 1e6 || digits[0] < '0' || digits[0] > '9' {
		return form{}, false
	}
	f.n = n
	switch {
	case text[0] == '-':
		f.n = -n
	case f.kind == number && n == 0:
		f.kind = most
	}
	return f, true
}

func (f form) of(machine, limit int) int {
	n := machine
	switch f.kind {
	case number:
		n = f.n
	case percent:
		n = (machine*f.n + 50) / 100
	case more:
		n = machine + f.n
	case most:
		n = limit
	}
	return max(1, n)
}

// longest is how much of a file is read.
const longest = 100

// readFile reads the count in a file.
func readFile(path string) (form, error) {
	text, err := readStart(path)
	if err != nil {
		return form{}, fmt.Errorf("%q is no number of processes (want N, N%%, +N, -N, 0 for as many as possible) and no file that has one: %w", path, err)
	}
	f, ok := parse(strings.TrimSpace(text))
	if !ok {
		return form{}, fmt.Errorf("file %q has %q: want N, N%%, +N, -N, or 0 for as many as possible", path, strings.TrimSpace(text))
	}
	return f, nil
}

func readStart(path string) (string, error) {
	// To open a pipe would wait for its other end, and what it has cannot be read again.
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		return "", errors.New("no regular file")
	}
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, longest))
	return string(text), err
}

// statInterval is how old the knowledge of a file may be. Shorter costs a system
// call for each start of a short call.
const statInterval = 100 * time.Millisecond

// File is a count that is read again.
type File struct {
	path         string
	cores, limit int
	say          func(problem error)

	looked   time.Time // when the file was looked at last
	modified time.Time // what it was then
	size     int64
	last     int
}

// NewFile returns the count in c.File on a machine with so many cores, at most limit.
// say is called when the file cannot be understood any more, or has more than that.
func NewFile(c Count, cores, limit int, say func(problem error)) *File {
	return &File{path: c.File, cores: cores, limit: limit, say: say, last: 1}
}

// Places returns the count, which it reads when the file may have changed, and after
// what time to ask again.
func (f *File) Places(now time.Time) (n int, holds time.Duration) {
	since := now.Sub(f.looked)
	if f.looked.IsZero() || since >= statInterval {
		f.looked, since = now, 0
		f.look()
	}
	return f.last, statInterval - since
}

// look reads the file if it has changed.
func (f *File) look() {
	info, err := os.Stat(f.path)
	if err == nil && info.ModTime().Equal(f.modified) && info.Size() == f.size {
		return
	}
	known := !f.modified.IsZero()
	if err == nil {
		f.modified, f.size = info.ModTime(), info.Size()
	} else if f.size = -1; known && f.modified.Equal(time.Unix(0, 0)) {
		return // it was said that the file is not there
	} else {
		f.modified = time.Unix(0, 0)
	}
	count, err := readFile(f.path)
	if err != nil {
		f.say(fmt.Errorf("--processes stays at %d: %w", f.last, err))
		return
	}
	n := count.of(f.cores, f.limit)
	if f.last = min(n, f.limit); f.last < n {
		f.say(fmt.Errorf("--processes is %d, not %d: no more can be started where a file says how many", f.last, n))
	}
}
