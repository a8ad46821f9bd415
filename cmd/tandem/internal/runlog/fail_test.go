package runlog

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
)

// TestErrorIsSaidOnce: after a write that failed nothing is written, and nobody
// hears of it again. It takes the file away, which no user of the package can.
func TestErrorIsSaidOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	log, _, err := Open(Config{Path: path, Task: Task{Kind: "command", Name: "wc"}, Mode: New})
	if err != nil {
		t.Fatal(err)
	}
	if err := log.file.Close(); err != nil {
		t.Fatal(err)
	}
	o := &outcome.Outcome{Number: 1}
	if err := log.Ended(o); err != nil {
		t.Errorf("before it is written: %v", err)
	}
	if err := log.Flush(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("got %v, want that the file is closed", err)
	}
	if err := errors.Join(log.Ended(o), log.Held(o), log.Written(1), log.Flush(), log.Close(Summary{})); err != nil {
		t.Errorf("said again: %v", err)
	}
	if len(log.lines) > 1<<10 {
		t.Error("lines are kept that nobody will write")
	}
}
