package osproc_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/gotandem/tandem/internal/osproc"
)

// TestGiveName: the output of a program can be kept without a copy.
func TestGiveName(t *testing.T) {
	eachThread(t, func(t *testing.T, thread *osproc.Thread) {
		dir := t.TempDir()
		_, stdout, _ := ended(t, thread, "head -c 200000 /dev/zero", osproc.Options{MaxOutput: noLimit, Spill: osproc.Spill{Dir: dir, Threshold: 1000}})
		defer stdout.File.Close()
		path := filepath.Join(dir, "named")
		err := osproc.GiveName(stdout.File, path)
		if os.IsNotExist(err) {
			t.Skipf("the file system of %s has no files that never had a name: %v", dir, err)
		} else if err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		own, err2 := stdout.File.Stat()
		if err != nil || err2 != nil || !os.SameFile(info, own) || info.Size() != 200_000 {
			t.Errorf("got %v, %v, %v", info, err, err2)
		}
		if err := osproc.GiveName(stdout.File, path); !os.IsExist(err) {
			t.Errorf("a name that is taken: %v", err)
		}
	})
}
