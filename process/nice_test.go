//go:build linux

package process_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/nicetest"
	"github.com/gotandem/tandem/process"
)

// A worker is nice with all its threads and the processes that it starts, also one
// that replaces another, and one that a template makes; this program stays as it is.
func TestNice(t *testing.T) {
	spawned := process.Config{Workers: 1, Threads: 3}
	forked := forking("good")
	forked.Threads = 3
	for name, config := range map[string]process.Config{"spawned": spawned, "forked": forked} {
		t.Run(name, func(t *testing.T) {
			ours, want := nicetest.With(t, 0), nicetest.With(t, 4)
			config.Nice = 4
			ex := leakless(t, config)
			first := expectNice(t, ex, want)
			_, err := tandem.Run(within(t), ex, act, action{Do: "signal", N: int(syscall.SIGKILL)})
			checkFailure(t, nil, err, tandem.ErrWorkerLost, tandem.MayHaveRun)
			if second := expectNice(t, ex, want); second == first {
				t.Errorf("the worker is still process %d", first)
			}
			if now := nicetest.With(t, 0); now != ours {
				t.Errorf("this program has niceness %d now: want %d", now, ours)
			}
		})
	}
}

// expectNice checks the worker that runs the next call, its parent unless that is
// this program, and the children that it starts. It returns the worker.
func expectNice(t *testing.T, ex tandem.Executor, want int) int {
	t.Helper()
	pid := atoi(t, run(t, ex, act, action{Do: "pid"}))
	file := filepath.Join(t.TempDir(), "children")
	run(t, ex, act, action{Do: "children", Text: file})
	pids := []int{pid}
	for child := range counts(t, file) {
		pids = append(pids, atoi(t, child))
	}
	if parent := parentOf(t, pid); parent != os.Getpid() {
		pids = append(pids, parent)
	}
	nicetest.Expect(t, want, pids...)
	return pid
}

func atoi(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func parentOf(t *testing.T, pid int) int {
	t.Helper()
	status, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/status")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(status), "\nPPid:\t")
	parent, _, _ := strings.Cut(rest, "\n")
	return atoi(t, parent)
}
