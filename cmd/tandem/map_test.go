//go:build unix

package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// numbers returns the lines from to to of f.
func numbers(from, to int, f func(n int) int) string {
	var b strings.Builder
	for n := from; n <= to; n++ {
		b.WriteString(strconv.Itoa(f(n)) + "\n")
	}
	return b.String()
}

func same(n int) int { return n }

func TestMapPrimes(t *testing.T) {
	run(t, "", "map", "../../../examples/primes.py:count", ":::", "100000", "200000", "300000").
		expect(t, 0, "9592\n17984\n25997\n")
}

func TestMapInputsAndOutputs(t *testing.T) {
	tests := map[string]struct {
		stdin  string
		args   []string
		stdout string
	}{
		"order":              {numbers(1, 300, same), []string{"-p", "2", "-t", "3", "tasks.py:double"}, numbers(1, 300, func(n int) int { return 2 * n })},
		"auto":               {"1\n1.50\ntrue\n[1, 2]\nabc\n01\n\n\"q\"\n{\"a\":1}\n", []string{"tasks.py:echo"}, "1\n1.5\ntrue\n[1,2]\n\"abc\"\n\"01\"\n\"\"\n\"q\"\n{\"a\":1}\n"},
		"text":               {"1\nnull\n", []string{"--as", "str", "tasks.py:echo"}, "\"1\"\n\"null\"\n"},
		"last line unended":  {"1\n2", []string{"tasks.py:double"}, "2\n4\n"},
		"NUL":                {"a\nb\x00c\x00", []string{"-0", "tasks.py:echo"}, "\"a\\nb\"\n\"c\"\n"},
		"raw":                {"a\"b\n5\n", []string{"--output", "raw", "tasks.py:echo"}, "a\"b\n5\n"},
		"raw bytes":          {"\xff\xfe/x\n", []string{"--output", "raw", "tasks.py:echo"}, "\xff\xfe/x\n"},
		"no lines":           {"", []string{"tasks.py:echo"}, ""},
		"no arguments":       {"1\n", []string{"tasks.py:echo", ":::"}, ""},
		"arguments":          {"9\n", []string{"tasks.py:double", ":::", "1", "-2"}, "2\n-4\n"},
		"module":             {"", []string{"tasks:double", ":::", "4"}, "8\n"},
		"library":            {"", []string{"--as", "str", "os.path:basename", ":::", "/a/b"}, "\"b\"\n"},
		"attribute":          {"", []string{"tasks.py:Shape.area", ":::", "3"}, "9\n"},
		"large number":       {"123456789012345678901234567890\n", []string{"tasks.py:double"}, "246913578024691357802469135780\n"},
		"command":            {"b\na\n", []string{"--", "echo", "x"}, "x b\nx a\n"},
		"command, arguments": {"", []string{"--", "echo", "{/.}-{#}", ":::", "d/a.txt", "e/b"}, "a-1\nb-2\n"},
		"command, no shell":  {"", []string{"--", "echo", "$HOME; *", ":::", "a  'b' \"c\" $(d) \n"}, "$HOME; * a  'b' \"c\" $(d) \n\n"},
		"command, bytes":     {"\xff\n", []string{"--", "printf", "%s"}, "\xff"},
		"command, NUL":       {"a\nb\x00", []string{"-0", "--", "printf", "[%s]"}, "[a\nb]"},
		"command, no lines":  {"", []string{"--", "echo"}, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			run(t, test.stdin, append([]string{"map"}, test.args...)...).expect(t, 0, test.stdout)
		})
	}
}

// A way to start that was not the first choice is told once, unless asked to be
// quiet.
func TestMapTellsHowItStarts(t *testing.T) {
	run(t, "", "map", "--start", "template", "--preload", "json", "--initializer", "tasks.py:initialize", "tasks.py:is_initialized", ":::", "1").
		expect(t, 0, "1\n")
	o := run(t, "", "map", "-p", "2", "threads.py:echo", ":::", "1", "2")
	o.expect(t, 0, "1\n2\n", "each Python process is started by itself: the imports of threads.py:echo started a thread")
	if n := strings.Count(o.stderr, "by itself"); n != 1 {
		t.Errorf("said %d times: %s", n, o.stderr)
	}
	for _, more := range []string{"-q", "--start=spawn"} {
		if o := run(t, "", "map", more, "threads.py:echo", ":::", "1"); o.messages() != "" {
			t.Errorf("%s: stderr is %q", more, o.stderr)
		}
	}
}

func TestMapUnordered(t *testing.T) {
	o := run(t, numbers(1, 200, same), "map", "-p", "2", "--unordered", "tasks.py:double")
	lines := strings.Split(strings.TrimSpace(o.stdout), "\n")
	slices.SortFunc(lines, func(a, b string) int { return len(a)*1000 - len(b)*1000 + strings.Compare(a, b) })
	o.stdout = strings.Join(lines, "\n") + "\n"
	o.expect(t, 0, numbers(1, 200, func(n int) int { return 2 * n }))
}

// A slow call does not hold back the results of others when order is no matter.
func TestMapUnorderedPassesASlowCall(t *testing.T) {
	fifo := makeFifo(t)
	s := start(t, "map", "-p", "2", "--unordered", "-q", "--", "sh", "-c", `case $1 in /*) cat "$1";; *) echo "$1";; esac`, "sh")
	fmt.Fprintf(s.stdin, "%s\nquick\n", fifo)
	lines := bufio.NewReader(s.stdout)
	if line, err := lines.ReadString('\n'); err != nil || line != "quick\n" {
		t.Errorf("read %q, %v", line, err)
	}
	writeFifo(t, fifo, "slow\n")
	if line, err := lines.ReadString('\n'); err != nil || line != "slow\n" {
		t.Errorf("read %q, %v", line, err)
	}
	_ = s.stdin.Close()
	s.wait().expect(t, 0, "")
}

func TestMapManyInputs(t *testing.T) {
	const n = 100_000
	run(t, numbers(1, n, same), "map", "-p", "2", "tasks.py:double").
		expect(t, 0, numbers(1, n, func(n int) int { return 2 * n }))
}

// The first result is there while the input is open.
func TestMapStreams(t *testing.T) {
	for name, args := range map[string][]string{"python": {"map", "tasks.py:echo"}, "command": {"map", "--", "echo"}} {
		t.Run(name, func(t *testing.T) {
			s := start(t, args...)
			lines := bufio.NewReader(s.stdout)
			for _, want := range []string{"1\n", "2\n"} {
				fmt.Fprint(s.stdin, want)
				if line, err := lines.ReadString('\n'); err != nil || line != want {
					t.Fatalf("read %q, %v, want %q", line, err, want)
				}
			}
			_ = s.stdin.Close()
			s.wait().expect(t, 0, "")
		})
	}
}

// 100 inputs of which one kills its process, one overstays, one raises, and one
// prints garbage: 97 results, 3 errors, nothing left.
func TestMapTrouble(t *testing.T) {
	o := run(t, numbers(1, 100, same), "map", "-p", "2", "--timeout", "1s", "tasks.py:trouble")
	var want strings.Builder
	for n := 1; n <= 100; n++ {
		if n != 10 && n != 20 && n != 30 {
			fmt.Fprintln(&want, n*n)
		}
	}
	o.expect(t, 1, want.String(),
		"tandem: input 10 (10): worker ended before answering", "signal: killed",
		"tandem: input 20 (20): attempt ran longer than its timeout",
		"tandem: input 30 (30): ValueError: bad width\n    Traceback (most recent call last):\n",
		"garbaget\x01\x05 more garbage\n",
		"tandem: 100 inputs: 97 ok, 3 failed in ")
	if n := strings.Count(o.stderr, "tandem: input "); n != 3 {
		t.Errorf("%d errors, want 3", n)
	}
}

func TestMapFailuresNameTheInput(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	tests := map[string]struct {
		stdin  string
		args   []string
		stdout string
		stderr []string
	}{
		"exception":        {"a\n", []string{"tasks.py:fail"}, "", []string{"tandem: input 1 (\"a\"): ValueError: bad width a\n    Traceback", "tandem: 1 input: 0 ok, 1 failed in "}},
		"quiet":            {"a\n", []string{"-q", "tasks.py:fail"}, "", []string{"tandem: input 1 (\"a\"): ValueError: bad width a\n"}},
		"long input":       {long + "\n", []string{"-q", "tasks.py:fail"}, "", []string{"tandem: input 1 (\"" + strings.Repeat("x", 78) + "…): ValueError: bad width x"}},
		"result":           {"1\n2\n3\n", []string{"tasks.py:unencodable"}, "1\n3\n", []string{"tandem: input 2 (2): result cannot be passed back", "set"}},
		"type":             {"1\n[]\n3\n", []string{"../../../examples/primes.py:count"}, "0\n1\n", []string{"tandem: input 2 ([]): TypeError: n is []: want an integer"}},
		"no JSON":          {"1\n{x\n3\n\xff\n5\n", []string{"--as", "json", "tasks.py:echo"}, "1\n3\n5\n", []string{"tandem: input 2 ({x): input is not valid JSON", "tandem: input 4 (\ufffd): input is not valid JSON", "5 inputs: 3 ok, 2 failed"}},
		"number after bad": {"{\n{\n3\n", []string{"--as", "json", "tasks.py:fail"}, "", []string{"tandem: input 3 (3): ValueError"}},
		"command fails":    {"0\n3\n", []string{"-p", "1", "--", "sh", "-c", `echo "out $1"; echo "err $1" >&2; exit $1`, "sh"}, "out 0\nout 3\n", []string{"err 0\nerr 3\ntandem: input 2 (\"3\"): sh: exit status 3\n"}},
		"command killed":   {"1\n", []string{"--", "sh", "-c", "kill -KILL $$"}, "", []string{"tandem: input 1 (\"1\"): sh: signal 9 (killed)"}},
		"command by input": {"echo\nnone-such\n", []string{"--", "{}", "a"}, "a\n", []string{"tandem: input 2 (\"none-such\"): "}},
		"command overstays": {"0\n60\n", []string{"--timeout", "1s", "--", "sleep"}, "",
			[]string{"tandem: input 2 (\"60\"): attempt ran longer than its timeout", "2 inputs: 1 ok, 1 failed"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			run(t, test.stdin, append([]string{"map"}, test.args...)...).expect(t, 1, test.stdout, test.stderr...)
		})
	}
}

func TestMapRetries(t *testing.T) {
	flag := filepath.Join(t.TempDir(), "flag")
	run(t, "", "map", "--retries", "2", "tasks.py:flaky", ":::", flag).expect(t, 0, "\"done\"\n")
	if err := os.Remove(flag); err != nil {
		t.Fatal(err)
	}
	run(t, "", "map", "--retries", "2", "--", "sh", "-c", `if [ -e "$1" ]; then echo done; else : > "$1"; kill -KILL $$; fi`, "sh", ":::", flag).
		expect(t, 0, "done\n")
}

// Attempts wait for --delay, too, and are counted on.
func TestMapRetriesWithDelay(t *testing.T) {
	python := folder(t, map[string]string{"task.py": "def f(x):\n    raise ValueError(x)\n"}) + "task.py:f"
	for name, args := range map[string][]string{"command": {"--", "sh", "-c", "exit 3"}, "python": {python}} {
		t.Run(name, func(t *testing.T) {
			log := filepath.Join(t.TempDir(), "log")
			args := append([]string{"map", "--delay", "10ms", "--retries", "3", "--log", log, "--summary", "-a", "-"}, args...)
			run(t, "1\n2\n", args...).expect(t, 1, "", "2 inputs: 0 ok, 2 failed", "4 attempts repeated")
			content, err := os.ReadFile(log)
			if err != nil || strings.Count(string(content), `"status":"failed"`) != 2 || strings.Count(string(content), `{"attempt":3,`) != 2 ||
				strings.Count(string(content), `{"attempt":`) != 6 {
				t.Errorf("the log has %s, %v", content, err)
			}
		})
	}
}

func TestMapMaxCalls(t *testing.T) {
	o := run(t, numbers(1, 30, same), "map", "-p", "1", "--max-tasks", "5", "tasks.py:pid")
	pids := strings.Fields(o.stdout)
	slices.Sort(pids)
	if n := len(slices.Compact(pids)); o.status != 0 || n < 3 {
		t.Errorf("exit status %d, %d processes for 30 calls", o.status, n)
	}
}

// What tasks print is on standard error, in whole lines.
func TestMapPrints(t *testing.T) {
	o := run(t, numbers(1, 20, same), "map", "-p", "2", "tasks.py:chatter")
	lines := strings.Split(strings.TrimSuffix(o.messages(), "\n"), "\n")
	slices.Sort(lines)
	var want []string
	for n := 1; n <= 20; n++ {
		want = append(want, fmt.Sprintf("out %d", n), fmt.Sprintf("err %d", n))
	}
	slices.Sort(want)
	if !slices.Equal(lines, want) || o.status != 0 || o.stdout != numbers(1, 20, same) {
		t.Errorf("status %d, stdout %q, stderr %q", o.status, o.stdout, lines)
	}
}

func TestMapOutputs(t *testing.T) {
	// The outputs of commands that run at once are not mixed.
	o := run(t, numbers(1, 20, same), "map", "-p", "4", "--", "sh", "-c", `for i in 1 2 3 4 5; do echo "$1"; done`, "sh")
	var want strings.Builder
	for n := 1; n <= 20; n++ {
		want.WriteString(strings.Repeat(strconv.Itoa(n)+"\n", 5))
	}
	o.expect(t, 0, want.String())
}

func TestMapSummary(t *testing.T) {
	for _, mode := range []string{"auto", "plain", "none"} {
		run(t, "1\n2\n", "map", "--progress", mode, "tasks.py:echo").expect(t, 0, "1\n2\n", "tandem: 2 inputs: 2 ok, 0 failed in ")
	}
	if o := run(t, "1\n", "map", "-q", "tasks.py:echo"); o.stderr != "" {
		t.Errorf("stderr with -q: %q", o.stderr)
	}
}
