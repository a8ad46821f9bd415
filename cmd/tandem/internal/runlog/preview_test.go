package runlog_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/runlog"
)

// A preview says what the run then does, and leaves the log as it is.
func TestPreview(t *testing.T) {
	bad := errors.New("bad")
	held := ended(4, "held", nil)
	held.Stdout = outcome.Stream{Bytes: []byte("text")}
	path := newPath(t, "")
	log, _ := open(t, path, runlog.New)
	check(t, log.Held(held))
	for _, o := range []*outcome.Outcome{ended(1, "ok", nil), ended(2, "twice", nil), ended(3, "twice", bad)} {
		check(t, log.Ended(o), log.Flush())
	}
	check(t, log.Close(runlog.Summary{}))
	before := logText(t, path) + `{"event":"end","num`
	inputs := []string{"new", "twice", "held", "twice", "ok", "ok", "twice"}
	for _, mode := range []runlog.Mode{runlog.Resume, runlog.ResumeFailed} {
		writeFile(t, path, []byte(before))
		preview, noted, err := runlog.OpenPreview(config(path, mode))
		check(t, err)
		var said, done []runlog.Action
		for _, text := range inputs {
			said = append(said, preview.Action(record(text)))
		}
		if after := logText(t, path); after != before {
			t.Errorf("the log has %s", after)
		}
		log, notes := open(t, path, mode)
		for i, text := range inputs {
			d, err := log.Plan(i+1, record(text))
			check(t, err)
			done = append(done, d.Action)
		}
		check(t, log.Close(runlog.Summary{}))
		if fmt.Sprint(said) != fmt.Sprint(done) || noted != notes {
			t.Errorf("%s: %v, and the run did %v; notes %+v, the run had %+v", mode, said, done, noted, notes)
		}
	}
}

// Nothing is made, and without a log all runs.
func TestPreviewOfNoLog(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	preview, notes, err := runlog.OpenPreview(config(path, runlog.Resume))
	if err != nil || notes != (runlog.Notes{}) || preview.Action(record("a")) != runlog.Run {
		t.Errorf("%v, notes %+v", err, notes)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the log: %v", err)
	}
	if preview = nil; preview.Action(record("a")) != runlog.Run {
		t.Error("no preview leaves something out")
	}
}

// The log of a run that could not start is in nobody's way, nor is a new pipe.
func TestPreviewOfUnusedLog(t *testing.T) {
	unused := newPath(t, logOf(t))
	for _, path := range []string{unused, os.DevNull} {
		preview, _, err := runlog.OpenPreview(config(path, runlog.New))
		if err != nil || preview.Action(record("a")) != runlog.Run {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func logText(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	check(t, err)
	return string(content)
}
