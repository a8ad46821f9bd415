package runlog

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/quantity"
	"github.com/gotandem/tandem/cmd/tandem/internal/report"
	"github.com/gotandem/tandem/internal/osproc"
)

// outputs is the folder beside a log with the outputs that are too large for its
// lines: each stream is a file with the numbers of run and input, "1-17.stdout". It is
// made for the first one, and goes when the log is closed, unless some are left.
//
// F1: an output is in the folder, whole, before its line is in the log, and leaves it
// after the line that says that it was written.
// F2: what is in the folder and not in the log is removed when the log is opened and
// when it is closed. Files with other names are left alone.
//
// A nil outputs is that of a log that nothing can be resumed from. What is noted uses
// it, and Plan opens what is to be replayed, perhaps at the same time.
type outputs struct {
	dir  string // immutable
	gone []id   // to be removed with the next flush; owned by who notes
}

const (
	stdoutName = "stdout"
	stderrName = "stderr"
)

// outputsOf returns the folder of the log with the path: another name of the log, by
// a link, has the same one.
func outputsOf(path string) *outputs {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	return &outputs{dir: path + ".outputs"}
}

// path returns where a stream is.
func (f *outputs) path(of id, stream string) string {
	return filepath.Join(f.dir, fileName(of, stream))
}

func fileName(of id, stream string) string { return fmt.Sprintf("%d-%d.%s", of.run, of.number, stream) }

// parseName returns what a file of the folder belongs to.
func parseName(name string) (of id, ok bool) {
	run, rest, _ := strings.Cut(name, "-")
	number, stream, _ := strings.Cut(rest, ".")
	var err, err2 error
	of.run, err = strconv.Atoi(run)
	of.number, err2 = strconv.Atoi(number)
	known := stream == stdoutName || stream == stderrName
	return of, err == nil && err2 == nil && known && name == fileName(of, stream)
}

// keep puts the streams of an outcome into the folder. On an error none is there.
func (f *outputs) keep(of id, o *outcome.Outcome) error {
	err := os.Mkdir(f.dir, 0o700)
	if errors.Is(err, fs.ErrExist) {
		err = nil
	}
	if err == nil {
		err = keepStream(f.path(of, stdoutName), o.Stdout)
	}
	if err == nil {
		err = keepStream(f.path(of, stderrName), o.Stderr)
	}
	if err != nil {
		f.remove(of)
		return fmt.Errorf("keeping an output of %s in %s until it is written: %w",
			quantity.FormatSize(o.Stdout.Len()+o.Stderr.Len()), f.dir, report.WithoutPath(err))
	}
	return nil
}

// keepStream gives a stream a name. One that is in a file of the same file system is
// not copied for that.
func keepStream(path string, s outcome.Stream) error {
	if s.Len() == 0 {
		return nil
	}
	if s.File != nil && osproc.GiveName(s.File, path) == nil {
		return nil
	}
	if s.Len() > osproc.FileSizeLimit() {
		return syscall.EFBIG
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = s.WriteTo(file)
	return errors.Join(err, file.Close())
}

// open returns the streams of a held call; their owner closes them.
func (f *outputs) open(of id) (stdout, stderr outcome.Stream, err error) {
	if stdout, err = openStream(f.path(of, stdoutName)); err != nil {
		return stdout, stderr, err
	}
	if stderr, err = openStream(f.path(of, stderrName)); err != nil {
		stdout.Close()
	}
	return stdout, stderr, err
}

// openStream returns an empty stream when there is no file.
func openStream(path string) (outcome.Stream, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return outcome.Stream{}, nil
	} else if err != nil {
		return outcome.Stream{}, err
	}
	info, err := file.Stat()
	if err != nil {
		_ = file.Close() // it was only to be read
		return outcome.Stream{}, err
	}
	return outcome.Stream{File: file, Size: info.Size()}, nil
}

// list returns how many bytes there are of each output.
func (f *outputs) list() (map[id]int64, error) {
	entries, err := os.ReadDir(f.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENAMETOOLONG) {
		return nil, fmt.Errorf("outputs in %s: %w", f.dir, report.WithoutPath(err))
	}
	sizes := make(map[id]int64, len(entries))
	for _, entry := range entries {
		of, ok := parseName(entry.Name())
		if !ok {
			continue
		}
		info, err := entry.Info()
		if err != nil {
			return nil, fmt.Errorf("outputs in %s: %w", f.dir, report.WithoutPath(err))
		}
		sizes[of] += info.Size()
	}
	return sizes, nil
}

// sweep removes what the log with the index does not ask for. An error leaves it to
// the next sweep.
func (f *outputs) sweep(x *index) {
	there, _ := f.list()
	for of := range there {
		if !x.pending[of].apart {
			f.remove(of)
		}
	}
	f.leave()
}

// remove removes an output. What stays although it is not needed goes with the next
// sweep.
func (f *outputs) remove(of id) {
	_ = os.Remove(f.path(of, stdoutName))
	_ = os.Remove(f.path(of, stderrName))
}

// flushed removes the outputs of which the log says that they were written.
func (f *outputs) flushed() {
	if f == nil {
		return
	}
	for _, of := range f.gone {
		f.remove(of)
	}
	f.gone = f.gone[:0]
}

// leave removes the folder when nothing is in it, and reports whether it is gone.
func (f *outputs) leave() bool {
	err := syscall.Rmdir(f.dir)
	return err == nil || errors.Is(err, fs.ErrNotExist)
}
