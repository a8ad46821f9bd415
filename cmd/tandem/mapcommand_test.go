//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotandem/tandem/internal/nicetest"
)

// Placeholders, lines for a shell, blocks and the surroundings of commands.
func TestMapCommands(t *testing.T) {
	dir := t.TempDir()
	tests := map[string]struct {
		stdin  string
		args   []string
		stdout string
	}{
		"fields":              {"", []string{"--", "echo", "{2}-{1}", "{}", "x{}", ":::", "a", "b", ":::", "c.d"}, "c.d-a a c.d xa c.d\nc.d-b b c.d xb c.d\n"},
		"fields, appended":    {"", []string{"--", "printf", "<%s>", ":::", "a b", ":::", "c"}, "<a b><c>"},
		"fields, forms":       {"", []string{"--", "echo", "{1.} {2/} {2//} {-1/.}", ":::", "a.b", ":::", "c/d.e"}, "a d.e c d\n"},
		"names":               {"name,age\nbob,3\n\"a \"\"b\"\"\",4\n", []string{"--as", "csv", "--", "echo", "{name}:{age}", "{2}", "{other}", "{}"}, "bob:3 3 {other} bob,3\na \"b\":4 4 {other} \"a \"\"b\"\"\",4\n"},
		"names, JSON Lines":   {"{\"a\": 1, \"b\": \"x.y\"}\n", []string{"--as", "json", "--", "echo", "{a}", "{b.}", "{}"}, "1 x {\"a\": 1, \"b\": \"x.y\"}\n"},
		"awk":                 {"a b\n", []string{"--", "awk", "BEGIN {print ARGV[1]}"}, "a b\n"},
		"shell":               {"it's\n$(id)\n", []string{"--shell", "--", "printf '%s|' {} '{}' \"{}\"; echo"}, "it's|it's|it's|\n$(id)|$(id)|$(id)|\n"},
		"shell, words":        {"", []string{"--shell", "--", "echo", "a;", "echo", "{}", ":::", "b  c"}, "a\nb  c\n"},
		"shell, appended":     {"", []string{"--shell", "--", "echo x | cat; echo", ":::", "b"}, "x\nb\n"},
		"shell, fields":       {"", []string{"--shell", "--", "printf '<%s>' {}", ":::", "a b", ":::", "c'"}, "<a b><c'>"},
		"numbers":             {"a\nb\n", []string{"-p", "1", "--shell", "--", "echo $PARALLEL_SEQ $PARALLEL_JOBSLOT {#} {%} {}"}, "1 1 1 1 a\n2 1 2 1 b\n"},
		"blocks":              {"a\nb\nc\n", []string{"--pipe", "--block", "4", "--", "sh", "-c", "cat; echo {#} {}"}, "a\nb\n1 {}\nc\n2 {}\n"},
		"blocks, one":         {"a\nb", []string{"--pipe", "--", "wc", "-c"}, "3\n"},
		"blocks, none":        {"", []string{"--pipe", "--", "wc", "-c"}, ""},
		"blocks, NUL":         {"a\nb\x00c\x00", []string{"--pipe", "-0", "--block", "2", "--", "sh", "-c", "tr '\\0' .; echo"}, "a\nb.\nc.\n"},
		"blocks, shell":       {"b\na\n", []string{"--pipe", "--shell", "--", "sort | tr '\\n' ' '; echo {#}"}, "a b 1\n"},
		"environment":         {"x\n", []string{"--env", "A=b c", "--env", "E=", "--shell", "--", `echo "$A" "$E"{}`}, "b c x\n"},
		"folder":              {"x\n", []string{"--cwd", dir, "--", "sh", "-c", "pwd -P; : {}"}, realPath(t, dir) + "\n"},
		"environment, Python": {"\"A\"\n", []string{"--env", "A=b c", "--output", "raw", "os:getenv"}, "b c\n"},
		"folder, Python":      {"", []string{"--cwd", dir, "tasks.py:double", ":::", "4"}, "8\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			run(t, test.stdin, append([]string{"map"}, test.args...)...).expect(t, 0, test.stdout)
		})
	}
}

// A program with a slash is searched from the folder of --cwd, whatever that is called.
func TestMapCommandInFolder(t *testing.T) {
	dir := folder(t, map[string]string{"hello": "#!/bin/sh\necho hello $1\n", "below/hello": "#!/bin/sh\necho below $1\n"})
	for _, file := range []string{"hello", "below/hello"} {
		if err := os.Chmod(dir+file, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range [][3]string{
		{".", "./hello", "hello"}, {"./", "./hello", "hello"}, {"below", "../hello", "hello"}, {"below", "./hello", "below"},
		{"./below/", "../below/hello", "below"}, {dir + "below", "../hello", "hello"},
	} {
		s := prepare(t, "map", "--cwd", test[0], "--", test[1], ":::", "a")
		s.cmd.Dir = dir
		s.begin("/dev/null", "")
		s.wait().expect(t, 0, test[2]+" a\n", "1 ok")
	}
}

// A program is searched in the PATH that --env sets, once and before anything runs.
func TestMapCommandPath(t *testing.T) {
	dir := folder(t, map[string]string{"refused": "", "hello": "#!/bin/sh\necho hello $1\n"})
	if err := os.Chmod(dir+"hello", 0o700); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		command string
		status  int
		stdout  string
		want    string
	}{
		"there":          {"hello", 0, "hello 1\nhello 2\n", "2 ok"},
		"elsewhere":      {"ls", 127, "", "tandem: there is no command \"ls\" in the absolute folders of the PATH that --env sets, \"" + dir + "\""},
		"not executable": {"refused", 126, "", "tandem: command \"refused\" cannot be run: program refused: " + dir + "refused is not executable"},
		"a shell's line": {"hello there", 127, "", "write tandem map --shell -- 'hello there'"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := run(t, "", "map", "--env", "PATH=/", "--env", "PATH="+dir, "--", test.command, ":::", "1", "2")
			o.expect(t, test.status, test.stdout, test.want)
			if n := strings.Count(o.stderr, "tandem: "); n != 1 {
				t.Errorf("%d messages: %s", n, o.stderr)
			}
		})
	}
}

func realPath(t *testing.T, path string) string {
	t.Helper()
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	return real
}

// Large outputs come whole, by way of files that have no names, and blocks lose
// nothing.
func TestMapLargeOutput(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	line := strings.Repeat("x", 99)
	var want strings.Builder
	for range 3 {
		for range 10_000 {
			want.WriteString(line + "\n")
		}
	}
	script := "i=0; while [ $i -lt 10000 ]; do echo " + line + "; i=$((i+1)); done; : {}"
	run(t, "", "map", "-p", "2", "--shell", "--", script, ":::", "1", "2", "3").expect(t, 0, want.String())
	run(t, want.String(), "map", "-p", "2", "--pipe", "--block", "256K", "--", "cat").expect(t, 0, want.String())
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left %v, %v", entries, err)
	}
}

// Python functions have the niceness that was asked for, however their processes
// are started, on each thread.
func TestMapNicePython(t *testing.T) {
	line := fmt.Sprintln(nicetest.With(t, 5))
	for name, flags := range map[string][]string{
		"spawn":    {"--start", "spawn"},
		"template": {"--start", "template"},
		"threads":  {"-t", "2"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append([]string{"map", "--nice", "5", "-p", "1"}, flags...)
			run(t, "0\n0\n0\n", append(args, "os:nice")...).expect(t, 0, line+line+line)
		})
	}
}

// What does not fit is refused before a command runs, and an input without a
// field fails by itself.
func TestMapCommandUsage(t *testing.T) {
	tests := map[string]struct {
		args   string
		status int
		want   string
	}{
		"shell, Python":       {"--shell tasks.py:echo", 2, "--shell is for commands, and tasks.py:echo is a Python function: write tandem map --shell"},
		"pipe, Python":        {"--pipe tasks.py:echo", 2, "--pipe is for commands"},
		"nice, Python":        {"--nice -1 tasks.py:echo", 2, "--nice is -1: want 0 to 19"},
		"nice":                {"--nice 20 -- cat", 2, "--nice is 20: want 0 to 19"},
		"block without pipe":  {"--block 1M -- cat", 2, "--block is the size of the blocks of --pipe: add --pipe"},
		"block":               {"--pipe --block 0 -- cat", 2, "--block"},
		"large block":         {"--pipe --block 2G -- cat", 2, "--block is 2G: want at most 1G"},
		"environment":         {"--env A -- cat", 2, "--env \"A\": want KEY=VALUE"},
		"folder":              {"--cwd /no/such -- cat", 2, "--cwd \"/no/such\": want a folder that exists"},
		"pipe and inputs":     {"--pipe -- cat ::: a", 2, "--pipe cuts standard input or a file, and ::: gives inputs"},
		"pipe and a format":   {"--pipe --as json -- cat", 2, "--as does not go with --pipe"},
		"shell line":          {"--shell -- echo `x{}` ::: a", 2, "--shell: {} in backquotes, where no quoting is safe"},
		"shell line, open":    {"--shell -- echo 'a{} ::: a", 2, "a single quote that is not closed"},
		"memory of a program": {"--memory 40M -- python3 -c x=bytearray(90000000) ::: a", 1, "MemoryError"},
		"program in a folder": {"--cwd / -- ./no-such-program ::: a", 127, "no-such-program"},
		"summary, a word":     {"--summary json -- cat", 2, "--summary json: write --summary=json"},
		"no such program":     {"--cwd . -- ./echo ::: a", 127, "./echo"}, // although there is one in PATH
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			run(t, "", append([]string{"map"}, strings.Fields(test.args)...)...).expect(t, test.status, "", test.want)
		})
	}
	run(t, "width,height\n1,2\n", "map", "--as", "csv", "--", "echo", "{widht}").
		expect(t, 2, "", "{widht} is no field of the inputs: did you mean {width}?")
	run(t, "width,height\n1,2\n", "map", "--as", "csv", "--", "echo", "{3}").
		expect(t, 2, "", "tandem: command: placeholder {3}: inputs have 2 fields\n")
	run(t, "{\"a\":1}\n{\"b\":2}\n", "map", "--as", "json", "--", "echo", "{a}").
		expect(t, 1, "1\n", fmt.Sprintf("the input has no field %q", "a"))
}

// There is a thread for each command that runs at once and one more, within bounds.
func TestThreadsFor(t *testing.T) {
	for commands, least := range map[int]int{1: 2, 8: 9, mostSlotThreads: mostSlotThreads + 1, 10_000: mostSlotThreads + 1} {
		if got, want := threadsFor(commands), max(cores, least); got != want {
			t.Errorf("threadsFor(%d) = %d, want %d", commands, got, want)
		}
	}
}
