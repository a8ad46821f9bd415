//go:build unix && !aix && !solaris

package osproc

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// spillFile is a file without a name: it goes with its last descriptor, however
// this program ends, unless [GiveName] has given it one.
type spillFile struct {
	file *os.File
	dir  string
	size int64
	most int64 // the system's limit for files of this process
}

// newSpillFile creates a file in dir.
func newSpillFile(dir string) (*spillFile, error) {
	file, err := openNameless(dir)
	if err != nil {
		return nil, fmt.Errorf("output to a file in %s: %w", dir, err)
	}
	return &spillFile{file: file, dir: dir, most: FileSizeLimit()}, nil
}

// createUnnamed creates a file and takes away its name. What ends this program
// between the two leaves an empty file.
func createUnnamed(dir string) (*os.File, error) {
	file, err := os.CreateTemp(dir, "tandem-")
	if err != nil {
		return nil, withoutName(err)
	}
	if err := os.Remove(file.Name()); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// withoutName drops a name that says nothing to anybody.
func withoutName(err error) error {
	if e, ok := errors.AsType[*os.PathError](err); ok {
		return e.Err
	}
	return err
}

// write appends p, as far as [FileSizeLimit] allows.
func (f *spillFile) write(p []byte) error {
	err := error(syscall.EFBIG)
	if int64(len(p)) <= f.most-f.size {
		_, err = f.file.Write(p)
	}
	if err != nil {
		return f.explain(err)
	}
	f.size += int64(len(p))
	return nil
}

// explain adds the folder, and how much room it has.
func (f *spillFile) explain(err error) error {
	room := "free bytes unknown"
	var stat unix.Statfs_t
	if statErr := unix.Fstatfs(int(f.file.Fd()), &stat); statErr == nil {
		room = fmt.Sprintf("%d bytes free there", int64(stat.Bavail)*int64(stat.Bsize))
	}
	return fmt.Errorf("output of %d bytes so far to a file in %s (%s): %w", f.size, f.dir, room, withoutName(err))
}

// captured is one stream that the child writes. We keep its end too: the end of
// the stream tells us nothing, and a process that ends would wake us for it.
type captured struct {
	child int // the child's end, or -1
	kept  []byte
	file  *spillFile
	size  int64
	tail  []byte // the last bytes, once kept is not whole
}

// keep adds p, to memory or to a file.
func (o *captured) keep(p []byte, spill Spill) error {
	o.size += int64(len(p))
	if o.file == nil {
		if spill.Dir == "" || o.size <= int64(spill.Threshold) {
			o.kept = append(o.kept, p...)
			return nil
		}
		if err := o.spill(spill.Dir); err != nil {
			return err
		}
	}
	o.tail = keepTail(o.tail, p)
	return o.file.write(p)
}

// spill moves what is kept to a file.
func (o *captured) spill(dir string) error {
	file, err := newSpillFile(dir)
	if err != nil {
		return err
	}
	o.file = file
	o.tail = keepTail(nil, o.kept)
	err = file.write(o.kept)
	o.kept = nil
	return err
}

// pass gives p to a sink.
func (o *captured) pass(p []byte, sink func() error) error {
	o.size += int64(len(p))
	o.tail = keepTail(o.tail, p)
	return sink()
}

// drop gives up what there is, but for its end: the room goes to others.
func (o *captured) drop() {
	if o.file != nil {
		o.file.file.Close() // nothing is read from it
		o.file = nil
		return
	}
	if o.kept != nil {
		o.tail, o.kept = keepTail(nil, o.kept), nil
	}
}

// result gives away what there is.
func (o *captured) result() (Captured, error) {
	c := Captured{Bytes: o.kept, Size: o.size, Tail: o.tail}
	if o.file == nil {
		return c, nil
	}
	c.File = o.file.file
	o.file = nil
	_, err := c.File.Seek(0, 0)
	return c, err
}
