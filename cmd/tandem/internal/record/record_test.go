package record_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/record"
	"github.com/gotandem/tandem/cmd/tandem/internal/runlog"
	"github.com/gotandem/tandem/cmd/tandem/internal/summary"
)

var began = time.Unix(1795280041, 0)

// files is a Config with all files in a new folder, and what it warns about.
func files(t *testing.T) (record.Config, *[]string) {
	dir, warnings := t.TempDir(), &[]string{}
	return record.Config{
		Task: record.Task{Kind: "command", Name: "wc"}, Log: filepath.Join(dir, "log"), JobLog: filepath.Join(dir, "jobs"),
		Trace: filepath.Join(dir, "trace"), Summary: summary.New(began), Started: began,
		Say: func(text string) { *warnings = append(*warnings, text) },
	}, warnings
}

func open(t *testing.T, c record.Config) *record.Recorder {
	t.Helper()
	r, err := record.Open(c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func check(t *testing.T, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func input(text string) inputs.Record { return inputs.Record{Whole: []byte(text)} }

func ended(number int, text string, key outcome.Key, err error) *outcome.Outcome {
	return &outcome.Outcome{
		Number: number, Input: text, Call: "wc " + text, Key: key, Start: began, Wall: time.Second, Err: err,
		Stdout: outcome.Stream{Bytes: []byte("out " + text)},
	}
}

// TestRunThenResume: one run that ends early, and one that goes on.
func TestRunThenResume(t *testing.T) {
	c, warnings := files(t)
	first := open(t, c)
	keys := map[string]outcome.Key{}
	for i, text := range []string{"a", "b", "c"} {
		d, err := first.Plan(i+1, input(text))
		check(t, err)
		if d.Action != record.Run || d.Key == (outcome.Key{}) {
			t.Fatalf("got %+v", d)
		}
		keys[text] = d.Key
	}
	check(t,
		first.Held(ended(2, "b", keys["b"], errors.New("bad"))),
		first.Ended(ended(1, "a", keys["a"], nil)),
		first.Flush(),
		first.Sample(tandem.Stats{}),
		first.Close(record.Totals{Unfinished: 1, Elapsed: time.Second, Status: 130}), // b was not written
	)
	if events := lines(t, c.Log); events != "run held end summary" {
		t.Errorf("the log has %s", events)
	}

	c.Mode, c.Summary = runlog.Resume, summary.New(began)
	second := open(t, c)
	if want := []string{c.Log + ": 2 calls have finished; the output of 1 was not written and follows now"}; fmt.Sprint(*warnings) != fmt.Sprint(want) {
		t.Errorf("warned %q", *warnings)
	}
	var actions []record.Action
	for i, text := range []string{"c", "b", "a"} {
		d, err := second.Plan(i+1, input(text))
		check(t, err)
		actions = append(actions, d.Action)
		if o := d.Outcome; d.Action == record.Replay && (o.Number != 2 || string(o.Stdout.Bytes) != "out b" || o.Err.Error() != "bad") {
			t.Errorf("replayed %+v", o)
		}
	}
	if want := []record.Action{record.Run, record.Replay, record.Skip}; fmt.Sprint(actions) != fmt.Sprint(want) {
		t.Errorf("actions %v, want %v", actions, want)
	}
	if skipped, replayed := second.Counts(); skipped != 1 || replayed != 1 {
		t.Errorf("%d skipped, %d replayed", skipped, replayed)
	}
	check(t, second.Ended(ended(1, "c", keys["c"], nil)), second.Written(2), second.Flush(), second.Close(record.Totals{}))
	if events := lines(t, c.Log); events != "run held end summary run end written summary" {
		t.Errorf("the log has %s", events)
	}
	jobs, err := os.ReadFile(c.JobLog)
	if err != nil || bytes.Count(jobs, []byte("\n")) != 4 {
		t.Errorf("a resumed run appends to the job log: got %q, %v", jobs, err)
	}
	if got := c.Summary.Report(time.Second, tandem.Stats{}); got.Succeeded != 1 {
		t.Errorf("the summary has %+v", got)
	}
	trace, err := os.ReadFile(c.Trace)
	if err != nil || !json.Valid(trace) {
		t.Errorf("trace %s, %v", trace, err)
	}
}

// lines returns the names of the events of a log.
func lines(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	check(t, err)
	var names []string
	for line := range bytes.Lines(content) {
		var event struct{ Event string }
		check(t, json.Unmarshal(line, &event))
		names = append(names, event.Event)
	}
	return strings.Join(names, " ")
}

func TestNothingAskedFor(t *testing.T) {
	r := open(t, record.Config{})
	if r != nil {
		t.Fatal("want nil")
	}
	d, err := r.Plan(1, input("a"))
	o := ended(1, "a", outcome.Key{}, nil)
	skipped, replayed := r.Counts()
	if d != (record.Decision{}) || skipped+replayed != 0 {
		t.Errorf("got %+v", d)
	}
	check(t, err, r.Held(o), r.Ended(o), r.Written(1), r.Flush(), r.Close(record.Totals{}))
	if n := testing.AllocsPerRun(100, func() { _, _, _ = r.Ended(o), r.Flush(), r.Held(o) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestRefusedLogLeavesTheOthers: a log that is refused has cost no other file.
func TestRefusedLogLeavesTheOthers(t *testing.T) {
	c, _ := files(t)
	check(t, os.WriteFile(c.Log, []byte("mine\n"), 0o644), os.WriteFile(c.JobLog, []byte("jobs"), 0o644))
	for _, mode := range []runlog.Mode{runlog.New, runlog.Resume} {
		c.Mode = mode
		_, err := record.Open(c)
		if _, ok := errors.AsType[*runlog.Refused](err); !ok || !strings.Contains(err.Error(), c.Log) {
			t.Errorf("got %v", err)
		}
	}
	for path, want := range map[string]string{c.Log: "mine\n", c.JobLog: "jobs"} {
		if got, err := os.ReadFile(path); err != nil || string(got) != want {
			t.Errorf("%s has %q, %v", path, got, err)
		}
	}
}

// TestFailureToOpenLeavesNoTrap: the log of a run that could not start is not in
// the way of the next one.
func TestFailureToOpenLeavesNoTrap(t *testing.T) {
	c, _ := files(t)
	c.JobLog = "/nonexistent/jobs"
	if _, err := record.Open(c); err == nil {
		t.Fatal("want an error")
	}
	c.JobLog = ""
	check(t, open(t, c).Close(record.Totals{}))
}

func TestChangedTask(t *testing.T) {
	c, warnings := files(t)
	file := filepath.Join(t.TempDir(), "f.py")
	for _, text := range []string{"one", "two", "two"} {
		check(t, os.WriteFile(file, []byte(text), 0o644))
		var err error
		c.Task, err = record.PythonTask("f.py:f", "", file)
		check(t, err)
		c.Mode = runlog.Resume
		check(t, open(t, c).Close(record.Totals{}))
	}
	want := file + " has changed since the last run: what has finished is not run again; give another --log FILE to run all"
	if len(*warnings) != 1 || (*warnings)[0] != want {
		t.Errorf("warned %q, want %q", *warnings, want)
	}
}

func TestTasks(t *testing.T) {
	script := filepath.Join(t.TempDir(), "script")
	digest := func(content string, args ...string) string {
		check(t, os.WriteFile(script, []byte(content), 0o755))
		task, err := record.CommandTask(record.Command{Args: args, Program: script})
		check(t, err)
		return task.FileDigest
	}
	if digest("#!/bin/sh\n1", "s") == digest("#!/bin/sh\n2", "s") {
		t.Error("a changed script has the same digest")
	}
	if digest("binary 1", "s") != digest("binary 2", "s") {
		t.Error("a binary was read")
	}
	names := map[string]bool{}
	for _, args := range [][]string{{"a b"}, {"a", "b"}, {"a", ""}, {"a'b"}, {"a", "{}"}, {"--as", "x"}, {"--pipe", "--", "a b"}} {
		for _, c := range []record.Command{{}, {Pipe: true}, {Format: "csv"}} {
			c.Args = args
			task, err := record.CommandTask(c)
			check(t, err)
			names[task.Name] = true
		}
	}
	for _, format := range []string{"", "json"} {
		task, err := record.PythonTask("m:f", format, "")
		check(t, err)
		names[task.Name] = true
	}
	if len(names) != 23 {
		t.Errorf("tasks have the same name: %v", names)
	}
	if _, err := record.PythonTask("f.py:f", "", "/nonexistent/f.py"); err == nil ||
		err.Error() != "reading /nonexistent/f.py for its digest: no such file or directory" {
		t.Errorf("got %v", err)
	}
}
