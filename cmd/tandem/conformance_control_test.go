//go:build linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// journal is a command that notes its input in the file that $JOURNAL names, and
// fails when that begins with "bad".
const journal = `echo "$0" >> "$JOURNAL"; case $0 in bad*) exit 3;; esac`

// runJournal runs a line whose calls note what they do, and returns the notes.
func runJournal(t *testing.T, args ...string) (outcome, []string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "journal")
	s := prepare(t, args...).with("JOURNAL=" + file)
	s.begin("/dev/null", "")
	o := s.wait()
	return o, fileLines(t, file)
}

func checkHaltForms(t *testing.T) {
	inputs := []string{"a", "bad1", "b", "bad2", "c", "bad3", "d", "bad4"}
	tests := []struct {
		halt        string
		ran, status int
	}{
		{"never", 8, 1}, {"0", 8, 1},
		{"now,fail=1", 2, 1}, {"soon,fail=1", 2, 1}, {"now,fail=2", 4, 1}, {"soon,fail=3", 6, 1}, {"1", 2, 1}, {"2", 2, 1},
		{"now,success=1", 1, 0}, {"soon,success=2", 3, 0}, {"-1", 1, 0}, {"-2", 1, 0},
		{"now,done=1", 1, 0}, {"soon,done=3", 3, 1},
		{"now,fail=25%", 4, 1}, {"soon,fail=50%", 8, 1}, {"soon,success=25%", 3, 0}, {"now,done=50%", 4, 1}, {"25%", 4, 1},
	}
	for _, test := range tests {
		args := []string{"map", "-p", "1", "--halt=" + test.halt, "--", "sh", "-c", journal, ":::"}
		o, ran := runJournal(t, append(args, inputs...)...)
		if !slices.Equal(ran, inputs[:test.ran]) || o.status != test.status {
			t.Errorf("--halt %s: status %d after %v, want %d after %v\n%s", test.halt, o.status, ran, test.status, inputs[:test.ran], o.stderr)
		}
	}
	run(t, "", "map", "--halt", "soon,fail=25%", "-a", writeFile(t, "none", ""), "--", "echo").expect(t, 0, "", "0 inputs")
	for _, wrong := range []string{"soon", "now,fail", "later,fail=1", "now,fail=0", "now,fail=101%", "now,lost=1"} {
		o := run(t, "", "map", "--halt="+wrong, "--", "echo", ":::", "a")
		o.expect(t, 2, "", wrong, "now", "soon", "fail")
	}
}

// halted starts two calls at once, of which the second fails when the first runs.
func halted(t *testing.T, when string) (s *started, gate *os.File, dir string) {
	t.Helper()
	dir = t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	const call = `cd "$DIR"; case $0 in
		first) cat fifo; echo finished > first;;
		second) read line < go; echo second; exit 3;;
		*) echo "$0" > third;;
	esac`
	if err := syscall.Mkfifo(filepath.Join(dir, "go"), 0o600); err != nil {
		t.Fatal(err)
	}
	s = prepare(t, "map", "-p", "2", "--unordered", "--halt", when+",fail=1", "--", "sh", "-c", call, ":::", "first", "second", "third").with("DIR=" + dir)
	s.begin("/dev/null", "")
	gate = openFifo(t, fifo)
	writeFifo(t, filepath.Join(dir, "go"), "go\n")
	return s, gate, dir
}

func checkHaltNow(t *testing.T) {
	s, gate, dir := halted(t, "now")
	o := s.wait()
	_ = gate.Close()
	o.expect(t, 1, "second\n", `input 2 ("second"): sh: exit status 3`, "halt")
	if left, _ := filepath.Glob(filepath.Join(dir, "[ft]*")); len(left) != 1 { // the fifo
		t.Errorf("files are there of calls that should not have come so far: %v", left)
	}
}

func checkHaltSoon(t *testing.T) {
	s, gate, dir := halted(t, "soon")
	s.stderr.await(t, `input 2 ("second"): sh: exit status 3`)
	fmt.Fprintln(gate, "released")
	_ = gate.Close()
	s.wait().expect(t, 1, "second\nreleased\n", "halt")
	if _, err := os.Stat(filepath.Join(dir, "first")); err != nil {
		t.Errorf("the first call did not finish: %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, "third")); err == nil {
		t.Error("a call started after the halt")
	}
}

// The calls change the file, some time after it was read last: the first makes it 3, and each of the next three waits
// until all three run; they make it 1, and the rest insist on being alone.
func checkJobsFile(t *testing.T) {
	dir := t.TempDir()
	jobs := filepath.Join(dir, "jobs")
	if err := os.WriteFile(jobs, []byte("1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const call = `cd "$DIR"
	wait_for() { n=0; while [ ! -e "$1" ]; do n=$((n+1)); [ $n -lt 3000 ] || exit 9; sleep 0.01; done; }
	case $0 in
		first) sleep 0.2; echo 3 > new && mv new jobs;;
		meet*) : > $0; for other in meet1 meet2 meet3; do wait_for $other; done
			[ $0 != meet1 ] || { echo 1 > new && mv new jobs && sleep 0.3 && : > changed; }; wait_for changed; : > $0.over;;
		*) mkdir alone || exit 7; [ -e meet1.over ] && [ -e meet2.over ] && [ -e meet3.over ] || exit 8; sleep 0.02; rmdir alone;;
	esac`
	s := prepare(t, "map", "-p", jobs, "--", "sh", "-c", call, ":::", "first", "meet1", "meet2", "meet3", "a", "b", "c", "d").with("DIR=" + dir)
	s.begin("/dev/null", "")
	s.wait().expect(t, 0, "", "8 inputs: 8 ok")

	run(t, "", "map", "-p", filepath.Join(dir, "none"), "--", "echo", ":::", "a").expect(t, 2, "", "none")
	run(t, "", "map", "-p", makeFifo(t), "--", "echo", ":::", "a").expect(t, 2, "", "no regular file")
	checkJobsFileWithoutEnds(t)
}

// A larger number counts although no call ends: the first waits for the second.
func checkJobsFileWithoutEnds(t *testing.T) {
	jobs, fifo := writeFile(t, "jobs", "1\n"), makeFifo(t)
	const call = `case $0 in first) echo 2 > "$JOBS"; cat "$FIFO";; *) echo "$0" > "$FIFO"; echo "$0";; esac`
	s := prepare(t, "map", "-p", jobs, "--", "sh", "-c", call, ":::", "first", "second").with("JOBS="+jobs, "FIFO="+fifo)
	s.begin("/dev/null", "")
	s.wait().expect(t, 0, "second\nsecond\n", clean)
}

func checkTimeoutPercent(t *testing.T) {
	began := time.Now()
	o := run(t, "", "map", "-p", "1", "--timeout", "2000%", "--", "sleep", ":::", "0.05", "0.05", "0.05", "0.05", "0.05", "600", "0.05")
	o.expect(t, 1, "", `tandem: input 6 ("600"): `, "7 inputs: 6 ok, 1 failed")
	if elapsed := time.Since(began); elapsed > patience/2 {
		t.Errorf("took %v", elapsed)
	}
	run(t, "", "map", "--timeout", "90%", "--", "echo", ":::", "a").expect(t, 2, "", "90%", "--timeout")
}

// What /proc/meminfo says is another file in a name space of the test's own.
func checkMemoryFree(t *testing.T) {
	if err := exec.Command("unshare", "-rm", "mount", "--bind", "/proc/version", "/proc/meminfo").Run(); err != nil {
		t.Skipf("the memory that is free cannot be pretended here: %v", err)
	}
	dir := t.TempDir()
	meminfo, notes := filepath.Join(dir, "meminfo"), filepath.Join(dir, "journal")
	pretend := func(available string) {
		text := "MemTotal:       16777216 kB\nMemFree:        " + available + " kB\nMemAvailable:   " + available + " kB\n"
		if err := os.WriteFile(meminfo, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	pretend("8000000")
	const call = `cd "$DIR"; echo "start $0" >> journal; trap 'echo "killed $0" >> journal; exit 1' TERM
	while [ ! -e release ]; do sleep 0.02; done; echo "end $0" >> journal; echo "$0"`
	s := prepare(t, "map", "-p", "2", "--memfree", "1G", "--", "sh", "-c", call, ":::", "one", "two").with("DIR="+dir, "MEMINFO="+meminfo)
	s.within(`mount --bind "$MEMINFO" /proc/meminfo && exec "$@"`, "unshare", "-rm")
	s.begin("/dev/null", "")
	has := func(line string, n int) func() bool {
		return func() bool {
			text, _ := os.ReadFile(notes)
			return strings.Count(string(text), line+"\n") == n
		}
	}
	eventually(t, "both calls run", func() bool { return has("start one", 1)() && has("start two", 1)() })
	pretend("100000")
	eventually(t, "the younger one is killed", has("killed two", 1))
	pretend("8000000")
	eventually(t, "it runs again", has("start two", 2))
	if err := os.WriteFile(filepath.Join(dir, "release"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o := s.wait()
	if o.status != 0 || o.stdout != "one\ntwo\n" || has("killed one", 1)() || !has("start one", 1)() {
		t.Errorf("status %d, stdout %q, stderr %s, journal %q", o.status, o.stdout, o.stderr, fileLines(t, notes))
	}
}

func checkDelay(t *testing.T) {
	began := time.Now()
	run(t, "", "map", "-p", "8", "--delay", "0.1", "--", "echo", ":::", "1", "2", "3", "4", "5").expect(t, 0, "1\n2\n3\n4\n5\n", clean)
	if elapsed := time.Since(began); elapsed < 400*time.Millisecond {
		t.Errorf("five calls started within %v, want 0.1 s between two", elapsed)
	}
}

func checkLoad(t *testing.T) {
	run(t, "", "map", "--load", "5000", "--", "echo", ":::", "a", "b").expect(t, 0, "a\nb\n", "write 5000% for a part of them")
	o := run(t, "", "map", "--load", "5000%", "--", "echo", ":::", "a", "b")
	if o.status != 0 || o.stdout != "a\nb\n" || o.messages() != "" {
		t.Errorf("status %d, stdout %q, stderr %q", o.status, o.stdout, o.stderr)
	}
}

func checkHangup(t *testing.T) {
	fifo := makeFifo(t)
	s := start(t, "map", "-p", "1", "--", "sh", "-c", `echo started; case $0 in /*) cat "$0";; esac`, ":::", fifo, "second", "third")
	gate := openFifo(t, fifo)
	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	s.stderr.await(t, "finishing 1 call")
	fmt.Fprintln(gate, "released")
	_ = gate.Close()
	s.wait().expect(t, 129, "started\nreleased\n", "1 ok, 0 failed")
}

func checkFailureCounts(t *testing.T) {
	for _, failures := range []int{0, 1, 7, 100, 101, 150} {
		args := []string{"map", "-p", "4", "--", "sh", "-c", `exit $0`, ":::", "0"}
		o := run(t, "", append(args, slices.Repeat([]string{"1"}, failures)...)...)
		if want := min(failures, 1); o.status != want {
			t.Errorf("%d failures: status %d, want %d", failures, o.status, want)
		}
		if failures > 0 && !strings.Contains(o.stderr, fmt.Sprintf("1 ok, %d failed", failures)) {
			t.Errorf("%d failures: the summary is %q", failures, o.stderr[max(0, len(o.stderr)-100):])
		}
	}
}
