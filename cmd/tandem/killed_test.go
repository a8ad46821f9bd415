//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The journey of one log through runs that are killed at any moment, while inputs
// come, go and change their order. The inputs of a run are a multiset of names; a
// call notes its name and writes it.
//
// K1: in each run, a name runs at most as often as it occurs, less the times that
// it had finished by the log.
// K2: in a run that reaches its end it runs exactly that often.
// K3: over all runs, what was written has each name at least as often as it occurs
// in the last run.
// K4: nothing is left, neither process nor file, and beside the log only outputs that
// wait.
// K5: the trace is JSON, and what has finished and was written is in the table of
// --results.
type journey struct {
	t           *testing.T
	random      *rand.Rand
	dir         string
	task        []string // command line behind the flags
	runs        map[int][]string
	pool        []string
	known       int            // lines of the journal that were read
	executed    map[string]int // over all runs
	written     map[string]int
	kills, ends int
	longest     time.Duration // from the start of a run to its kill
}

// TestKilledAndResumed kills tandem at random moments: the more of them, the fewer
// states of a log remain untried.
func TestKilledAndResumed(t *testing.T) {
	kills := pick(20, 100)
	// Some outputs are too large for a line of the log: their names have spaces behind them.
	const call = `echo "$0" >> "$JOURNAL"; case $0 in *7) sleep 0.03;; *[05]5) printf %300000s "";; esac; echo "$0"`
	task := writeFile(t, "task.py", `import os
import time


def note(name):
    journal = os.open(os.environ["JOURNAL"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(journal, f"{name}\n".encode())
    os.close(journal)
    time.sleep(0.03 if name.endswith("7") else 0.002)
    return name + " " * (300_000 if name.endswith(("05", "55")) else 0)
`)
	for name, test := range map[string]struct {
		task    []string
		longest time.Duration // about the start of the program, then some more
	}{
		"command": {[]string{"--", "sh", "-c", call}, 400 * time.Millisecond},
		"python":  {[]string{"-t", "2", "--retries", "2", "--output", "raw", "--as", "str", task + ":note"}, 700 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			j := &journey{
				t: t, dir: t.TempDir(), task: test.task, longest: test.longest, random: rand.New(rand.NewPCG(4, uint64(len(name)))),
				runs: make(map[int][]string), executed: make(map[string]int), written: make(map[string]int),
			}
			for j.kills < kills {
				j.step(true)
			}
			j.step(false)
			t.Logf("%d kills, %d runs reached their end, %d calls ran", j.kills, j.ends, j.known)
		})
	}
}

func (j *journey) path(name string) string { return filepath.Join(j.dir, name) }

// step is one run, killed at a random moment or left to its end.
func (j *journey) step(kill bool) {
	j.t.Helper()
	inputs := j.inputs()
	finished := j.finished()
	args := []string{"map", "-p", "2", "--log", j.path("log"), "--resume", "--trace", j.path("trace"), "--results", j.path("table.json")}
	if j.random.IntN(3) == 0 {
		args = append(args, "--unordered")
	}
	s := prepare(j.t, append(args, j.task...)...).with("JOURNAL="+j.path("journal"), "TMPDIR="+j.temporary())
	s.begin(j.list(inputs), "")
	j.runs[s.cmd.Process.Pid] = inputs
	if kill {
		moment := time.Duration(j.random.Int64N(int64(j.longest)))
		timer := time.AfterFunc(moment, func() { _ = s.cmd.Process.Kill() })
		defer timer.Stop()
	}
	stdout, err := io.ReadAll(s.stdout)
	if err != nil {
		j.t.Error(err)
	}
	_ = s.cmd.Wait()
	status := s.cmd.ProcessState.ExitCode() // -1 after a kill
	if status == -1 {
		j.kills++
	} else if j.ends++; status != 0 {
		j.t.Fatalf("status %d\n%s", status, s.stderr)
	}
	s.expectNothingLeft()
	j.check(inputs, finished, stdout, status == 0)
	j.checkFiles()
	if !kill {
		j.checkEnd(inputs)
	}
	if j.t.Failed() {
		j.t.Fatalf("in run %d, with seed 4\n%.2000s", j.kills+j.ends, s.stderr)
	}
}

// inputs returns some of the names so far and some new ones, in any order, with
// repetitions.
func (j *journey) inputs() []string {
	for range 30 + j.random.IntN(100) {
		j.pool = append(j.pool, "n"+strconv.Itoa(len(j.pool)))
	}
	var inputs []string
	for _, name := range j.pool[max(0, len(j.pool)-600):] {
		for range []int{0, 1, 1, 1, 1, 2, 3}[j.random.IntN(7)] {
			inputs = append(inputs, name)
		}
	}
	j.random.Shuffle(len(inputs), func(a, b int) { inputs[a], inputs[b] = inputs[b], inputs[a] })
	return inputs
}

// list writes the inputs to a file and returns its path.
func (j *journey) list(inputs []string) string {
	path := j.path("inputs")
	if err := os.WriteFile(path, []byte(strings.Join(inputs, "\n")+"\n"), 0o600); err != nil {
		j.t.Fatal(err)
	}
	return path
}

// temporary returns the folder for temporary files.
func (j *journey) temporary() string {
	dir := j.path("temporary")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		j.t.Fatal(err)
	}
	return dir
}

// finished reads from the log how often each name has finished.
func (j *journey) finished() map[string]int {
	finished, _ := j.readLog()
	return finished
}

// logged reads from the log how often each name has finished and was written.
func (j *journey) logged() map[string]int {
	finished, waiting := j.readLog()
	for name, n := range waiting {
		finished[name] -= n
	}
	return finished
}

// readLog reads from the log how often each name has finished, and of how many of these
// the output waits.
func (j *journey) readLog() (finished, waiting map[string]int) {
	j.t.Helper()
	type id struct{ run, number int }
	held := make(map[id]string)
	waiting = make(map[string]int)
	run := 0
	log, err := os.ReadFile(j.path("log"))
	if err != nil && !os.IsNotExist(err) {
		j.t.Fatal(err)
	}
	finished = make(map[string]int)
	var inputs []string
	for line := range bytes.Lines(log) {
		var event struct {
			Event  string
			PID    int
			Run    int
			Number int
			Status string
		}
		if err := json.Unmarshal(line, &event); err != nil {
			continue // torn
		}
		switch event.Event {
		case "run":
			run = event.Run
			if inputs = j.runs[event.PID]; inputs == nil {
				j.t.Fatalf("the log has a run of process %d, which was none", event.PID)
			}
		case "end", "held":
			if event.Status != "cut" {
				finished[inputs[event.Number-1]]++
			}
			if event.Event == "held" {
				held[id{run, event.Number}] = inputs[event.Number-1]
				waiting[inputs[event.Number-1]]++
			}
		case "written":
			waiting[held[id{event.Run, event.Number}]]--
		}
	}
	return finished, waiting
}

// check compares what ran and was written with what had finished before.
func (j *journey) check(inputs []string, finished map[string]int, stdout []byte, ended bool) {
	j.t.Helper()
	occurs, ran := count(inputs), j.ran()
	for name := range occurs {
		most := max(0, occurs[name]-finished[name])
		if ran[name] > most || ended && ran[name] < most {
			j.t.Errorf("%s ran %d times: it occurs %d times and had finished %d times (run to its end: %v)", name, ran[name], occurs[name], finished[name], ended)
		}
	}
	for name, n := range ran {
		if occurs[name] == 0 {
			j.t.Errorf("%s ran and is no input", name)
		}
		j.executed[name] += n
	}
	whole := stdout[:bytes.LastIndexByte(stdout, '\n')+1] // the last line may be torn by the kill
	for _, name := range strings.Fields(string(whole)) {
		if occurs[name] == 0 {
			j.t.Errorf("%q was written and is no input", name)
		}
		j.written[name]++
	}
	if left, err := filepath.Glob(filepath.Join(j.temporary(), "*")); err != nil || len(left) > 0 {
		j.t.Errorf("left behind: %v, %v", left, err)
	}
	if ended {
		j.checkOutputs()
	}
}

// checkOutputs checks what is beside the log of a run that reached its end: at most the
// outputs of inputs that it did not have.
func (j *journey) checkOutputs() {
	j.t.Helper()
	waits := 0
	_, waiting := j.readLog()
	for _, n := range waiting {
		waits += n
	}
	left, err := os.ReadDir(j.path("log.outputs"))
	if len(left) > waits || err != nil && !os.IsNotExist(err) || err == nil && len(left) == 0 {
		j.t.Errorf("beside the log, in which %d outputs wait: %v, %v", waits, left, err)
	}
}

// checkFiles checks what the run wrote beside its output.
func (j *journey) checkFiles() {
	j.t.Helper()
	trace, err := os.ReadFile(j.path("trace"))
	if len(trace) > 0 && !json.Valid(trace) || err != nil && !os.IsNotExist(err) {
		j.t.Errorf("the trace is no JSON: %v\n%s", err, trace)
	}
	table, err := os.ReadFile(j.path("table.json"))
	if err != nil && !os.IsNotExist(err) {
		j.t.Fatal(err)
	}
	rows := make(map[string]int)
	for line := range bytes.Lines(table) {
		var row struct{ V []string }
		if err := json.Unmarshal(line, &row); err == nil { // else torn by the kill
			rows[row.V[0]]++
		}
	}
	for name, n := range j.logged() {
		if rows[name] < n {
			j.t.Errorf("%s has finished %d times and is in the table %d times", name, n, rows[name])
		}
	}
}

// checkEnd checks the last run, which was not killed.
func (j *journey) checkEnd(inputs []string) {
	j.t.Helper()
	for name, n := range count(inputs) {
		if j.executed[name] < n || j.written[name] < n {
			j.t.Errorf("%s occurs %d times, ran %d times and was written %d times", name, n, j.executed[name], j.written[name])
		}
	}
}

// ran returns how often each name ran since the last call.
func (j *journey) ran() map[string]int {
	lines := fileLines(j.t, j.path("journal"))
	news := lines[j.known:]
	j.known = len(lines)
	return count(news)
}

func count(names []string) map[string]int {
	counts := make(map[string]int)
	for _, name := range names {
		counts[name]++
	}
	return counts
}
