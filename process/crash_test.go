//go:build unix

package process_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/process"
	"github.com/gotandem/tandem/tandemtest"
)

// counts returns how often each line is in a file.
func counts(t *testing.T, path string) map[string]int {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := make(map[string]int)
	for line := range strings.Lines(string(text)) {
		lines[strings.TrimSpace(line)]++
	}
	return lines
}

// One call in a thousand kills its worker: it alone is lost, and nothing runs
// twice, although outcomes wait in the black box when it happens.
func TestP1CrashCostsTheRunningCall(t *testing.T) {
	for name, threads := range map[string]int{"one thread": 1, "three threads": 3} {
		t.Run(name, func(t *testing.T) {
			ex := leakless(t, process.Config{Workers: 2, Threads: threads})
			file := filepath.Join(t.TempDir(), "runs")
			in := make([]action, 2001)
			for i := range in {
				in[i] = action{Do: "mark", N: i, Text: file}
			}
			i, lost := 0, make(map[int]bool)
			for out, err := range tandem.Map(within(t), ex, act, slices.Values(in)) {
				switch {
				case err == nil && out != strconv.Itoa(i):
					t.Errorf("call %d returned %q", i, out)
				case err != nil:
					lost[i] = true
					checkFailure(t, out, err, tandem.ErrWorkerLost, tandem.MayHaveRun)
					if threads == 1 && (i%1000 != 0 || i == 0) {
						t.Errorf("call %d: %v", i, err)
					}
				}
				i++
			}
			if len(lost) < 2 || len(lost) > 2*threads {
				t.Errorf("%d calls were lost: want 2 to %d", len(lost), 2*threads)
			}
			runs := counts(t, file)
			for i := range in {
				n := runs[strconv.Itoa(i)]
				if n == 0 && lost[i] && threads > 1 {
					continue // another call killed its worker before it could leave its mark
				}
				if n != 1 {
					t.Errorf("call %d ran %d times", i, n)
				}
			}
		})
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(entries)
}

func TestTwoHundredKills(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 2})
	expect(t, submit(t, ex, double, 1), 2)
	eventually(t, "both workers", func() bool { return ready(ex.Stats()) == 2 })
	before := descriptors(t)
	kill := action{Do: "signal", N: int(syscall.SIGKILL)}
	for i := range 200 {
		lost := submit(t, ex, act, kill)
		others := []*tandem.Future[int]{submit(t, ex, double, i), submit(t, ex, double, i+1)}
		expectFailure(t, lost, tandem.ErrWorkerLost, tandem.MayHaveRun)
		for j, other := range others {
			expect(t, other, 2*(i+j))
		}
	}
	eventually(t, "both workers again", func() bool { return ready(ex.Stats()) == 2 })
	if after := descriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
	if s := ex.Stats(); s.Accepted != 601 || s.Succeeded != 401 || s.Failed != 200 || s.Restarts != 200 {
		t.Errorf("%+v", s)
	}
}

// A killed worker's slot serves again soon.
func TestSlotServesAgainAfterAKill(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 1})
	run(t, ex, double, 1)
	expectFailure(t, submit(t, ex, act, action{Do: "exit", N: 3}), tandem.ErrWorkerLost, tandem.MayHaveRun)
	begin := time.Now()
	run(t, ex, double, 1)
	t.Logf("serves again after %v", time.Since(begin))
}

// The error tells how the worker ended and what it said last.
func TestLossTellsLastWords(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 1})
	err := expectFailure(t, submit(t, ex, act, action{Do: "say-exit", N: 3, Text: "about to fail\n"}), tandem.ErrWorkerLost, tandem.MayHaveRun)
	if !strings.Contains(err.Error(), "exit status 3; its last lines: about to fail") {
		t.Error(err)
	}
}

// Grandchildren in the worker's group end with it.
func TestCrashEndsGrandchildren(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 1})
	file := filepath.Join(t.TempDir(), "pids")
	run(t, ex, act, action{Do: "children", Text: file})
	expectFailure(t, submit(t, ex, act, action{Do: "exit"}), tandem.ErrWorkerLost, tandem.MayHaveRun)
	awaitGone(t, file)
}

// awaitGone waits until no process of those listed in a file lives.
func awaitGone(t *testing.T, file string) {
	t.Helper()
	for pid := range counts(t, file) {
		n, err := strconv.Atoi(pid)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "process "+pid+" to end", func() bool { return !alive(n) })
	}
}

// alive reports whether a process exists and is no zombie, whose parent may take
// its time.
func alive(pid int) bool {
	state := processState(pid)
	return state != "" && state != "Z" && state != "X"
}

// processState returns the letter that the kernel has for the state of a
// process, or nothing when there is none.
func processState(pid int) string {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return ""
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return rest[:1]
}

// Calls that were sent to a worker that ends, and had not started, run elsewhere.
func TestP1UnstartedCallsRunElsewhere(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 1})
	for range mapped(t, ex, 2000) { // short calls: the worker is sent many in advance
	}
	gate := tandemtest.NewGate(t)
	holder := submit(t, ex, hold, gate.Hold("first"))
	var others []*tandem.Future[int]
	for i := range 50 {
		others = append(others, submit(t, ex, double, i))
	}
	gate.Await(t, "first").Exit(4)
	expectFailure(t, holder, tandem.ErrWorkerLost, tandem.MayHaveRun)
	for i, other := range others {
		expect(t, other, 2*i)
	}
}

var hold = tandemtest.Defined().Hold

// mapped doubles 0 to n-1 and checks each.
func mapped(t *testing.T, ex tandem.Executor, n int) []int {
	t.Helper()
	in := make([]int, n)
	for i := range in {
		in[i] = i
	}
	var out []int
	for v, err := range tandem.Map(within(t), ex, double, slices.Values(in)) {
		if err != nil || v != 2*len(out) {
			t.Errorf("call %d: %d, %v", len(out), v, err)
		}
		out = append(out, v)
	}
	if len(out) != n {
		t.Errorf("%d of %d calls ended", len(out), n)
	}
	return out
}
