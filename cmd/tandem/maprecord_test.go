package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/record"
	"github.com/gotandem/tandem/cmd/tandem/internal/summary"
)

// recordOf reads flags about the record.
func recordOf(t *testing.T, args ...string) (*recordFlags, error) {
	t.Helper()
	f, cmd := &recordFlags{}, &cobra.Command{}
	f.define(cmd)
	if err := cmd.ParseFlags(args); err != nil {
		return f, err
	}
	return f, f.check(cmd)
}

func TestRecordFlags(t *testing.T) {
	tests := []struct{ args, want string }{
		{"", ""},
		{"--log a --joblog +b --trace c --summary --resume", ""},
		{"--log a --resume-failed --summary=json", ""},
		{"--log /dev/null --trace /dev/null", ""},
		{"--resume", "--resume needs --log FILE: it continues the run that the log describes"},
		{"--resume-failed", "--resume-failed needs --log FILE: it continues the run that the log describes"},
		{"--resume --joblog a", "--resume needs --log FILE: it continues the run that the log describes; a job log has no inputs"},
		{"--log a --resume --resume-failed", "--resume and --resume-failed contradict each other about calls that failed: give one of them"},
		{"--log=", "--log has no value: give the name of a file"},
		{"--joblog +", "--joblog has no value: give the name of a file"},
		{"--joblog +a --trace ./a", "--joblog and --trace name the same file ./a: give each its own"},
		{"--summary=xml", `"xml" is no form of a summary: want text or json`},
	}
	for _, test := range tests {
		t.Run(test.args, func(t *testing.T) {
			_, err := recordOf(t, strings.Fields(test.args)...)
			switch {
			case test.want == "" && err == nil:
			case err == nil || test.want == "" || !strings.HasSuffix(err.Error(), test.want):
				t.Errorf("got %v, want %s", err, test.want)
			case statusOn(err) != statusUsage:
				t.Errorf("status %d", statusOn(err))
			}
		})
	}
}

// TestRecordIsOpened: nothing without flags, and which mistakes are the user's.
func TestRecordIsOpened(t *testing.T) {
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken")
	if err := os.WriteFile(taken, []byte("text\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	task := func() (record.Task, error) { return record.CommandTask(record.Command{Args: []string{"wc", "{}"}}) }
	for _, test := range []struct {
		args   string
		status int
	}{
		{"", 0},
		{"--log " + filepath.Join(dir, "log") + " --resume", 0},
		{"--log " + taken, statusUsage},
		{"--log " + filepath.Join(dir, "none", "log"), statusOwn},
	} {
		f, err := recordOf(t, strings.Fields(test.args)...)
		if err != nil {
			t.Fatal(err)
		}
		run := &mapRun{mapFlags: &mapFlags{record: *f}, console: console.New(io.Discard, nil), started: time.Now()}
		r, err := run.openRecord(task)
		if (err != nil) != (test.status != 0) || err != nil && statusOn(err) != test.status || f.any() != (test.args != "") {
			t.Errorf("%s: got %v, want status %d", test.args, err, test.status)
		}
		if err := r.Close(record.Totals{}); err != nil {
			t.Error(err)
		}
	}
}

func TestSummaryForms(t *testing.T) {
	for args, isJSON := range map[string]bool{"--summary": false, "--summary=text": false, "--summary=json": true} {
		f, err := recordOf(t, args)
		if err != nil {
			t.Fatal(err)
		}
		text := f.report(summary.New(time.Now()), time.Second, tandem.Stats{})
		if json.Valid([]byte(text)) != isJSON || !strings.HasSuffix(text, "\n") {
			t.Errorf("%s printed %q", args, text)
		}
	}
}
