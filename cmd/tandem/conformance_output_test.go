//go:build linux

package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// letters returns n inputs of one character each.
func letters(n int) []string {
	return strings.Split("abcdefghijklmnopqrstuvwxyzäöüéèñ", "")[:n]
}

func checkMix(t *testing.T) {
	calls, size := pick(8, 30), pick(200*kib, 3*mib)
	inputs := letters(calls)
	for _, order := range [][]string{{}, {"--unordered"}} {
		args := append([]string{"map", "-p", strconv.Itoa(calls), "--progress", "none"}, order...)
		args = append(append(append(args, "--"), helper(t, "mix", "{}", strconv.Itoa(size))...), ":::")
		o := run(t, "", append(args, inputs...)...)
		var out, notes []string
		for _, tag := range inputs {
			out, notes = append(out, mixed(tag, size)), append(notes, mixed(strings.ToUpper(tag), size))
		}
		if len(order) > 0 { // any order of calls, each whole
			out, notes = inOrderOf(o.stdout, out), inOrderOf(o.stderr, notes)
		}
		if o.status != 0 || o.stdout != strings.Join(out, "") {
			t.Errorf("%v: status %d; %d bytes of output are not those of the calls, one after the other", order, o.status, len(o.stdout))
		}
		if !strings.HasPrefix(o.stderr, strings.Join(notes, "")) {
			t.Errorf("%v: %d bytes of standard error are not those of the calls, one after the other", order, len(o.stderr))
		}
	}
}

// mixed is what the part mix of the helper writes on one stream.
func mixed(tag string, size int) string {
	var b strings.Builder
	b.WriteString(strings.Repeat(tag, 3*size))
	for n := range 10 {
		fmt.Fprintf(&b, "\n%s %d", tag, n)
	}
	return b.String() + "\n"
}

// inOrderOf returns parts in the order in which they first occur in text.
func inOrderOf(text string, parts []string) []string {
	return slices.SortedStableFunc(slices.Values(parts), func(a, b string) int {
		return strings.Index(text, a[:4]) - strings.Index(text, b[:4])
	})
}

func checkStreamsApart(t *testing.T) {
	o := run(t, "", "map", "-p", "2", "--", "sh", "-c", `for i in 1 2 3; do echo "out $0 $i"; echo "err $0 $i" >&2; done`, ":::", "a", "b")
	o.expect(t, 0, "out a 1\nout a 2\nout a 3\nout b 1\nout b 2\nout b 3\n", "err a 1\nerr a 2\nerr a 3\nerr b 1\nerr b 2\nerr b 3\n")
	if strings.Contains(o.stderr, "out") {
		t.Errorf("standard output among standard error: %s", o.stderr)
	}
}

func checkTag(t *testing.T) {
	o := run(t, "", "map", "-p", "2", "--tag", "--", "sh", "-c", `echo "one $0"; echo "err $0" >&2; echo; echo "two $0"`, ":::", "a", "b c")
	o.expect(t, 0, "a\tone a\na\t\na\ttwo a\nb c\tone b c\nb c\t\nb c\ttwo b c\n", "a\terr a\n", "b c\terr b c\n")
	run(t, "", "map", "-p", "2", "--tag", "--", "printf", "%s", ":::", "a", "b").expect(t, 0, "a\ta\nb\tb\n", clean)
	run(t, "a\n", "map", "--tag", "--pipe", "--", "cat").expect(t, 2, "", "--tag", "--pipe")
}

func checkLineBuffer(t *testing.T) {
	calls, lines := pick(6, 30), pick(300, 20_000)
	script := `i=0; while [ $i -lt ` + strconv.Itoa(lines) + ` ]; do printf "$0"; printf "$0$0 "; echo $i; i=$((i+1)); done`
	args := []string{"map", "-p", strconv.Itoa(calls), "--line-buffer", "--", "sh", "-c", script, ":::"}
	o := run(t, "", append(args, letters(calls)...)...)
	next := make(map[string]int)
	for line := range strings.Lines(o.stdout) {
		tag := string([]rune(line)[:1])
		if want := fmt.Sprintf("%s%s%s %d\n", tag, tag, tag, next[tag]); line != want {
			t.Fatalf("line %q, want %q", line, want)
		}
		next[tag]++
	}
	if len(next) != calls || next["a"] != lines || o.status != 0 {
		t.Errorf("status %d, lines of calls: %v, want %d each", o.status, next, lines)
	}
	checkLineBufferIsPrompt(t)
}

// A line is there while its call still runs, also of a call after the first.
func checkLineBufferIsPrompt(t *testing.T) {
	first, second := makeFifo(t), makeFifo(t)
	s := start(t, "map", "-p", "2", "--line-buffer", "--", "sh", "-c", `echo "begun"; cat "$0"`, ":::", first, second)
	lines := make([]byte, len("begun\nbegun\n"))
	if _, err := io.ReadFull(s.stdout, lines); err != nil || string(lines) != "begun\nbegun\n" {
		t.Errorf("read %q, %v", lines, err)
	}
	writeFifo(t, second, "two\n")
	writeFifo(t, first, "one\n")
	o := s.wait()
	if o.status != 0 || len(o.stdout) != len("one\ntwo\n") {
		t.Errorf("status %d, rest of the output %q", o.status, o.stdout)
	}
}

func checkMemory(t *testing.T) {
	calls, size := pick(4, 20), pick(64*mib, gib)
	args := append([]string{"map", "-p", strconv.Itoa(calls), "--"}, helper(t, "blast", strconv.Itoa(size), "{}")...)
	args = append(args, ":::")
	for n := range calls {
		args = append(args, strconv.Itoa(n))
	}
	s := start(t, args...)
	peak := s.peakMemory()
	for n := range calls {
		expectStream(t, s.stdout, newPattern(n, size))
	}
	expectEnd(t, s.stdout)
	most := peak()
	t.Logf("%d MiB of memory for %d MiB of output", most/mib, calls*size/mib)
	s.wait().expect(t, 0, "", clean)
	if bound := memoryBound(64 * mib); most > bound {
		t.Errorf("%d MiB of output took %d MiB of memory, want at most %d", calls*size/mib, most/mib, bound/mib)
	}
}

func checkDiskFull(t *testing.T) {
	script, before := `d=$1; shift; mount -t tmpfs -o size=1m tmpfs "$d" && TMPDIR=$d exec "$@"`, []string{"unshare", "-rm"}
	dir := t.TempDir()
	if err := exec.Command("unshare", "-rm", "sh", "-c", `mount -t tmpfs -o size=1m tmpfs "$0"`, dir).Run(); err != nil {
		// No file system of its own: then no file larger than a megabyte.
		script, before = `d=$1; shift; trap "" XFSZ; ulimit -f 2048 || exit 99; TMPDIR=$d exec "$@"`, nil
	}
	const call = `case $0 in big) head -c 4000000 /dev/zero;; after) head -c 600000 /dev/zero | tr "\0" x;; *) echo "$0";; esac`
	s := prepare(t, "map", "-p", "1", "--", "sh", "-c", call, ":::", "small", "big", "after", "last")
	s.within(script, before...)
	s.cmd.Args = slices.Insert(s.cmd.Args, slices.Index(s.cmd.Args, program), dir)
	s.begin("/dev/null", "")
	o := s.wait()
	if o.status == 99 {
		t.Skip("neither a file system nor a limit for files can be made here")
	}
	if !strings.HasPrefix(o.stdout, "small\n") || !strings.HasSuffix(o.stdout, "last\n") || strings.Count(o.stdout, "x") != 600_000 {
		t.Errorf("the other calls lost output: %d bytes", len(o.stdout))
	}
	o.expect(t, 1, o.stdout, `tandem: input 2 ("big"): `, dir, "4 inputs: 3 ok, 1 failed")
}

// What a command has itself started goes on when tandem is killed, as
// docs/guarantees.md says: so the call is one process.
func checkCleanup(t *testing.T) {
	dir := t.TempDir()
	first, second := makeFifo(t), makeFifo(t)
	s := prepare(t, "map", "-p", "2", "--", "sh", "-c", `head -c 2000000 /dev/zero; echo written > "$0"; exec sleep 600`).with("TMPDIR=" + dir)
	s.begin("", "")
	fmt.Fprintf(s.stdin, "%s\n%s\n", first, second)
	readFifo(t, first)
	readFifo(t, second)
	if err := s.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	s.expectNothingLeft() // also at the end of the test; here before the folder is looked at
	_ = s.cmd.Wait()
	if left, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// The times are shown, not judged: of the whole run the words are a small part, so
// that splitting lines into words would show as a multiple.
func checkWords(t *testing.T) {
	calls, size := pick(6, 30), pick(4*mib, 10*mib)
	few := writeFile(t, "few", strings.Repeat("word "+strings.Repeat("w", 4993)+"\n", size/4999))
	many := writeFile(t, "many", strings.Repeat(strings.Repeat("word ", 1000)+"\n", size/5001))
	elapsed := make(map[string]time.Duration)
	for _, file := range []string{few, many} {
		info, err := os.Stat(file)
		if err != nil {
			t.Fatal(err)
		}
		args := append([]string{"map", "-p", "2", "--", "cat", ":::"}, slices.Repeat([]string{file}, calls)...)
		began := time.Now()
		s := start(t, args...)
		n, err := io.Copy(io.Discard, s.stdout)
		if err != nil || n != int64(calls)*info.Size() {
			t.Errorf("%d bytes, want %d (%v)", n, int64(calls)*info.Size(), err)
		}
		s.wait().expect(t, 0, "", clean)
		elapsed[file] = time.Since(began)
	}
	t.Logf("many words took %v, few took %v", elapsed[many], elapsed[few])
}

func checkLongLine(t *testing.T) {
	size := pick(32*mib, 5*gib)
	args := append([]string{"map", "-p", "2", "--"}, helper(t, "blast", strconv.Itoa(size), "{}")...)
	s := start(t, append(args, ":::", "7")...)
	expectStream(t, s.stdout, newPattern(7, size))
	expectEnd(t, s.stdout)
	s.wait().expect(t, 0, "", clean)
}

// With --line-buffer another start of a command begins a line.
func TestLinesOfRetries(t *testing.T) {
	script := writeFile(t, "script", `if mkdir "$0.dir"; then printf first; exit 1; fi 2> /dev/null; echo second`)
	run(t, "", "map", "--line-buffer", "--retries", "2", "--", "sh", script, ":::", "1").expect(t, 0, "first\nsecond\n", "1 ok")
}
