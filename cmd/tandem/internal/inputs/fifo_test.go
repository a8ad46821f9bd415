//go:build unix

package inputs_test

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/internal/leaktest"
)

// No test leaves a goroutine that reads behind.
func TestMain(m *testing.M) { os.Exit(leaktest.Main(m)) }

func makeFifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// An input of a named pipe is there while the pipe is open, and after Stop
// nobody reads it any more.
func TestFifo(t *testing.T) {
	path := makeFifo(t)
	source := inputs.NewText(inputs.FromFile(path), '\n')
	if n, err := source.Count(t.Context()); err == nil {
		t.Errorf("count %d", n)
	}
	opened := make(chan *os.File)
	go func() {
		w, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Error(err)
		}
		_, _ = w.WriteString("1\n")
		opened <- w
	}()
	n := 0
	for record := range source.Records() {
		if n++; string(record.Whole) != "1" {
			t.Errorf("record %q", record.Whole)
		}
		source.Stop()
	}
	if n != 1 || source.Err() != nil {
		t.Errorf("%d records, error %v", n, source.Err())
	}
	w := <-opened
	defer w.Close()
	for { // until the reader has gone, which nothing else tells
		if _, err := w.WriteString("x"); err != nil {
			break
		}
	}
}

// A source that was stopped opens nothing: here it would wait for a writer.
func TestStoppedSourceOpensNothing(t *testing.T) {
	source := inputs.NewTable(inputs.FromFile(makeFifo(t)))
	source.Stop()
	for record := range source.Records() {
		t.Errorf("record %q", record.Whole)
	}
	if source.Err() != nil {
		t.Error(source.Err())
	}
}
