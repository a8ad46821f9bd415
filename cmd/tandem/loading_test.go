//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// An import that goes on is said on a terminal, and Ctrl-C ends it.
func TestLongImportIsSaid(t *testing.T) {
	s, keys, screen := startOn(t, "map", "-p", "2", "slow.py:task", ":::", "1", "2")
	screen.await(t, "tandem: still importing slow.py:task, 2 s; Ctrl-C ends")
	typeKeys(t, keys, controlC)
	if o := s.wait(); o.status != 130 || o.stdout != "" {
		t.Errorf("exit status %d, stdout %q", o.status, o.stdout)
	}
}

// --load-timeout ends an import, and names itself.
func TestLoadTimeout(t *testing.T) {
	o := run(t, "", "map", "--load-timeout", "1500ms", "slow.py:task", ":::", "1")
	o.expect(t, 2, "", "cannot load slow.py:task: its imports and initializer took longer than 1.5s: --load-timeout allows more")
}

// A limit that no interpreter can live with is part of the message, as it was
// given.
func TestSmallMemoryIsSaid(t *testing.T) {
	o := run(t, "", "map", "--start", "spawn", "--memory", "10M", "tasks.py:echo", ":::", "1")
	if o.status != 2 || !strings.Contains(o.stderr, "(--memory is 10M, and an interpreter needs about 25M before its first import)") {
		t.Errorf("exit status %d, stderr %s", o.status, o.stderr)
	}
}

// The folder of a virtual environment is an interpreter.
func TestPythonInAFolder(t *testing.T) {
	path, err := interpreter("", "")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	script := fmt.Sprintf("#!/bin/sh\nexec %q \"$@\"\n", path)
	if err := os.WriteFile(filepath.Join(dir, "bin", "python"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	run(t, "", "map", "--python", dir, "tasks.py:echo", ":::", "1").expect(t, 0, "1\n")
}

// What an interpreter writes when it crashes is shown once.
func TestCrashIsShownOnce(t *testing.T) {
	o := run(t, "", "map", "tasks.py:segfault", ":::", "1")
	if n := strings.Count(o.stderr, "Segmentation fault"); o.status != 1 || n != 1 || !strings.Contains(o.stderr, "tandem: input 1 (1): worker ended before answering") {
		t.Errorf("exit status %d, %d times:\n%s", o.status, n, o.stderr)
	}
}

// A worker is one short line for ps.
func TestWorkersHaveShortCommandLines(t *testing.T) {
	for _, start := range []string{"spawn", "template"} {
		fifo := makeFifo(t)
		s := startWith(t, "", "", "map", "--start", start, "tasks.py:tell_process", ":::", fifo)
		gate := openFifo(t, fifo)
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", readNumber(t, fifo+".pid")))
		if err != nil || len(line) > 300 || !strings.Contains(string(line), "tandem worker") {
			t.Errorf("%s: %v, %d bytes: %q", start, err, len(line), line)
		}
		_ = gate.Close()
		s.wait().expect(t, 0, "\"\"\n")
	}
}

// A run that was killed leaves the terminal clean: no changing line, a visible
// cursor.
func TestKilledRunLeavesTheTerminalClean(t *testing.T) {
	s, keys, screen := startOn(t, "map", "-p", "2", "tasks.py:overstay", ":::", "1", "2")
	screen.await(t, "2 running")
	typeKeys(t, keys, controlC)
	screen.await(t, "press Ctrl-C again to stop them")
	typeKeys(t, keys, controlC)
	if o := s.wait(); o.status != 130 {
		t.Errorf("exit status %d", o.status)
	}
	screen.await(t, "2 not finished")
	text := screen.String()
	if _, end, _ := strings.Cut(text[strings.LastIndex(text, "running"):], "\r\x1b[K"); !strings.HasPrefix(end, "tandem: ") || !strings.HasSuffix(end, "\r\n") {
		t.Errorf("the terminal ends with %q", end)
	}
	if strings.Contains(text, "\x1b[?25l") {
		t.Error("the cursor was hidden")
	}
}

// SIGUSR1 lists what runs and ends nothing.
func TestUserSignalLists(t *testing.T) {
	fifo := makeFifo(t)
	s := start(t, "map", "-p", "1", "tasks.py:announce", ":::", fifo)
	gate := openFifo(t, fifo)
	if err := s.cmd.Process.Signal(syscall.SIGUSR1); err != nil {
		t.Fatal(err)
	}
	s.stderr.await(t, "tandem: 1 running\n    ")
	fmt.Fprint(gate, "released")
	_ = gate.Close()
	if o := s.wait(); o.status != 0 || o.stdout != "\"released\"\n" {
		t.Errorf("exit status %d, stdout %q", o.status, o.stdout)
	}
}
