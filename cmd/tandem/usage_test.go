//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What cannot begin ends with one message and without reading any input.
func TestUsage(t *testing.T) {
	locked := filepath.Join(t.TempDir(), "locked")
	if err := os.WriteFile(locked, []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args   string
		status int
		want   []string
	}{
		"no verb":              {"", 2, []string{"Examples:", "tandem map"}},
		"unknown verb":         {"mpa", 2, []string{"no command \"mpa\": did you mean tandem map?"}},
		"unknown verb, far":    {"frobnicate", 2, []string{"want one of completion, demo, doctor"}},
		"unknown flag":         {"map --timout 1 tasks.py:echo", 2, []string{"no flag --timout: did you mean --timeout?"}},
		"bad duration":         {"map --timeout soon tasks.py:echo", 2, []string{"--timeout", "1h30m"}},
		"bad size":             {"map --memory much tasks.py:echo", 2, []string{"--memory", "512M"}},
		"bad format":           {"map --as xml tasks.py:echo", 2, []string{"want auto, json, str or csv"}},
		"no processes":         {"map -p x tasks.py:echo", 2, []string{"is no number of processes"}},
		"no task":              {"map", 2, []string{"no task"}},
		"flag after task":      {"map tasks.py:echo -p 2", 2, []string{"stand before the task"}},
		"missing file":         {"map task.py:echo", 2, []string{"no file \"task.py\": did you mean tasks.py?"}},
		"missing file, far":    {"map nothing.py:echo", 2, []string{"no file \"nothing.py\": give the path"}},
		"directory":            {"map ./:echo", 2, []string{"is a directory"}},
		"missing function":     {"map tasks.py:ecko", 2, []string{"cannot load tasks.py:ecko", "no function 'ecko'", "did you mean 'echo'?"}},
		"missing module":       {"map no_module:f", 2, []string{"cannot load no_module:f", "no module 'no_module'"}},
		"import failure":       {"map broken.py:f", 2, []string{"cannot load broken.py:f", "a_module_that_is_not_there"}},
		"missing interpreter":  {"map --python /no/python tasks.py:echo", 2, []string{"/no/python", "install Python 3.9 or newer"}},
		"command: missing":     {"map -- no-such-command", 127, []string{"no command \"no-such-command\""}},
		"command: no such":     {"map -- ./no-such-file {}", 127, []string{"no command \"./no-such-file\""}},
		"command: not allowed": {"map -- " + locked, 126, []string{"cannot be run: permission denied"}},
		"command: threads":     {"map -t 4 -- cat", 2, []string{"--threads is for Python functions"}},
		"command: start":       {"map --start spawn -- cat", 2, []string{"--start is for Python functions"}},
		"bad start":            {"map --start fork tasks.py:echo", 2, []string{"want auto, template or spawn"}},
		"missing preload":      {"map --preload nope --start spawn tasks.py:echo", 2, []string{"no module 'nope'"}},
		"bad initializer":      {"map --initializer broken tasks.py:echo", 2, []string{"Initializer is \"broken\": want FILE.py:FUNCTION"}},
		"failing initializer":  {"map --initializer tasks.py:initialize_badly tasks.py:echo", 2, []string{"Traceback", "in initialize_badly", "initializer: tasks.py:initialize_badly raised ValueError: no model"}},
		"no template":          {"map --start template threads.py:echo", 2, []string{"the imports of threads.py:echo started a thread"}},
		"doctor, no task":      {"doctor x", 2, []string{"x"}},
		"doctor, two tasks":    {"doctor a.py:f b.py:f", 2, []string{"takes one at most"}},
		"arguments":            {"version 1", 2, []string{"tandem version takes no arguments"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, strings.Fields(test.args)...) // its input stays open
			s.wait().expect(t, test.status, "", test.want...)
			if n := strings.Count(s.stderr.String(), "tandem: "); n > 1 {
				t.Errorf("%d messages", n)
			}
		})
	}
}

func TestPythonIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	run(t, "", "map", "tasks.py:echo", ":::", "1").expect(t, 2, "", "no python3 or python on PATH", "install Python 3.9 or newer")
}

func TestHelpHasExamples(t *testing.T) {
	for _, verb := range []string{"map", "demo", "doctor", "version"} {
		o := run(t, "", verb, "--help")
		if o.status != 0 || !strings.Contains(o.stdout, "Examples:\n  tandem "+verb) {
			t.Errorf("%s: status %d\n%s", verb, o.status, o.stdout)
		}
	}
}

func TestStandardStreamsFail(t *testing.T) {
	t.Run("input", func(t *testing.T) {
		s := startWith(t, "/", "", "map", "tasks.py:echo")
		s.wait().expect(t, 125, "", "tandem: standard input: ")
	})
	t.Run("output", func(t *testing.T) {
		if _, err := os.Stat("/dev/full"); err != nil {
			t.Skip("this system has no /dev/full") // Linux has it
		}
		s := startWith(t, "", "/dev/full", "map", "tasks.py:echo", ":::", "1")
		s.wait().expect(t, 125, "", "tandem: standard output: no space left on device")
	})
}
