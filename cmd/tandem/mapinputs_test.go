//go:build unix

package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// files makes files in a folder of the test and returns the folder.
func folder(t *testing.T, contents map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range contents {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir + string(filepath.Separator)
}

func TestMapSources(t *testing.T) {
	dir := folder(t, map[string]string{
		"ab": "a\nb\n", "12": "1\n2\n", "nul": "a\nb\x00c\x00", "t.csv": "width,height\n3,4\n5,6\n", "u.csv": "width\n1\n2\n", "h.csv": "height\n8\n9\n",
	})
	tests := map[string]struct {
		stdin  string
		args   []string
		stdout string
	}{
		"product":                {"", []string{"tasks.py:area", ":::", "1", "2", ":::", "10", "20"}, "10\n20\n20\n40\n"},
		"linked":                 {"", []string{"tasks.py:area", ":::", "1", "2", ":::+", "10", "20", "30"}, "10\n40\n"},
		"file":                   {"", []string{"-a", dir + "ab", "tasks.py:echo"}, "\"a\"\n\"b\"\n"},
		"file of NUL":            {"", []string{"-0", "-a", dir + "nul", "tasks.py:echo"}, "\"a\\nb\"\n\"c\"\n"},
		"two files":              {"", []string{"-a", dir + "12", "-a", dir + "12", "tasks.py:area"}, "1\n2\n2\n4\n"},
		"files":                  {"", []string{"tasks.py:area", "::::", dir + "12", dir + "12"}, "1\n2\n2\n4\n"},
		"linked file":            {"", []string{"tasks.py:area", ":::", "5", "6", "::::+", dir + "12"}, "5\n12\n"},
		"standard input as file": {"3\n4\n", []string{"tasks.py:area", ":::", "1", "2", "::::", "-"}, "3\n4\n6\n8\n"},
		"linked to a flag":       {"", []string{"--range", "3..5", "tasks.py:area", ":::+", "1", "2"}, "3\n8\n"},
		"range":                  {"", []string{"--range", "9..1..4", "tasks.py:echo"}, "9\n5\n1\n"},
		"ranges":                 {"", []string{"--range", "1..2", "--range", "3..4", "tasks.py:area"}, "3\n4\n6\n8\n"},
		"glob":                   {"", []string{"--glob", "t*.py", "--glob", "**/slow.py", "tasks.py:echo"}, "\"tasks.py\"\n\"threads.py\"\n\"slow.py\"\n"},
		"spread array":           {"[2, 3]\n\n[4, 5]\n", []string{"--as", "json", "tasks.py:area(*)"}, "6\n20\n"},
		"spread object":          {`{"name": "ann", "age": 7}`, []string{"tasks.py:greet(**)"}, "\"ann is 7\"\n"},
		"spread list":            {"", []string{"tasks.py:area(*)", ":::", "2", ":::", "3"}, "6\n"},
		"table":                  {"name,age\nann,007\n\"b\n\",\"1,5\"\n", []string{"--as", "csv", "tasks.py:greet"}, "\"ann is 007\"\n\"b\\n is 1,5\"\n"},
		"table, part":            {"name\r\nann\r\n", []string{"--as", "csv", "tasks.py:greet"}, "\"ann is 0\"\n"},
		"table by position":      {"age,name\n7,ann\n", []string{"--as", "csv", "tasks.py:greet(*)"}, "\"7 is ann\"\n"},
		"table of any columns":   {"a b,c\n1,2\n", []string{"--as", "csv", "tasks.py:members"}, "{\"a b\":\"1\",\"c\":\"2\"}\n"},
		"tables":                 {"", []string{"--as", "csv", "-a", dir + "u.csv", "-a", dir + "h.csv", "tasks.py:members"}, "{\"width\":\"1\",\"height\":\"8\"}\n{\"width\":\"1\",\"height\":\"9\"}\n{\"width\":\"2\",\"height\":\"8\"}\n{\"width\":\"2\",\"height\":\"9\"}\n"},
		"tables, linked":         {"", []string{"--as", "csv", "tasks.py:members", "::::", dir + "u.csv", "::::+", dir + "h.csv"}, "{\"width\":\"1\",\"height\":\"8\"}\n{\"width\":\"2\",\"height\":\"9\"}\n"},
		"empty table":            {"name\n", []string{"--as", "csv", "tasks.py:greet"}, ""},
		"command, table":         {"a,b\n1,\"2 3\"\n", []string{"--as", "csv", "--", "echo"}, "1,\"2 3\"\n"},
		"command, product":       {"", []string{"-p", "1", "--", "echo", ":::", "a", "b", ":::", "1", "2"}, "a 1\na 2\nb 1\nb 2\n"},
		"builtin":                {"", []string{"math:pow", ":::", "2", "3", ":::", "2"}, "4.0\n9.0\n"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			run(t, test.stdin, append([]string{"map"}, test.args...)...).expect(t, 0, test.stdout)
		})
	}
}

// A record that is no input fails by itself.
func TestMapBadRecords(t *testing.T) {
	run(t, "name,age\nann,1\nbob\ncid,3,4\ndan,5\n", "map", "--as", "csv", "tasks.py:greet").
		expect(t, 1, "\"ann is 1\"\n\"dan is 5\"\n", "tandem: input 2 (bob): standard input, line 3: 1 field, the header has 2 (name, age)",
			"tandem: input 3 (cid,3,4): standard input, line 4: 3 fields", "4 inputs: 2 ok, 2 failed")
	run(t, "[1,2]\n{}\n5\n[3,4]\n", "map", "tasks.py:area(*)").
		expect(t, 1, "2\n12\n", "tasks.py:area(*) takes an array, the input is an object", "the input is a number", "4 inputs: 2 ok, 2 failed")
	run(t, "{\"a\": 1}\n{\n", "map", "--as", "json", "--", "echo").
		expect(t, 1, "{\"a\": 1}\n", "tandem: input 2 ({): input is not valid JSON")
}

// What cannot fit is refused before any call, also when it is known only after
// the header was read.
func TestMapRefusesInputs(t *testing.T) {
	dir := folder(t, map[string]string{"t.csv": "name,agee\nann,7\n", "bad.csv": "a,,c\n", "lines": "1\n"})
	tests := map[string]struct {
		args string
		want string
	}{
		"two parameters":   {"tasks.py:area ::: 1", "tasks.py:area takes 2 arguments (width, height), and an input is one: give two sources of inputs (::: ... ::: ...)"},
		"two sources":      {"tasks.py:echo ::: 1 ::: 2", "tasks.py:echo takes 1 argument (value), and there are 2 sources of inputs"},
		"three sources":    {"tasks.py:area ::: 1 ::: 2 ::: 3", "takes 2 arguments (width, height), and there are 3 sources of inputs"},
		"generator":        {"tasks.py:count_up ::: 1", "is a generator function"},
		"column":           {"--as csv -a " + dir + "t.csv tasks.py:greet", "tasks.py:greet has no parameter \"agee\": did you mean age?"},
		"columns":          {"--as csv -a " + dir + "t.csv tasks.py:echo(*)", "takes 1 argument (value), and there are 2 columns"},
		"missing column":   {"--as csv -a " + dir + "t.csv tasks.py:area", "tasks.py:area has no parameter \"name\": it takes width and height"},
		"header":           {"--as csv -a " + dir + "bad.csv tasks.py:members", "bad.csv: column 2 has no name"},
		"no file":          {"-a " + dir + "none tasks.py:echo", "none: no such file or directory"},
		"no such list":     {"tasks.py:area ::: 1 :::: " + dir + "none", "none: no such file or directory"},
		"no match":         {"--glob *.none tasks.py:echo", "--glob \"*.none\": matches no file"},
		"bad pattern":      {"--glob [a tasks.py:echo", "\"[a\" is no pattern"},
		"bad range":        {"--range 1-5 tasks.py:echo", "\"1-5\" is no range: want A..B"},
		"nothing to link":  {"tasks.py:echo :::+ 1", ":::+ links to the source before it, and there is none: write :::"},
		"csv of list":      {"--as csv tasks.py:members ::: 1", "--as csv is for files with a header, and ::: has none"},
		"csv of range":     {"--as csv --range 1..2 tasks.py:members", "and --range has none"},
		"csv with NUL":     {"--as csv -0 tasks.py:members", "--null does not go with --as csv"},
		"NUL of list":      {"-0 tasks.py:echo ::: 1", "--null is for the lines of files"},
		"json of glob":     {"--as json --glob * tasks.py:echo", "--as json does not go with --glob"},
		"stdin twice":      {"-a - tasks.py:area :::: -", "standard input (-) is given 2 times"},
		"total":            {"--total 0 tasks.py:echo", "--total is 0: want 1 or more"},
		"text is no array": {"--as str tasks.py:area(*) ::: 1", "tasks.py:area(*) takes the parts of a JSON value, and each input is text"},
		"no names":         {"tasks.py:greet(**) ::: 1 ::: 2", "tasks.py:greet(**) takes arguments by name, and several sources of inputs have no names"},
		"empty path":       {"tasks.py:echo ::::", "no file after ::::"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := start(t, append([]string{"map"}, strings.Fields(test.args)...)...) // its input stays open
			o := s.wait()
			o.expect(t, 2, "", test.want)
			if n := strings.Count(o.messages(), "tandem: "); n != 1 {
				t.Errorf("%d messages", n)
			}
		})
	}
}

// The first result is there while the first source is open, also where inputs are
// tables or combinations.
func TestMapSourcesStream(t *testing.T) {
	for name, test := range map[string]struct {
		args       []string
		head, line string
		want       string
	}{
		"table":   {[]string{"--as", "csv", "tasks.py:greet"}, "name,age\n", "ann,7\n", "\"ann is 7\"\n"},
		"product": {[]string{"-a", "-", "tasks.py:area", ":::", "2"}, "", "3\n", "6\n"},
		"linked":  {[]string{"--range", "5..5000000", "tasks.py:area", "::::+", "-"}, "", "1\n", "5\n"},
		"json":    {[]string{"--as", "json", "--", "echo"}, "\n", "{}\n", "{}\n"},
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t, append([]string{"map"}, test.args...)...)
			fmt.Fprint(s.stdin, test.head+test.line)
			if line, err := bufio.NewReader(s.stdout).ReadString('\n'); err != nil || line != test.want {
				t.Errorf("read %q, %v, want %q", line, err, test.want)
			}
			_ = s.stdin.Close()
			s.wait().expect(t, 0, "")
		})
	}
}

// A source that is broken on the way ends the run after the results of what it
// gave.
func TestMapSourceFails(t *testing.T) {
	dir := folder(t, map[string]string{"a.csv": "x\n1\n"})
	run(t, "", "map", "-q", "tasks.py:area", ":::", "1", "::::", dir).expect(t, 2, "", "is a directory: give a file")
	run(t, "", "map", "--as", "csv", "tasks.py:members", "::::", dir+"a.csv", dir+"a.csv").
		expect(t, 2, "", "two of them have a field \"x\": rename one")
}
