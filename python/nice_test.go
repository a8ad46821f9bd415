//go:build linux

package python

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/leaktest"
	"github.com/gotandem/tandem/internal/nicetest"
	"github.com/gotandem/tandem/process"
)

// niceTask keeps a thread and a process of its own, and tells the worker, its parent
// and that process.
const niceTask = `
import os, subprocess, threading

def family(_):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
    child = subprocess.Popen(["sleep", "1000"])
    return [os.getpid(), child.pid, os.getppid()]

def die(_):
    os.kill(os.getpid(), 9)
`

// earlyTask runs in an interpreter before anything else of the user or of ours does.
const earlyTask = `
import os

with open(os.environ["NICE_LOG"], "a") as log:
    log.write("%d\n" % os.nice(0))
`

// Workers are nice from the start, with all their threads and the processes that
// they start, and so are a template and the worker that replaces another.
func TestNice(t *testing.T) {
	for _, method := range []Start{StartSpawn, StartTemplate} {
		for _, threads := range []int{1, 3} {
			t.Run(fmt.Sprintf("%v, %d threads", method, threads), func(t *testing.T) {
				if method == StartTemplate {
					needTemplates(t)
				}
				leaktest.Check(t)
				ours := nicetest.With(t, 0)
				dir := scripts(t, map[string]string{"nicely.py": niceTask, "early/sitecustomize.py": earlyTask})
				log := filepath.Join(dir, "log")
				ex, err := New(Config{
					Processes: 1, Threads: threads, Nice: 6, Start: method, Preload: []string{"nicely.py"},
					Dir: dir, Interpreter: anyInterpreter(t), Output: func(process.Line) {},
					Env: []string{"PYTHONPATH=" + filepath.Join(dir, "early"), "NICE_LOG=" + log},
				})
				if err != nil {
					t.Fatal(err)
				}
				defer closeFault(t, ex)

				first := expectNice(t, ex)
				if _, err := tandem.Run(within(t), ex, tandem.Declare[int, int]("nicely.py:die"), 0); err == nil {
					t.Error("no error")
				}
				if second := expectNice(t, ex); second == first {
					t.Errorf("the worker is still process %d", first)
				}
				if now := nicetest.With(t, 0); now != ours {
					t.Errorf("this program has niceness %d now: want %d", now, ours)
				}
				expectLog(t, log, nicetest.With(t, 6))
			})
		}
	}
}

// expectNice checks the worker that runs the next call, its child, and its parent
// unless that is this program. It returns the worker.
func expectNice(t *testing.T, ex *Executor) int {
	t.Helper()
	pids, err := tandem.Run(within(t), ex, tandem.Declare[int, []int]("nicely.py:family"), 0)
	if err != nil {
		t.Fatal(err)
	}
	if pids[2] == os.Getpid() {
		pids = pids[:2]
	}
	nicetest.Expect(t, nicetest.With(t, 6), pids...)
	return pids[0]
}

// expectLog checks what interpreters found when they started.
func expectLog(t *testing.T, path string, want int) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(text))
	if len(lines) == 0 {
		t.Error("no interpreter has run the module sitecustomize")
	}
	for _, line := range lines {
		if line != fmt.Sprint(want) {
			t.Errorf("an interpreter started with niceness %s: want %d", line, want)
		}
	}
}
