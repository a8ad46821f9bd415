package runlog_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/runlog"
)

var testTask = runlog.Task{Kind: "command", Name: "wc -c {}"}

func config(path string, mode runlog.Mode) runlog.Config {
	return runlog.Config{
		Path: path, Task: testTask, Mode: mode, CommandLine: []string{"tandem", "map"}, Version: "test",
		Started: time.Unix(1795280041, 0),
	}
}

func record(text string) inputs.Record { return inputs.Record{Whole: []byte(text)} }

// delivery is an output that reached standard output when the log had the given
// size.
type delivery struct {
	input, output string
	size          int64
}

// simulated is one run in pure Go: calls end in a random order, outputs are
// delivered in input order.
type simulated struct {
	t    *testing.T
	r    *rand.Rand
	log  *runlog.Log
	path string
	fail bool // some calls fail

	executed  []string // inputs that ran
	succeeded []string // of them
	failed    []string // of them; the others were cut
	skipped   []string
	replayed  []string // outputs
	delivered []delivery
	large     outcome.Stream // what some calls write, in a file
	copies    string         // folder with what was ever in that of the log; empty: none
}

// copyOutputs copies what is in the folder of the log.
func (s *simulated) copyOutputs() {
	if s.copies == "" {
		return
	}
	if err := os.Mkdir(s.copies, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		s.t.Fatal(err)
	}
	link(s.t, s.path+".outputs", s.copies)
}

// link gives the files of a folder, if it exists, the same names in another one.
func link(t *testing.T, from, to string) {
	t.Helper()
	entries, err := os.ReadDir(from)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if err := os.Link(filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())); err != nil && !errors.Is(err, fs.ErrExist) {
			t.Fatal(err)
		}
	}
}

// restore makes the folder of a log what a kill leaves at worst: with all that was ever
// in it.
func restore(t *testing.T, path string, copies ...string) {
	t.Helper()
	if copies[0] == "" {
		return
	}
	if err := os.RemoveAll(path + ".outputs"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path+".outputs", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, dir := range copies {
		link(t, dir, path+".outputs")
	}
}

// run does a whole run over the inputs and closes the log.
func (s *simulated) run(texts []string, mode runlog.Mode) {
	if s.copies != "" {
		s.must(os.RemoveAll(s.copies))
	}
	log, _, err := runlog.Open(config(s.path, mode))
	if err != nil {
		s.t.Fatal(err)
	}
	s.log = log
	outcomes, replays := s.plan(texts)
	s.deliver(texts, outcomes, replays)
	if err := log.Close(runlog.Summary{}); err != nil {
		s.t.Fatal(err)
	}
}

// plan returns the outcomes by index; nil is skipped.
func (s *simulated) plan(texts []string) (outcomes []*outcome.Outcome, replays map[int]bool) {
	outcomes, replays = make([]*outcome.Outcome, len(texts)), map[int]bool{}
	for i, text := range texts {
		d, err := s.log.Plan(i+1, record(text))
		if err != nil {
			s.t.Fatal(err)
		}
		switch d.Action {
		case runlog.Skip:
			s.skipped = append(s.skipped, text)
		case runlog.Replay:
			outcomes[i], replays[i] = d.Outcome, true
			s.replayed = append(s.replayed, contents(s.t, d.Outcome.Stdout))
			s.t.Cleanup(d.Outcome.Stdout.Close)
			s.t.Cleanup(d.Outcome.Stderr.Close)
		case runlog.Run:
			s.executed = append(s.executed, text)
			outcomes[i] = s.end(i+1, text, d.Key)
		}
	}
	return outcomes, replays
}

var executions int

// end makes the outcome of a call.
func (s *simulated) end(number int, text string, key outcome.Key) *outcome.Outcome {
	executions++
	o := &outcome.Outcome{Number: number, Input: text, Key: key}
	o.Stdout.Bytes = fmt.Appendf(nil, "%s#%d\xff\n"[:5+s.r.IntN(3)], text, executions)
	switch {
	case s.r.IntN(10) == 0:
		o.Cut, o.Err = true, errors.New("canceled")
	case s.fail && s.r.IntN(3) == 0:
		o.Err, o.Kind = errors.New("bad\nluck"), "Bad"
	case s.r.IntN(2) == 0:
		o.Stderr = s.large // nothing where all outputs are in the log
	}
	switch {
	case o.Err == nil:
		s.succeeded = append(s.succeeded, text)
	case !o.Cut:
		s.failed = append(s.failed, text)
	}
	return o
}

// deliver ends the calls in a random order.
func (s *simulated) deliver(texts []string, outcomes []*outcome.Outcome, replays map[int]bool) {
	next, here := 0, make([]bool, len(texts))
	for _, i := range s.r.Perm(len(texts)) {
		here[i] = true
		waits := i != next || s.r.IntN(4) == 0 // for its turn, or for the output
		if o := outcomes[i]; o != nil && waits && !replays[i] {
			s.must(s.log.Held(o))
			s.copyOutputs()
		}
		for next < len(texts) && here[next] {
			s.write(outcomes[next], texts[next], !waits && next == i && !replays[i])
			next++
		}
		if s.r.IntN(2) == 0 {
			s.must(s.log.Flush())
		}
	}
}

// write writes an output to standard output and notes it.
func (s *simulated) write(o *outcome.Outcome, text string, direct bool) {
	switch {
	case o == nil:
		return
	case o.Cut && direct:
		s.must(s.log.Ended(o))
		return
	case o.Cut:
		return
	}
	info, err := os.Stat(s.path)
	s.must(err)
	s.delivered = append(s.delivered, delivery{input: text, output: contents(s.t, o.Stdout), size: info.Size()})
	if direct {
		s.must(s.log.Ended(o))
		return
	}
	s.must(s.log.Written(o.Number))
}

func (s *simulated) must(err error) {
	if err != nil {
		s.t.Fatal(err)
	}
}

// finished is what an independent reader makes of the whole lines of a log.
type finished struct {
	count   map[string]int    // by key: all that have finished
	replays map[string]string // by run and number: the key, of held ones not written
}

// readLog reads a log without [runlog.ResumeFailed] the simple way.
func readLog(t *testing.T, log []byte) finished {
	f := finished{map[string]int{}, map[string]string{}}
	large, run := map[string]string{}, 0
	lines := bufio.NewScanner(bytes.NewReader(log))
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var m map[string]any
		if err := json.Unmarshal(lines.Bytes(), &m); err != nil {
			t.Fatalf("line %q: %v", lines.Bytes(), err)
		}
		key, _ := m["key"].(string)
		at := fmt.Sprint(run, " ", m["number"])
		switch {
		case m["event"] == "run":
			run++
		case m["status"] == "cut":
		case m["event"] == "end":
			f.count[key]++
		case m["event"] == "held" && m["replay"] == true:
			f.count[key]++
			f.replays[at] = key
		case m["event"] == "held":
			large[at] = key
		case m["event"] == "written":
			at = fmt.Sprint(m["run"], " ", m["number"])
			delete(f.replays, at)
			if key, ok := large[at]; ok {
				f.count[key]++
				delete(large, at)
			}
		}
	}
	return f
}

func keyOf(text string) string {
	return fmt.Sprintf("%x", runlog.NewKeyer(testTask).Key(record(text)))
}

func randomInputs(r *rand.Rand, n int) []string {
	texts := make([]string, n)
	for i := range texts {
		texts[i] = "in" + strconv.Itoa(r.IntN(1+n/2))
	}
	return texts
}

// TestResumeAfterEveryCut cuts the log of a run at every byte and resumes with
// the inputs in another order: L1 to L5.
func TestResumeAfterEveryCut(t *testing.T) {
	tests := []struct {
		inputs int
		apart  bool // some outputs are not in the log
	}{{8, false}, {5, true}}
	for seed, test := range tests {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(uint64(seed), 4))
			texts := randomInputs(r, test.inputs)
			path := filepath.Join(t.TempDir(), "log")
			first := &simulated{t: t, r: r, path: path, fail: true}
			if test.apart {
				first.copies, first.large = path+".first", fileStream(t, "this is kept apart")
			}
			first.run(texts, runlog.New)
			log, err := os.ReadFile(first.path)
			if err != nil {
				t.Fatal(err)
			}
			if test.apart && names(t, first.copies) == "" {
				t.Fatal("all outputs are in the log")
			}
			for size := range len(log) + 1 {
				resumeCut(t, first, log[:size], texts)
			}
		})
	}
}

// TestResumeModes runs the same inputs and others in random modes and compares
// with counts for each input: of successes, and of failures that were not repeated.
func TestResumeModes(t *testing.T) {
	for seed := range uint64(30) {
		r := rand.New(rand.NewPCG(seed, 8))
		path, mode := filepath.Join(t.TempDir(), "log"), runlog.New
		succeeded, failed := map[string]int{}, map[string]int{}
		for step := range 8 {
			texts := randomInputs(r, 4+r.IntN(12))
			s := &simulated{t: t, r: r, path: path, fail: true}
			s.run(texts, mode)
			ran, good, bad := counts(s.executed), counts(s.succeeded), counts(s.failed)
			for text, n := range counts(texts) {
				finished := succeeded[text]
				if mode == runlog.Resume {
					finished += failed[text]
				}
				if want := max(0, n-finished); ran[text] != want {
					t.Fatalf("seed %d, step %d, %s: %d of %d ran, want %d; %d succeeded, %d failed before",
						seed, step, mode, ran[text], n, want, succeeded[text], failed[text])
				}
				if mode == runlog.ResumeFailed {
					failed[text] -= min(failed[text], good[text]+bad[text])
				}
				succeeded[text] += good[text]
				failed[text] += bad[text]
			}
			mode = []runlog.Mode{runlog.Resume, runlog.ResumeFailed}[r.IntN(2)]
		}
	}
}

// resumeCut resumes a log that was cut, twice: the second run is cut too.
func resumeCut(t *testing.T, first *simulated, log []byte, texts []string) {
	r := rand.New(rand.NewPCG(uint64(len(texts)), uint64(len(log))))
	path := first.path
	deliveries := before(first.delivered, int64(len(log)))
	writeFile(t, path, log)
	restore(t, path, first.copies)
	texts = shuffled(r, texts)
	second := &simulated{t: t, r: r, path: path, fail: true, large: first.large}
	if first.copies != "" {
		second.copies = path + ".second"
	}
	second.resume(log, texts)
	checkDelivered(t, path, deliveries, second.delivered)

	again, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	whole := bytes.LastIndexByte(log, '\n') + 1
	cut := again[:whole+r.IntN(len(again)-whole+1)]
	deliveries = append(deliveries, before(second.delivered, int64(len(cut)))...)
	writeFile(t, path, cut)
	if whole == 0 { // the second run was the first of its log
		restore(t, path, second.copies)
	} else {
		restore(t, path, first.copies, second.copies)
	}
	third := &simulated{t: t, r: r, path: path, fail: true}
	third.resume(cut, texts)
	checkDelivered(t, path, deliveries, third.delivered)
}

// resume resumes the log, which has the given bytes, and checks what was run, skipped
// and replayed.
func (s *simulated) resume(log []byte, texts []string) {
	t := s.t
	want := readLog(t, log[:bytes.LastIndexByte(log, '\n')+1])
	s.run(texts, runlog.Resume)
	have := counts(texts)
	ran := counts(s.executed)
	for text, n := range have {
		if left := max(0, n-want.count[keyOf(text)]); ran[text] != left {
			t.Fatalf("after %d bytes: %d of %d calls of %s ran, want %d", len(log), ran[text], n, text, left)
		}
	}
	if len(s.replayed) != len(want.replays) {
		t.Fatalf("after %d bytes: %d replayed, want %d", len(log), len(s.replayed), len(want.replays))
	}
	if _, err := os.Stat(s.path + ".outputs"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("after %d bytes: a whole run leaves its outputs: %v", len(log), err)
	}
	for output, n := range counts(s.replayed) {
		if n > 1 {
			t.Fatalf("after %d bytes: %.20q replayed %d times", len(log), output, n)
		}
	}
}

// checkDelivered checks that as many different outputs of each input were
// delivered by the runs as calls of it have finished.
func checkDelivered(t *testing.T, path string, runs ...[]delivery) {
	log, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want, seen, got := readLog(t, log), map[delivery]bool{}, map[string]int{}
	for _, run := range runs {
		for _, d := range run {
			d.size = 0
			if !seen[d] {
				seen[d] = true
				got[keyOf(d.input)]++
			}
		}
	}
	for key, n := range want.count {
		if got[key] < n {
			t.Fatalf("%d calls of %s have finished, %d outputs were delivered", n, key, got[key])
		}
	}
	if len(want.replays) > 0 {
		t.Fatalf("a whole run leaves %d held", len(want.replays))
	}
}

func before(deliveries []delivery, size int64) []delivery {
	var kept []delivery
	for _, d := range deliveries {
		if d.size < size {
			kept = append(kept, d)
		}
	}
	return kept
}

func shuffled(r *rand.Rand, texts []string) []string {
	texts = append([]string(nil), texts...)
	r.Shuffle(len(texts), func(i, j int) { texts[i], texts[j] = texts[j], texts[i] })
	return texts
}

func counts(texts []string) map[string]int {
	n := map[string]int{}
	for _, text := range texts {
		n[text]++
	}
	return n
}

func writeFile(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
}
