//go:build unix

package main

import (
	"encoding/json"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/gotandem/tandem/cmd/tandem/internal/demo"
)

// Without Python the demo says so and measures Go.
func TestDemoWithoutPython(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	o := run(t, "", "demo", "--json")
	var d demo.Document
	if err := json.Unmarshal([]byte(o.stdout), &d); err != nil || o.status != 0 {
		t.Fatalf("%v, exit status %d, stderr %s", err, o.status, o.stderr)
	}
	if len(d.Rows) != 3 || len(d.Verdicts) != 3 || !strings.Contains(d.NoPython, "install Python") {
		t.Errorf("%d rows, %d verdicts, %q", len(d.Rows), len(d.Verdicts), d.NoPython)
	}
	for _, row := range d.Rows {
		for mode, seconds := range row.Seconds {
			if seconds <= 0 {
				t.Errorf("%s, %s: %v s", row.Workload, mode, seconds)
			}
		}
		// A page comes after 25 ms, and 16 threads wait for 16 of them at once.
		if row.Workload == "waiting" && row.SpeedUp["threads"] < 2 {
			t.Errorf("waiting: threads are %v times as fast", row.SpeedUp["threads"])
		}
	}
}

// A stopped demo leaves no process and no file.
func TestDemoIsInterrupted(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	s := start(t, "demo")
	s.stderr.await(t, "tandem: measuring, up to 30 s\n")
	s.signal(syscall.SIGINT)
	if o := s.wait(); o.status != 130 || o.stdout != "" {
		t.Errorf("exit status %d, stdout %q, stderr %q", o.status, o.stdout, o.stderr)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

func TestDoctor(t *testing.T) {
	o := run(t, "", "doctor")
	if o.status != 0 || o.stderr != "" {
		t.Errorf("exit status %d, stderr %q", o.status, o.stderr)
	}
	for _, want := range []string{"cores ", "memory ", "python ", "--start      ", "workers      can be started", "--memory     enforced by " + limitOfPython() + " for Python workers, ", "temporary "} {
		if !strings.Contains(o.stdout, "\n"+want) {
			t.Errorf("lacks %q:\n%s", want, o.stdout)
		}
	}
}

// With a task doctor tells what its imports do.
func TestDoctorOfATask(t *testing.T) {
	for task, want := range map[string]string{
		"tasks.py:echo":   "template",
		"threads.py:echo": "spawn: the imports of threads.py:echo started a thread",
	} {
		o := run(t, "", "doctor", "--json", task)
		var d diagnosis
		if err := json.Unmarshal([]byte(o.stdout), &d); err != nil || d.Python == nil {
			t.Fatalf("%v: %s", err, o.stdout)
		}
		if d.Python.StartError != "" || d.Python.Start != want && runtime.GOOS == "linux" {
			t.Errorf("%s: start is %q %q, want %q", task, d.Python.Start, d.Python.StartError, want)
		}
	}
	o := run(t, "", "doctor", "tasks.py:ecko")
	if o.status != 1 || !strings.Contains(o.stdout, "\ntask         tasks.py:ecko cannot be loaded: no function 'ecko'") || !strings.Contains(o.stdout, "\nworkers      can be started\n") {
		t.Errorf("status %d, stdout is %s", o.status, o.stdout)
	}
	o = run(t, "", "doctor", "--json", "broken.py:f")
	var d diagnosis
	if err := json.Unmarshal([]byte(o.stdout), &d); err != nil || o.status != 1 || d.Task == nil || !strings.Contains(d.Task.Error, "a_module_that_is_not_there") {
		t.Errorf("%v, status %d, %+v", err, o.status, d.Task)
	}
}

// limitOfPython is what enforces the memory limit of Python workers here.
func limitOfPython() string {
	if runtime.GOOS == "linux" {
		return "rlimit (allocations beyond it fail)"
	}
	return "nothing on this system"
}

func TestDoctorAsJSON(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	o := run(t, "", "doctor", "--json")
	var d diagnosis
	if err := json.Unmarshal([]byte(o.stdout), &d); err != nil {
		t.Fatal(err)
	}
	if d.Schema != 1 || d.Cores < 1 || !d.Workers || d.Python != nil || !strings.Contains(d.PythonError, "install Python") {
		t.Errorf("%+v", d)
	}
}

func TestVersionAsJSON(t *testing.T) {
	o := run(t, "", "version", "--json")
	var b build
	if err := json.Unmarshal([]byte(o.stdout), &b); err != nil || b.Schema != 1 || b.Version == "" || b.System != runtime.GOOS+"/"+runtime.GOARCH {
		t.Errorf("%v: %s", err, o.stdout)
	}
}

func TestVersion(t *testing.T) {
	for _, typed := range []string{"version", "--version"} {
		if o := run(t, "", typed); o.status != 0 || !strings.HasPrefix(o.stdout, "tandem ") {
			t.Errorf("%s: exit status %d, stdout %q", typed, o.status, o.stdout)
		}
	}
}

// The completions are there when a shell asks for them.
func TestShellAsksForValues(t *testing.T) {
	for _, asks := range []string{"__complete", "__completeNoDesc"} {
		o := run(t, "", asks, "map", "--as", "")
		if values := strings.Fields(o.stdout); o.status != 0 || !slices.Equal(values[:min(4, len(values))], []string{"auto", "json", "str", "csv"}) {
			t.Errorf("%s: exit status %d, stdout %q", asks, o.status, o.stdout)
		}
	}
}
