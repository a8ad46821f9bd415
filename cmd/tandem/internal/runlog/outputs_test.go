package runlog_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/runlog"
)

// large is a call whose output is too large for a line.
func large(number int, text string, err error) *outcome.Outcome {
	o := ended(number, text, err)
	o.Stdout.Bytes = append(huge, text...)
	return o
}

// heldLog is a log with large outputs that were not written.
func heldLog(t *testing.T, outcomes ...*outcome.Outcome) (path string) {
	t.Helper()
	path = newPath(t, "")
	log, _ := open(t, path, runlog.New)
	for _, o := range outcomes {
		check(t, log.Held(o), log.Flush())
	}
	check(t, log.Close(runlog.Summary{}))
	return path
}

// TestOutputsThatAreGone: a call whose output is not there as it was has not finished.
func TestOutputsThatAreGone(t *testing.T) {
	path := heldLog(t, large(1, "a", nil), large(2, "b", nil), large(3, "c", errors.New("bad")))
	dir := path + ".outputs"
	check(t, os.Remove(filepath.Join(dir, "1-1.stdout")), os.Truncate(filepath.Join(dir, "1-3.stdout"), 10))

	_, notes, err := runlog.OpenPreview(config(path, runlog.Resume))
	check(t, err)
	log, opened := open(t, path, runlog.Resume)
	if notes != opened || notes.Lost != 2 || notes.Finished != 1 || notes.Replays != 1 {
		t.Errorf("preview %+v, run %+v", notes, opened)
	}
	for text, want := range map[string]runlog.Action{"a": runlog.Run, "b": runlog.Replay, "c": runlog.Run} {
		d, err := log.Plan(int(text[0]), record(text))
		check(t, err)
		if d.Action != want {
			t.Errorf("%s: %v, want %v", text, d.Action, want)
		}
		if d.Outcome != nil {
			d.Outcome.Stdout.Close()
		}
	}
	if got := names(t, dir); got != "1-2.stdout" {
		t.Errorf("the folder has %s", got)
	}
	check(t, log.Close(runlog.Summary{}))
}

// TestOutputsOfNobody: what a kill left in the folder goes; what is not of a log stays.
func TestOutputsOfNobody(t *testing.T) {
	for name, path := range map[string]string{
		"resumed": heldLog(t, large(1, "a", nil)), "new": newPath(t, ""),
	} {
		dir, mode, want := path+".outputs", runlog.New, "01-1.stdout mine 1-2.txt"
		if name == "resumed" {
			mode, want = runlog.Resume, "01-1.stdout 1-1.stdout mine 1-2.txt"
		} else {
			check(t, os.Mkdir(dir, 0o700))
		}
		for _, file := range []string{"1-2.stdout", "3-1.stderr", "mine 1-2.txt", "01-1.stdout"} {
			check(t, os.WriteFile(filepath.Join(dir, file), []byte("x"), 0o600))
		}
		log, _ := open(t, path, mode)
		if got := names(t, dir); got != want {
			t.Errorf("%s: the folder has %s, want %s", name, got, want)
		}
		check(t, log.Close(runlog.Summary{}))
	}
}

// TestOutputsOfRepeatedFailures: the output of a failure that ran again is not needed.
func TestOutputsOfRepeatedFailures(t *testing.T) {
	path := heldLog(t, large(1, "a", errors.New("bad")), large(2, "b", errors.New("bad")))
	log, _ := open(t, path, runlog.ResumeFailed)
	d, err := log.Plan(1, record("a"))
	check(t, err)
	if d.Action != runlog.Run {
		t.Errorf("got %v", d.Action)
	}
	check(t, log.Ended(ended(1, "a", nil)), log.Flush())
	if got := names(t, path+".outputs"); got != "1-1.stdout 1-2.stdout" {
		t.Errorf("while it runs the folder has %s", got)
	}
	check(t, log.Close(runlog.Summary{}))
	if got := names(t, path+".outputs"); got != "1-2.stdout" {
		t.Errorf("after it the folder has %s", got)
	}
}

// TestOutputsOfALink: the folder is that of the file, not of its name.
func TestOutputsOfALink(t *testing.T) {
	path := heldLog(t, large(1, "a", nil))
	other := filepath.Join(t.TempDir(), "other")
	check(t, os.Symlink(path, other))
	log, notes := open(t, other, runlog.Resume)
	if notes.Replays != 1 || notes.Lost != 0 {
		t.Errorf("notes %+v", notes)
	}
	check(t, log.Close(runlog.Summary{}))
}

// TestOutputsCannotBeKept: that is an error, and the log goes on.
func TestOutputsCannotBeKept(t *testing.T) {
	path := newPath(t, "")
	log, _ := open(t, path, runlog.New)
	check(t, os.WriteFile(path+".outputs", nil, 0o600))
	for number, text := range []string{"0", "a", "b"} {
		err := log.Held(large(number, text, nil))
		if err == nil || !strings.Contains(err.Error(), "keeping an output of 256K in "+path+".outputs") ||
			!strings.Contains(err.Error(), "--resume would run its call again") {
			t.Errorf("got %v", err)
		}
	}
	check(t, log.Written(1), log.Ended(ended(3, "c", nil)), log.Close(runlog.Summary{}))
	_, _, err := runlog.Open(config(path, runlog.Resume))
	if err == nil || !strings.Contains(err.Error(), path+".outputs") {
		t.Errorf("a file where the folder should be: %v", err)
	}
	check(t, os.Remove(path+".outputs")) // it was not removed because it is not ours
	log, notes := open(t, path, runlog.Resume)
	if notes.Finished != 2 || notes.Replays != 0 || notes.Lost != 0 {
		t.Errorf("one was written, and one was short: %+v", notes)
	}
	check(t, log.Close(runlog.Summary{}))
}

// TestOutputsGoneWhileItRuns: what is not whole is not written as if it were.
func TestOutputsGoneWhileItRuns(t *testing.T) {
	path := heldLog(t, large(1, "a", nil), large(2, "b", nil))
	log, _ := open(t, path, runlog.Resume)
	check(t, os.Remove(filepath.Join(path+".outputs", "1-1.stdout")), os.Truncate(filepath.Join(path+".outputs", "1-2.stdout"), 10))
	for i, text := range []string{"a", "b"} {
		if d, err := log.Plan(i+1, record(text)); err == nil || !strings.Contains(err.Error(), "not whole any more") {
			t.Errorf("%s: %+v, %v", text, d, err)
		}
	}
	check(t, log.Close(runlog.Summary{}))
}

// TestLostOutputsAreForgotten: a call whose output was gone once is no failure of later
// runs, and nobody hears of it again.
func TestLostOutputsAreForgotten(t *testing.T) {
	path := heldLog(t, large(1, "a", errors.New("bad")))
	check(t, os.RemoveAll(path+".outputs"))
	log, _ := open(t, path, runlog.Resume)
	check(t, log.Held(large(1, "a", errors.New("bad"))), log.Close(runlog.Summary{}))

	log, notes := open(t, path, runlog.ResumeFailed)
	if notes.Lost != 0 {
		t.Errorf("said again: %+v", notes)
	}
	check(t, log.Ended(ended(1, "a", nil)), log.Close(runlog.Summary{}))
	if left := names(t, path+".outputs"); left != "" {
		t.Errorf("left %s", left)
	}

	log, notes = open(t, path, runlog.Resume)
	if notes.Finished != 1 {
		t.Errorf("one call has finished: %+v", notes)
	}
	check(t, log.Close(runlog.Summary{}))
}

// TestPipesKeepNothing: nothing can be resumed from a log that is no file.
func TestPipesKeepNothing(t *testing.T) {
	log, _ := open(t, os.DevNull, runlog.New)
	check(t, log.Held(large(1, "a", nil)), log.Written(1), log.Flush(), log.Close(runlog.Summary{}))
	if _, err := os.Stat(os.DevNull + ".outputs"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a folder: %v", err)
	}
}
