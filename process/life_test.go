//go:build unix

package process_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/leaktest"
	"github.com/gotandem/tandem/process"
	"github.com/gotandem/tandem/tandemtest"
)

func TestMaxCallsLosesNothing(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 2, MaxCalls: 50})
	mapped(t, ex, 3000)
	s := ex.Stats()
	if s.Restarts < 10 || s.Failed != 0 {
		t.Errorf("%d restarts, %d failed", s.Restarts, s.Failed)
	}
	for _, w := range s.Workers {
		if w.LastExit != "exit status 0" {
			t.Errorf("worker ended with %q", w.LastExit)
		}
	}
}

func TestIdleWorkersEndAndComeBack(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 2, IdleTimeout: 30 * time.Millisecond})
	for range 3 {
		run(t, ex, double, 1)
		eventually(t, "all workers to end", func() bool {
			s := ex.Stats()
			return s.Workers[0].State == "empty" && s.Workers[1].State == "empty"
		})
	}
	gate := tandemtest.NewGate(t)
	for range 2 { // demand behind a busy worker brings the other one back
		long := submit(t, ex, hold, gate.Hold("long"))
		visit := gate.Await(t, "long")
		for i := range 10 {
			expect(t, submit(t, ex, double, i), 2*i)
		}
		visit.Return("")
		expect(t, long, "")
		mapped(t, ex, 3000) // and now calls are sent in advance
	}
}

func TestMemoryLimitCostsTheCall(t *testing.T) {
	const limit = 256 << 20
	ex := leakless(t, process.Config{Workers: 2, Memory: limit})
	greedy := submit(t, ex, act, action{Do: "allocate", N: 4 * limit})
	var others []*tandem.Future[int]
	for i := range 50 {
		others = append(others, submit(t, ex, double, i))
	}
	err := expectFailure(t, greedy, tandem.ErrMemoryLimit, tandem.MayHaveRun)
	t.Log(strings.SplitN(err.Error(), "\n", 2)[0])
	for i, other := range others {
		expect(t, other, 2*i)
	}
	if got := ex.Stats().MemoryLimit; got != "rlimit" && got != "sampling" {
		t.Errorf("enforced by %q", got)
	}
}

func TestMaxResidentReplacesTheWorker(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 1, MaxResident: 100 << 20})
	pid := run(t, ex, act, action{Do: "pid"})
	run(t, ex, act, action{Do: "allocate", N: 200 << 20})
	eventually(t, "another worker", func() bool { return run(t, ex, act, action{Do: "pid"}) != pid })
}

func TestThreadsRunSideBySide(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 2, Threads: 4})
	gate := tandemtest.NewGate(t)
	var futures []*tandem.Future[string]
	for i := range 8 {
		futures = append(futures, submit(t, ex, hold, gate.Hold(fmt.Sprint(i))))
	}
	pids := make(map[int]int)
	var visits []*tandemtest.Visit
	for range 8 {
		v := gate.Await(t, "")
		pids[v.PID]++
		visits = append(visits, v)
	}
	if len(pids) != 2 {
		t.Errorf("calls per process: %v", pids)
	}
	for _, v := range visits {
		v.Return(v.Key)
	}
	for i, f := range futures {
		expect(t, f, fmt.Sprint(i))
	}
}

// Few calls are spread over the processes: their threads may share one core.
func TestCallsGoToTheFreestWorker(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 2, Threads: 8})
	eventually(t, "all workers", func() bool { return ready(ex.Stats()) == 2 })
	gate := tandemtest.NewGate(t)
	for range 5 {
		var futures []*tandem.Future[string]
		for range 8 {
			futures = append(futures, submit(t, ex, hold, gate.Hold("spread")))
		}
		pids := make(map[int]int)
		var visits []*tandemtest.Visit
		for range 8 {
			v := gate.Await(t, "spread")
			pids[v.PID]++
			visits = append(visits, v)
		}
		for pid, n := range pids {
			if n != 4 {
				t.Errorf("process %d runs %d of 8 calls", pid, n)
			}
		}
		for _, v := range visits {
			v.Return("")
		}
		for _, f := range futures {
			expect(t, f, "")
		}
	}
}

// A worker that does not read, and so cannot be sent anything, holds up no more
// than what it was sent.
func TestWorkerThatDoesNotRead(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 2, Threads: 4})
	eventually(t, "all workers", func() bool { return ready(ex.Stats()) == 2 })
	stopped := run(t, ex, act, action{Do: "pid"})
	pid, err := strconv.Atoi(stopped)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	text := strings.Repeat("x", 1<<20)
	var large []*tandem.Future[string]
	for range 4 {
		large = append(large, submit(t, ex, act, action{Do: "pid", Text: text}))
	}
	for i := range 100 { // one by one, so that the other worker is never the fuller one
		expect(t, submit(t, ex, double, i), 2*i)
	}
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	for _, f := range large {
		if _, err := f.Wait(within(t)); err != nil {
			t.Error(err)
		}
	}
}

// A worker is a program like any other: it may have executors of its own.
func TestWorkersMayHaveExecutors(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 1})
	expect(t, submit(t, ex, act, action{Do: "nested", N: 3}), "12")
}

func TestDirectoryAndEnvironmentOfAWorkerAreItsOwn(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PROCESS_TEST_PARENT", "from here")
	ex := leakless(t, process.Config{Workers: 1, Dir: "/", Env: []string{"PROCESS_TEST_ADDED=added", "PROCESS_TEST_PARENT=changed"}})
	before, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"PROCESS_TEST_ADDED": "/ added", "PROCESS_TEST_PARENT": "/ changed", "TANDEM_WORKER": "/ ",
	} {
		if got := run(t, ex, act, action{Do: "where", Text: name}); !strings.HasSuffix(got, " "+want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	run(t, ex, act, action{Do: "chdir", Text: dir})
	if after, _ := os.Getwd(); after != before || os.Getenv("PROCESS_TEST_CHANGED") != "" {
		t.Errorf("the parent was changed: %s", after)
	}
}

// A task that closes or writes to the worker's socket costs no more than what
// that worker had been sent.
func TestTaskThatMeddlesWithTheSocket(t *testing.T) {
	for name, text := range map[string]string{"closes": "", "writes": strings.Repeat("nonsense", 10)} {
		t.Run(name, func(t *testing.T) {
			ex := leakless(t, hasty(2, 1))
			meddler := submit(t, ex, act, action{Do: "sockets", Text: text})
			for i := range 20 {
				expect(t, submit(t, ex, double, i), 2*i)
			}
			if _, err := meddler.Wait(within(t)); err != nil { // its outcome may still be in the black box
				checkFailure(t, "", err, tandem.ErrWorkerLost, tandem.MayHaveRun)
			}
			mapped(t, ex, 1000)
		})
	}
}

// New workers are the program that runs, whatever is at its path now.
func TestProgramReplacedWhileItRuns(t *testing.T) {
	if _, err := os.Stat("/proc/self/exe"); err != nil {
		t.Skip(err)
	}
	leaktest.Check(t)
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	for _, how := range []string{"replaced", "removed"} {
		t.Run(how, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "program")
			if err := os.WriteFile(path, self, 0o700); err != nil {
				t.Fatal(err)
			}
			out, err := parent(path, "replace", how, path).CombinedOutput()
			if err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
}

// parent returns a command that plays a parent: see parentRoles.
func parent(path, role string, args ...string) *exec.Cmd {
	c := exec.Command(path, append([]string{role}, args...)...)
	c.Env = append(os.Environ(), modeVariable+"=parent")
	return c
}
