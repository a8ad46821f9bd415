//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestResumeSeesWhatTheCommandSees: inputs that {} or the way they come tells apart
// are different ones.
func TestResumeSeesWhatTheCommandSees(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	run(t, `{"a":1}`+"\n", "map", "--log", log, "--as", "json", "--", "echo", "{}").expect(t, 0, `{"a":1}`+"\n", clean)
	run(t, `{"a":"1"}`+"\n"+`{"a":1}`+"\n", "map", "--log", log, "--resume", "--as", "json", "--", "echo", "{}").
		expect(t, 0, `{"a":"1"}`+"\n", "1 call has finished")
	run(t, `{"a":1}`+"\n", "map", "--log", log, "--resume", "--", "echo", "{}").expect(t, 2, "", "another task")

	log = filepath.Join(t.TempDir(), "log")
	run(t, "a", "map", "--log", log, "--pipe", "--", "cat").expect(t, 0, "a", clean)
	run(t, "a", "map", "--log", log, "--resume", "--", "cat").expect(t, 2, "", "another task", "--pipe -- cat")
	run(t, "a", "map", "--log", log, "--resume", "--pipe", "-q", "--", "cat").expect(t, 0, "")
}

// TestLogAndOutputApart: a log that output would write over is refused.
func TestLogAndOutputApart(t *testing.T) {
	file := writeFile(t, "out", "")
	s := startWith(t, "/dev/null", file, "map", "--log", "/dev/stdout", "--", "echo", ":::", "a")
	s.wait().expect(t, 2, "", "--log /dev/stdout is the file that standard output goes to")
	o := run(t, "", "map", "-q", "--log", "/dev/stdout", "--", "echo", ":::", "a")
	if lines := strings.Count(o.stdout, "\n"); o.status != 0 || lines != 4 || !strings.Contains(o.stdout, "\na\n") {
		t.Errorf("status %d, %q", o.status, o.stdout)
	}
}

// TestLogIntoPipe: the end of its reader ends the run.
func TestLogIntoPipe(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, "map", "-q", "-p", "1", "--log", fifo, "--", "echo", ":::", "a", "b")
	reader, err := os.Open(fifo)
	if err != nil {
		t.Fatal(err)
	}
	log, err := io.ReadAll(reader)
	if o := s.wait(); err != nil || o.status != 0 || bytes.Count(log, []byte(`"event":"end"`)) != 2 {
		t.Errorf("%v, status %d, log %q", err, o.status, log)
	}
	_ = reader.Close()

	s = start(t, "map", "-q", "--log", fifo, "--", "echo")
	if reader, err = os.Open(fifo); err != nil {
		t.Fatal(err)
	}
	if _, err := reader.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	_ = reader.Close()
	if _, err := io.WriteString(s.stdin, "a\n"); err != nil {
		t.Fatal(err)
	}
	if o := s.wait(); o.status != statusOwn || !strings.Contains(o.stderr, "broken pipe") {
		t.Errorf("status %d, %s", o.status, o.stderr)
	}
}

// TestTraceCountsCalls: how many calls run is a counter of the trace.
func TestTraceCountsCalls(t *testing.T) {
	path := filepath.Join(t.TempDir(), "trace")
	run(t, "", "map", "-q", "-p", "1", "--trace", path, "--", "sleep", ":::", "0.15", "0.15").expect(t, 0, "")
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var events []struct {
		Ph   string
		Args map[string]any
	}
	if err := json.Unmarshal(content, &events); err != nil {
		t.Fatal(err)
	}
	counters := 0
	for _, e := range events {
		if e.Ph == "C" && e.Args["running"] != nil && e.Args["waiting"] != nil {
			counters++
		}
	}
	if counters == 0 {
		t.Errorf("no counter in %s", content)
	}
}

// What runs again is kept where the failure was, and what has succeeded stays, also
// among equal inputs.
func TestFailedResultsAreReplaced(t *testing.T) {
	dir := folder(t, map[string]string{"run": ""})
	args := []string{"-p", "1", "--log", dir + "log", "--results", dir + "kept", "--shell", "--",
		"cat " + dir + "run; test -s " + dir + "run || test {#}{} = 2a", ":::", "a", "a"} // the first one fails, until the file has something
	run(t, "", append([]string{"map"}, args...)...).expect(t, 1, "", "1 failed")
	if err := os.WriteFile(dir+"run", []byte("again"), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, "", append([]string{"map", "--resume-failed"}, args...)...).expect(t, 0, "again", "1 ok")
	for name, want := range map[string]string{"a": "again", "a~2": ""} {
		if got := readFile(t, filepath.Join(dir, "kept", "1", name, "stdout")); got != want {
			t.Errorf("%s has %q, want %q", name, got, want)
		}
	}
}

// The job log counts what was passed on as it came, like what was kept.
func TestJobLogOfLines(t *testing.T) {
	for _, flag := range []string{"--keep-order", "--line-buffer"} {
		log := filepath.Join(t.TempDir(), "jobs")
		run(t, "", "map", flag, "--joblog", log, "--", "printf", `{}\n2\n3`, ":::", "one").expect(t, 0, "one\n2\n3", "1 ok")
		lines := strings.Split(readFile(t, log), "\n")
		if columns := strings.Split(lines[1], "\t"); columns[5] != "7" {
			t.Errorf("%s: Receive is %s, want 7", flag, columns[5])
		}
	}
}
