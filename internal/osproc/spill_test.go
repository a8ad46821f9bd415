//go:build unix && !aix && !solaris

package osproc_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem/internal/osproc"
)

// ended runs a script to its end and returns what it wrote.
func ended(t *testing.T, thread *osproc.Thread, text string, o osproc.Options) (c *osproc.Child, stdout, stderr osproc.Captured) {
	t.Helper()
	env := []string{"PATH=" + os.Getenv("PATH")}
	c, err := thread.Start(osproc.Command{Path: "/bin/sh", Args: []string{"-c", text}, Env: env}, o)
	if err != nil {
		t.Fatal(err)
	}
	for {
		switch c.Wait(time.Now().Add(patience)) {
		case osproc.Overflowed:
			if err := c.KillGroup(); err != nil {
				t.Fatal(err)
			}
			continue
		case osproc.Expired:
			t.Fatal("the script does not end")
		}
		break
	}
	c.Reap()
	stdout, stderr, _ = c.Output()
	return c, stdout, stderr
}

// A stream above the threshold is a file without a name, whole and from its
// beginning; one below it stays in memory.
func TestThreadSpills(t *testing.T) {
	eachThread(t, func(t *testing.T, thread *osproc.Thread) {
		dir := t.TempDir()
		spill := osproc.Spill{Dir: dir, Threshold: 100_000}
		for _, size := range []int{0, 1, 100_000, 100_001, 1_000_003} {
			script := fmt.Sprintf("head -c %d /dev/zero | tr '\\0' x; echo end >&2", size)
			_, stdout, stderr := ended(t, thread, script, osproc.Options{MaxOutput: noLimit, Spill: spill})
			if string(stderr.Bytes) != "end\n" || stderr.File != nil || stderr.Size != 4 {
				t.Fatalf("stderr %+v", stderr)
			}
			got := stdout.Bytes
			if spilled := stdout.File != nil; spilled != (size > spill.Threshold) || spilled && got != nil || stdout.Size != int64(size) {
				t.Fatalf("%d bytes: file %v, %d bytes in memory, size %d", size, stdout.File, len(got), stdout.Size)
			}
			if stdout.File != nil {
				got, _ = io.ReadAll(stdout.File)
				stdout.File.Close()
				if !bytes.Equal(stdout.Tail, got[len(got)-4096:]) {
					t.Errorf("%d bytes: tail of %d bytes", size, len(stdout.Tail))
				}
			}
			if !bytes.Equal(got, bytes.Repeat([]byte("x"), size)) {
				t.Errorf("%d bytes: got %d others", size, len(got))
			}
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Errorf("left %v, %v", entries, err)
		}
	})
}

// Where a file must have a name at first it has none any more.
func TestCreateUnnamed(t *testing.T) {
	dir := t.TempDir()
	file, err := osproc.CreateUnnamed(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left %v, %v", entries, err)
	}
	if _, err := file.WriteString("x"); err != nil {
		t.Error(err)
	}
	if _, err := osproc.CreateUnnamed(dir + "/none"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
}

// A file that cannot grow ends the reading, says why and where, and is gone. The
// limit of the system for files stands in for a full disk.
func TestThreadSpillFails(t *testing.T) {
	eachThread(t, func(t *testing.T, thread *osproc.Thread) {
		dir := t.TempDir()
		var old syscall.Rlimit
		if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
		small := syscall.Rlimit{Cur: 1 << 20, Max: old.Max}
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
			t.Fatal(err)
		}
		o := osproc.Options{MaxOutput: noLimit, Spill: osproc.Spill{Dir: dir, Threshold: 1000}}
		c, stdout, stderr := ended(t, thread, "echo why >&2; cat /dev/zero", o)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
			t.Fatal(err)
		}
		err := c.Broken()
		if !errors.Is(err, syscall.EFBIG) || !strings.Contains(err.Error(), dir) || !strings.Contains(err.Error(), "bytes free there") {
			t.Errorf("error %v", err)
		}
		if stdout.File != nil || stdout.Bytes != nil || string(stderr.Tail) != "why\n" {
			t.Errorf("stdout %d bytes, file %v, stderr %q", len(stdout.Bytes), stdout.File, stderr.Tail)
		}
		o.Spill.Dir += "/none"
		if c, _, _ := ended(t, thread, "cat /dev/zero", o); !errors.Is(c.Broken(), os.ErrNotExist) {
			t.Errorf("no folder: %v", c.Broken())
		}
	})
}

// A sink gets everything as it comes, and nothing is kept but the end. Its error
// ends the reading.
func TestThreadSink(t *testing.T) {
	eachThread(t, func(t *testing.T, thread *osproc.Thread) {
		var got [2]bytes.Buffer
		o := osproc.Options{MaxOutput: noLimit, Sink: func(stream int, p []byte) error {
			got[stream].Write(p)
			return nil
		}}
		_, stdout, stderr := ended(t, thread, "head -c 1000000 /dev/zero; echo err >&2", o)
		if got[0].Len() != 1_000_000 || got[1].String() != "err\n" {
			t.Errorf("%d bytes, %q", got[0].Len(), got[1].String())
		}
		if stdout.Bytes != nil || stdout.Size != 1_000_000 || len(stdout.Tail) > 4096 || string(stderr.Tail) != "err\n" {
			t.Errorf("kept %d bytes of %d, tails of %d and %q", len(stdout.Bytes), stdout.Size, len(stdout.Tail), stderr.Tail)
		}
		enough := errors.New("enough")
		o.Sink = func(int, []byte) error { return enough }
		if c, _, _ := ended(t, thread, "cat /dev/zero", o); c.Broken() != enough {
			t.Errorf("error %v", c.Broken())
		}
	})
}

// The niceness of a program is set, with that of what it starts later.
func TestThreadNice(t *testing.T) {
	eachThread(t, func(t *testing.T, thread *osproc.Thread) {
		nice, err := osproc.NiceBy(3)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := osproc.Niceness()
		if err != nil {
			t.Fatal(err)
		}
		want := min(ours+3, osproc.MostNice)
		path := filepath.Join(t.TempDir(), "go")
		if err := syscall.Mkfifo(path, 0o600); err != nil {
			t.Fatal(err)
		}
		command := osproc.Command{
			Path: "/bin/sh", Args: []string{"-c", `read go <"$0"; exec nice`, path}, Env: []string{"PATH=" + os.Getenv("PATH")},
		}
		c, err := thread.Start(command, osproc.Options{MaxOutput: noLimit, Nice: nice})
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("\n"), 0); err != nil {
			t.Fatal(err)
		}
		c.Reap()
		if stdout, _, _ := c.Output(); strings.TrimSpace(string(stdout.Bytes)) != fmt.Sprint(want) {
			t.Errorf("niceness %q, want %d", stdout.Bytes, want)
		}
	})
}
