//go:build linux

package main

import (
	"encoding/csv"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// recorded is a line that runs again and again with one log.
type recorded struct {
	t                 *testing.T
	dir, log, journal string
}

func newRecorded(t *testing.T) recorded {
	dir := t.TempDir()
	return recorded{t, dir, filepath.Join(dir, "log"), filepath.Join(dir, "journal")}
}

// prepare makes a run with the log and further flags, whose calls note their
// inputs. Inputs that begin with bad fail unless the file mended is there.
func (r recorded) prepare(flags []string, inputs []string) *started {
	r.t.Helper()
	const call = `echo "$0" >> "$DIR/journal"; echo "out $0"; case $0 in bad*) [ -e "$DIR/mended" ];; wait) [ -e "$DIR/mended" ] || { echo waits > "$DIR/fifo"; exec sleep 600; };; esac`
	args := append(append([]string{"map", "-p", "2", "--log", r.log}, flags...), "--", "sh", "-c", call, ":::")
	return prepare(r.t, append(args, inputs...)...).with("DIR=" + r.dir)
}

// run runs it and returns the inputs that ran, sorted.
func (r recorded) run(flags []string, inputs ...string) (outcome, []string) {
	r.t.Helper()
	if err := os.Remove(r.journal); err != nil && !os.IsNotExist(err) {
		r.t.Fatal(err)
	}
	s := r.prepare(flags, inputs)
	s.begin("/dev/null", "")
	return s.wait(), r.ran()
}

func (r recorded) ran() []string {
	ran := fileLines(r.t, r.journal)
	slices.Sort(ran)
	return ran
}

// expect compares what ran, and the output.
func (r recorded) expect(o outcome, ran []string, status int, want string, stdout string) {
	r.t.Helper()
	if got := strings.Join(ran, " "); got != want || o.status != status || o.stdout != stdout {
		r.t.Errorf("status %d, ran %q, stdout %q; want %d, %q, %q\n%s", o.status, got, o.stdout, status, want, stdout, o.stderr)
	}
}

var resume, resumeFailed = []string{"--resume"}, []string{"--resume-failed"}

func checkResume(t *testing.T) {
	r := newRecorded(t)
	o, ran := r.run(nil, "a", "b", "bad", "c", "c")
	r.expect(o, ran, 1, "a b bad c c", "out a\nout b\nout bad\nout c\nout c\n")
	o, ran = r.run(resume, "c", "bad", "new", "b", "c", "a", "c")
	r.expect(o, ran, 0, "c new", "out new\nout c\n")
	o, ran = r.run(resume, "new", "c", "a")
	r.expect(o, ran, 0, "", "")
	o, ran = r.run(resume, "new", "new", "bad", "bad")
	r.expect(o, ran, 1, "bad new", "out new\nout bad\n")

	shuffled := make([]string, pick(200, 5000))
	for i := range shuffled {
		shuffled[i] = fmt.Sprintf("n%05d", i)
	}
	r = newRecorded(t)
	if o, ran := r.run(nil, shuffled[:len(shuffled)/2]...); o.status != 0 || len(ran) != len(shuffled)/2 {
		t.Errorf("status %d, %d ran", o.status, len(ran))
	}
	rest := slices.Clone(shuffled[len(shuffled)/2:])
	random := rand.New(rand.NewPCG(1, 2))
	random.Shuffle(len(shuffled), func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] })
	if o, ran := r.run(resume, shuffled...); o.status != 0 || !slices.Equal(ran, rest) {
		t.Errorf("status %d, %d ran, want the other half, which is %d", o.status, len(ran), len(rest))
	}
}

// What an earlier run has kept stays, each output once.
func checkResumeResults(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"r.csv", "folder"} {
		kept, log := filepath.Join(dir, name), filepath.Join(dir, name+".log")
		for _, input := range []string{"a\nb\n", "b\na\nc\na\n"} {
			run(t, input, "map", "--results", kept, "--log", log, "--resume", "-q", "--", "echo")
		}
	}
	rows, err := csv.NewReader(strings.NewReader(readFile(t, filepath.Join(dir, "r.csv")))).ReadAll()
	if err != nil || len(rows) != 5 {
		t.Fatalf("rows %q, %v", rows, err)
	}
	for i, want := range []string{"V1", "a", "b", "c", "a"} {
		if rows[i][9] != want {
			t.Errorf("row %d is of %q, want %q", i, rows[i][9], want)
		}
	}
	for _, name := range []string{"a", "b", "c", "a~2"} {
		if text := readFile(t, filepath.Join(dir, "folder", "1", name, "stdout")); text != name[:1]+"\n" {
			t.Errorf("%s has %q", name, text)
		}
	}
}

func checkResumeFailed(t *testing.T) {
	r := newRecorded(t)
	r.run(nil, "bad1", "a", "bad2", "b")
	o, ran := r.run(resumeFailed, "bad2", "b", "a", "bad1", "c")
	r.expect(o, ran, 1, "bad1 bad2 c", "out bad2\nout bad1\nout c\n")
	if err := os.WriteFile(filepath.Join(r.dir, "mended"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	o, ran = r.run(resumeFailed, "bad2", "b", "a", "bad1", "c")
	r.expect(o, ran, 0, "bad1 bad2", "out bad2\nout bad1\n")
	o, ran = r.run(resumeFailed, "bad2", "b", "a", "bad1", "c")
	r.expect(o, ran, 0, "", "")
}

// A call that tandem itself ended has not finished, in contrast to one that failed.
func checkResumeCut(t *testing.T) {
	r := newRecorded(t)
	fifo := filepath.Join(r.dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	s := r.prepare(nil, []string{"a", "wait", "b"})
	s.begin("/dev/null", "")
	readFifo(t, fifo)
	s.signal(syscall.SIGINT)
	s.stderr.await(t, "finishing")
	s.signal(syscall.SIGINT)
	if o := s.wait(); o.status != 130 {
		t.Errorf("status %d, stderr %s", o.status, o.stderr)
	}
	if err := os.WriteFile(filepath.Join(r.dir, "mended"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	before := r.ran()
	o, after := r.run(resume, "a", "wait", "b")
	if o.status != 0 || !slices.Contains(before, "wait") || !slices.Contains(after, "wait") || slices.Contains(after, "a") {
		t.Errorf("status %d; ran %v before and %v after\n%s", o.status, before, after, o.stderr)
	}
}

func checkResumeTorn(t *testing.T) {
	r := newRecorded(t)
	r.run(nil, "a", "b", "c")
	log, err := os.ReadFile(r.log)
	if err != nil {
		t.Fatal(err)
	}
	ends := regexp.MustCompile(`(?m)^\{"event":"(end|held)".*\n`).FindAllIndex(log, -1)
	if len(ends) != 3 {
		t.Fatalf("the log has %d ends, want 3:\n%s", len(ends), log)
	}
	last := ends[2]
	for _, cut := range []int{last[1] - 1, (last[0] + last[1]) / 2, last[0] + 1} {
		if err := os.WriteFile(r.log, log[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		o, ran := r.run(resume, "c", "b", "a")
		if o.status != 0 || len(ran) != 1 {
			t.Errorf("the last line cut %d bytes before its end: status %d, ran %v\n%s", last[1]-cut, o.status, ran, o.stderr)
		}
		if o, ran = r.run(resume, "c", "b", "a"); o.status != 0 || len(ran) != 0 {
			t.Errorf("after that: status %d, ran %v\n%s", o.status, ran, o.stderr)
		}
	}
}

func checkResumeOther(t *testing.T) {
	dir := t.TempDir()
	file, log := filepath.Join(dir, "task.py"), filepath.Join(dir, "log")
	write := func(text string) {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("def f(x):\n    return x\n\n\ndef g(x):\n    return x\n")
	run(t, "", "map", "--log", log, file+":f", ":::", "1", "2").expect(t, 0, "1\n2\n", clean)
	run(t, "", "map", "--log", log, "--resume", file+":g", ":::", "1", "2").expect(t, 2, "", log, ":f")
	run(t, "", "map", "--log", log, "--resume", "--", "echo", ":::", "1").expect(t, 2, "", log, ":f")
	never := writeFile(t, "never.py", "raise RuntimeError('it was loaded')\n")
	o := run(t, "", "map", "--log", log, "--resume", never+":f", ":::", "1")
	if o.expect(t, 2, "", log, "another task"); strings.Contains(o.stderr, "it was loaded") {
		t.Errorf("it was loaded before it was refused:\n%s", o.stderr)
	}

	write("def f(x):\n    return 10 * x\n")
	o = run(t, "", "map", "--log", log, "--resume", file+":f", ":::", "1", "2", "3")
	o.expect(t, 0, "30\n", "task.py", "changed")

	module := func(text string, inputs ...string) outcome {
		write(text)
		args := []string{"map", "--log", log + "2", "--resume", "--cwd", dir, "task:f", ":::"}
		return run(t, "", append(args, inputs...)...)
	}
	module("def f(x):\n    return x\n", "1").expect(t, 0, "1\n", clean)
	module("def f(x):\n    return 10 * x\n", "1", "2").expect(t, 0, "20\n", "task.py", "changed")

	notLog := writeFile(t, "notes", "not a log\nat all\n")
	run(t, "", "map", "--log", notLog, "--resume", "--", "echo", ":::", "1").expect(t, 2, "", notLog)
	if text, err := os.ReadFile(notLog); err != nil || string(text) != "not a log\nat all\n" {
		t.Errorf("what is no log was changed to %q (%v)", text, err)
	}
}

func checkJobLog(t *testing.T) {
	log := filepath.Join(t.TempDir(), "joblog")
	run(t, "", "map", "-p", "1", "--joblog", log, "--", "sh", "-c", `[ "$0" = ok ] || exit 3`, ":::", "ok", "two\nlines", "ok").
		expect(t, 1, "", "3 inputs: 2 ok, 1 failed")
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	if lines[0] != "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand" || len(lines) != 4 {
		t.Fatalf("the log of jobs:\n%s", text)
	}
	row := regexp.MustCompile(`^(\d+)\t:\t *\d+\.\d{3}\t *\d+\.\d{3}\t\d+\t\d+\t(\d+)\t0\t(.+)$`)
	for i, line := range lines[1:] {
		match := row.FindStringSubmatch(line)
		if match == nil || match[1] != fmt.Sprint(i+1) || match[2] != []string{"0", "3", "0"}[i] {
			t.Errorf("line %d is %q", i+2, line)
		}
	}
}
