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
		"unknown verb, far":    {"frobnicate", 2, []string{"want one of completion, demo, doctor, help, man, map, version", "tandem map -- frobnicate"}},
		"unknown flag":         {"map --timout 1 tasks.py:echo", 2, []string{"no flag --timout: did you mean --timeout?"}},
		"bad duration":         {"map --timeout soon tasks.py:echo", 2, []string{"--timeout", "1h30m"}},
		"bad size":             {"map --memory much tasks.py:echo", 2, []string{"--memory", "512M"}},
		"bad format":           {"map --as xml tasks.py:echo", 2, []string{"--as: \"xml\" is no value of it: want auto, json"}},
		"misspelled format":    {"map --as jsno tasks.py:echo", 2, []string{"--as: \"jsno\"", "did you mean json?"}},
		"misspelled output":    {"map --output rwa tasks.py:echo", 2, []string{"--output: \"rwa\"", "did you mean raw?"}},
		"misspelled progress":  {"map --progress nnoe tasks.py:echo", 2, []string{"--progress: \"nnoe\"", "did you mean none?"}},
		"misspelled start":     {"map --start templat tasks.py:echo", 2, []string{"--start: \"templat\"", "did you mean template?", "auto, template or spawn"}},
		"misspelled color":     {"map --color alway tasks.py:echo", 2, []string{"--color: \"alway\"", "did you mean always?"}},
		"bad boolean":          {"map --unordered=perhaps tasks.py:echo", 2, []string{"--unordered: \"perhaps\"", "want true or false"}},
		"no number":            {"map --retries some tasks.py:echo", 2, []string{"--retries: \"some\"", "want a whole number"}},
		"no number of threads": {"map -t 2.5 tasks.py:echo", 2, []string{"--threads: \"2.5\"", "want a whole number"}},
		"no threads":           {"map -t 0 tasks.py:echo", 2, []string{"--threads is 0: want 1 or more"}},
		"missing value":        {"map --timeout", 2, []string{"--timeout needs a value: ", "1h30m"}},
		"missing choice":       {"map --output", 2, []string{"--output needs a value: json or raw"}},
		"unknown letter":       {"map -Z tasks.py:echo", 2, []string{"there is no flag -Z", "--help"}},
		"unknown flag, far":    {"map --frobnicate tasks.py:echo", 2, []string{"there is no flag --frobnicate", "--help"}},
		"flag of xargs":        {"map -P 4 tasks.py:echo", 2, []string{"there is no flag -P: -p N"}},
		"flag of parallel":     {"map --will-cite tasks.py:echo", 2, []string{"there is no flag --will-cite: there is no notice"}},
		"letter of parallel":   {"map -d , -- cat", 2, []string{"there is no flag -d: inputs are lines"}},
		"list of parallel":     {"map --link -- echo ::: 1 ::: 2", 2, []string{"there is no flag --link: write :::+"}},
		"flag before map":      {"-j4 echo", 2, []string{"there is no flag -j: flags of tandem map stand behind map"}},
		"no value, dashes":     {"map --progress -- cat", 2, []string{"--progress needs a value before --: auto, bar, plain"}},
		"threads, dashes":      {"map -t -- cat", 2, []string{"--threads needs a value before --: a whole number"}},
		"other verb's flag":    {"map --json tasks.py:echo", 2, []string{"there is no flag --json"}},
		"unknown doctor flag":  {"doctor --jsno", 2, []string{"no flag --jsno: did you mean --json?"}},
		"task as verb":         {"tasks.py:echo", 2, []string{"write tandem map tasks.py:echo"}},
		"unknown topic":        {"help fromats", 2, []string{"no help on \"fromats\": did you mean tandem help formats?"}},
		"unknown topic, far":   {"help me-out-of-this", 2, []string{"want one of", "placeholders"}},
		"two topics":           {"help map demo", 2, []string{"takes one command or topic"}},
		"unknown shell":        {"completion zhs", 2, []string{"did you mean zsh?"}},
		"no shell":             {"completion", 2, []string{"want bash, zsh, fish, powershell"}},
		"man, nowhere":         {"man", 2, []string{"takes one folder"}},
		"man, no folder":       {"man /no/such", 125, []string{"/no/such"}},
		"bad load timeout":     {"map --load-timeout never tasks.py:echo", 2, []string{"--load-timeout: \"never\""}},
		"command: load":        {"map --load-timeout 1s -- cat", 2, []string{"--load-timeout is for Python functions"}},
		"no interpreter":       {"map --python /bin/ls tasks.py:echo", 2, []string{"/bin/ls is no Python interpreter", "--python takes another"}},
		"folder, no python":    {"map --python / tasks.py:echo", 2, []string{"\"/\" is a folder without bin/python"}},
		"bad processes":        {"map -p x% tasks.py:echo", 2, []string{"--processes: \"x%\" is no number of processes"}},
		"no task":              {"map", 2, []string{"no task", "Examples:", "tandem map --help tells more"}},
		"flag after task":      {"map tasks.py:echo -p 2", 2, []string{"stand before the task"}},
		"missing file":         {"map task.py:echo", 2, []string{"no file \"task.py\": did you mean tasks.py?"}},
		"missing file, far":    {"map nothing.py:echo", 2, []string{"no file \"nothing.py\": give the path"}},
		"directory":            {"map ./:echo", 2, []string{"is a directory"}},
		"missing function":     {"map tasks.py:ecko", 2, []string{"cannot load tasks.py:ecko", "no function 'ecko'", "did you mean 'echo'?"}},
		"missing module":       {"map no_module:f", 2, []string{"cannot load no_module:f", "no module 'no_module'"}},
		"import failure":       {"map broken.py:f", 2, []string{"cannot load broken.py:f", "a_module_that_is_not_there", "the interpreter is ", "--python takes another"}},
		"missing interpreter":  {"map --python /no/python tasks.py:echo", 2, []string{"/no/python", "install Python 3.9 or newer"}},
		"no such field":        {"map -- echo {3} ::: a b ::: c", 2, []string{"tandem: placeholder {3}: inputs have 2 fields"}},
		"no field from behind": {"map --shell -- echo {-2/.}", 2, []string{"tandem: --shell: placeholder {-2/.}: inputs have 1 field"}},
		"no field, dry run":    {"map --dry-run -- echo {2} ::: a", 2, []string{"tandem: placeholder {2}: inputs have 1 field"}},
		"command: missing":     {"map -- no-such-command", 127, []string{"no command \"no-such-command\""}},
		"command: no such":     {"map -- ./no-such-file {}", 127, []string{"no command \"./no-such-file\""}},
		"command: not allowed": {"map -- " + locked, 126, []string{"cannot be run: permission denied"}},
		"command: threads":     {"map -t 4 -- cat", 2, []string{"--threads is for Python functions"}},
		"command: start":       {"map --start spawn -- cat", 2, []string{"--start is for Python functions"}},
		"bad start":            {"map --start fork tasks.py:echo", 2, []string{"--start: \"fork\" is no value of it: want auto, template or spawn"}},
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
			if n := strings.Count(s.stderr.String(), "tandem: "); n > 1 && !strings.Contains(s.stderr.String(), "tandem: still importing") {
				t.Errorf("%d messages", n)
			}
		})
	}
}

// What GNU parallel takes as one word is a line for a shell, which is said.
func TestShellLineIsNoProgram(t *testing.T) {
	tests := map[string]struct {
		args   []string
		status int
		want   string
	}{
		"task":        {[]string{"map", "sleep {}; echo {}", ":::", "1"}, 2, "write tandem map --shell -- 'sleep {}; echo {}'"},
		"words":       {[]string{"map", "gzip", "-k", "{}", "a b", ":::", "1"}, 2, "write tandem map -- gzip -k {} 'a b'"},
		"verb":        {[]string{"wc -l", ":::", "1"}, 2, "write tandem map --shell -- 'wc -l'"},
		"command":     {[]string{"map", "--", "echo {} | wc -c", ":::", "1"}, 127, "write tandem map --shell -- 'echo {} | wc -c'"},
		"without {}":  {[]string{"map", "--", "wc -l", ":::", "1"}, 127, "write tandem map --shell -- 'wc -l'"},
		"built in":    {[]string{"map", "--", "cd", ":::", "/"}, 127, "what only a shell knows needs --shell"},
		"with a path": {[]string{"map", "--", "/no such/program", ":::", "1"}, 127, "give the name of a program in PATH"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			run(t, "", test.args...).expect(t, test.status, "", test.want)
		})
	}
}

func TestPythonIsMissing(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	run(t, "", "map", "tasks.py:echo", ":::", "1").expect(t, 2, "", "no python3 or python on PATH", "install Python 3.9 or newer")
}

func TestHelpHasExamples(t *testing.T) {
	for _, verb := range []string{"map", "demo", "doctor", "version", "completion", "man"} {
		o := run(t, "", verb, "--help")
		if o.status != 0 || !strings.Contains(o.stdout, "Examples:\n  ") || !strings.Contains(o.stdout, "  tandem "+verb) {
			t.Errorf("%s: status %d\n%s", verb, o.status, o.stdout)
		}
	}
}

// Help goes to standard output when it was asked for.
func TestHelpTopics(t *testing.T) {
	for _, topic := range []string{"formats", "placeholders", "resume", "signals", "environment", "exit-status", "parallel", "map"} {
		o := run(t, "", "help", topic)
		if o.status != 0 || o.stderr != "" || len(o.stdout) < 300 {
			t.Errorf("help %s: status %d, %d bytes, stderr %q", topic, o.status, len(o.stdout), o.stderr)
		}
	}
	for _, args := range [][]string{{"help"}, {"--help"}} {
		if o := run(t, "", args...); o.status != 0 || !strings.Contains(o.stdout, "Topics") {
			t.Errorf("%q: status %d\n%s", args, o.status, o.stdout)
		}
	}
}

// Wrong values of the environment name the variable. Verbs without the flag do not
// care.
func TestWrongSetting(t *testing.T) {
	t.Setenv("TANDEM_PROGRESS", "nnoe")
	run(t, "", "map", "tasks.py:echo", ":::", "1").expect(t, 2, "", `TANDEM_PROGRESS: "nnoe" is no value of it: did you mean none?`)
	if o := run(t, "", "version"); o.status != 0 {
		t.Errorf("version: status %d, %s", o.status, o.stderr)
	}
}

// Messages are coloured when that was asked for, results never.
func TestColorOfMessages(t *testing.T) {
	args := []string{"map", "--output", "raw", "tasks.py:unencodable", ":::", "1", "2"}
	plain := run(t, "", args...)
	if plain.status != 1 || strings.Contains(plain.stderr, "\x1b") {
		t.Errorf("status %d, stderr %q", plain.status, plain.stderr)
	}
	always := run(t, "", append([]string{"map", "--color", "always"}, args[1:]...)...)
	if !strings.Contains(always.stderr, "\x1b[31mtandem: input 2 (2)") || always.stdout != plain.stdout {
		t.Errorf("stdout %q, stderr %q", always.stdout, always.stderr)
	}
	t.Setenv("FORCE_COLOR", "1")
	if o := run(t, "", "mpa"); !strings.HasPrefix(o.stderr, "\x1b[31mtandem: there is no command") {
		t.Errorf("stderr %q", o.stderr)
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
