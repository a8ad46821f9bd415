package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/machine"
	"github.com/gotandem/tandem/cmd/tandem/internal/quantity"
	"github.com/gotandem/tandem/process"
	"github.com/gotandem/tandem/python"
)

// probeWithin bounds how long one answer may take. Longer waits for what hangs;
// shorter calls a slow disk broken.
const probeWithin = 15 * time.Second

// probeMemory is the limit that is set to see what enforces it.
const probeMemory = 4 << 30

// diagnosis is what "tandem doctor" found out.
type diagnosis struct {
	Schema  int    `json:"schema"` // of this object: 1
	Version string `json:"version"`
	Go      string `json:"go"`
	machine.Facts
	Task           *taskFacts   `json:"task,omitempty"` // that was asked about
	Python         *pythonFacts `json:"python,omitempty"`
	PythonError    string       `json:"python_error,omitempty"`
	PythonMemoryBy string       `json:"python_memory_by,omitempty"` // what enforces --memory, which is for Python workers
	Workers        bool         `json:"workers"`                    // worker processes can be started
	WorkersError   string       `json:"workers_error,omitempty"`
	MemoryBy       string       `json:"memory_by,omitempty"`    // what enforces the memory limit of Go workers
	WorkerLines    []string     `json:"worker_lines,omitempty"` // what the workers wrote about their limits
	Restrictions   []string     `json:"restrictions"`           // of this platform
}

// pythonFacts is what is known of the interpreter.
type pythonFacts struct {
	Path         string `json:"path"`
	Origin       string `json:"origin"` // why it is this one: --python, VIRTUAL_ENV, .venv, PATH
	Executable   string `json:"executable"`
	Version      string `json:"version"`
	FreeThreaded bool   `json:"free_threaded"`         // after the imports of the task, if one was given
	Start        string `json:"start,omitempty"`       // how workers come to be, as tandem.Stats says
	StartError   string `json:"start_error,omitempty"` // why a worker does not
}

// taskFacts is what is known of a task.
type taskFacts struct {
	Name  string `json:"name"`
	Error string `json:"error,omitempty"` // why it cannot be loaded; empty when it can
}

func newDoctor() *cobra.Command {
	var asJSON bool
	var asked string
	cmd := &cobra.Command{
		Use:     "doctor [flags] [FILE.py:FUNCTION | PACKAGE.MODULE:FUNCTION]",
		Short:   "tell what this machine offers, which Python is used, and which limits are enforced",
		Example: "  tandem doctor\n  tandem doctor thumbs.py:make\n  tandem doctor --python python3.14t\n  tandem doctor --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			task, err := doctorTask(args)
			if err != nil {
				return exitf(statusUsage, "%w", err)
			}
			d := diagnose(cmd.Context(), asked, task)
			if asJSON {
				err = writeJSON(cmd.OutOrStdout(), d)
			} else {
				_, err = io.WriteString(cmd.OutOrStdout(), d.text())
			}
			if err != nil {
				return own(err)
			}
			return d.verdict()
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "write one JSON object")
	cmd.Flags().StringVar(&asked, "python", "", "the Python interpreter is `PATH` (default: of VIRTUAL_ENV, python3)")
	return cmd
}

// verdict is the error that doctor ends with when what was asked for does not
// work. The report has said why.
func (d *diagnosis) verdict() error {
	if !d.Workers || d.Task != nil && d.Task.Error != "" {
		return &exit{status: statusFailed}
	}
	return nil
}

// doctorTask returns the task whose imports are to be looked at, or none.
func doctorTask(args []string) (arguments.Task, error) {
	switch len(args) {
	case 0:
		return arguments.Task{}, nil
	case 1:
		return arguments.ParseTask(args[0])
	}
	return arguments.Task{}, fmt.Errorf("%d tasks: tandem doctor takes one at most", len(args))
}

// diagnose looks at everything. What is missing is part of what it returns.
func diagnose(ctx context.Context, asked string, task arguments.Task) *diagnosis {
	if ctx == nil {
		ctx = context.Background()
	}
	ctx, cancel := context.WithTimeout(ctx, probeWithin)
	defer cancel()
	temp, err := tempDir(os.LookupEnv)
	if err != nil {
		temp = os.TempDir() // applySettings has refused it
	}
	d := &diagnosis{
		Schema: 1, Version: version(), Go: strings.TrimPrefix(runtime.Version(), "go"),
		Facts: machine.Read(temp), Restrictions: restrictions(runtime.GOOS),
	}
	d.probePython(ctx, asked, task)
	d.probeWorkers(ctx)
	return d
}

// probePython asks the interpreter what it is.
func (d *diagnosis) probePython(ctx context.Context, asked string, task arguments.Task) {
	if task != (arguments.Task{}) {
		d.Task = &taskFacts{Name: task.String()}
	}
	path, err := interpreter(asked, task.File)
	if err != nil {
		d.PythonError = err.Error()
		d.blame("there is no interpreter: " + d.PythonError)
		return
	}
	info, err := python.Probe(ctx, path)
	if err != nil {
		d.PythonError = err.Error()
	}
	if info.Version != "" {
		d.Python = &pythonFacts{Path: path, Origin: originOf(asked, path), Executable: info.Executable, Version: info.Version, FreeThreaded: info.FreeThreaded}
	}
	if err != nil {
		d.blame(d.PythonError)
		return
	}
	d.Python.probeStart(ctx, task)
	if d.Task != nil && d.Python.StartError != "" {
		d.Task.Error = d.Python.StartError
		d.Python.StartError = ""
		d.Python.probeStart(ctx, arguments.Task{})
	}
}

// blame says why the task, if there is one, cannot be loaded.
func (d *diagnosis) blame(why string) {
	if d.Task != nil {
		d.Task.Error = why
	}
}

// originOf says which rule chose the interpreter at path.
func originOf(asked, path string) string {
	virtual := os.Getenv("VIRTUAL_ENV")
	switch {
	case asked != "":
		return "--python or TANDEM_PYTHON"
	case virtual != "":
		return "VIRTUAL_ENV"
	case strings.Contains(filepath.ToSlash(path), "/.venv/"):
		return ".venv beside the file"
	}
	return "PATH"
}

// probeStart starts a worker that loads the task, if there is one.
func (f *pythonFacts) probeStart(ctx context.Context, task arguments.Task) {
	config := python.Config{
		Processes: 1, Interpreter: f.Path, HandshakeTimeout: probeWithin,
		Output: func(process.Line) {}, // what imports print does not belong here
	}
	if task != (arguments.Task{}) {
		config.Preload = []string{task.String()}
	}
	ex, err := python.New(config)
	if err != nil {
		f.StartError = err.Error()
		return
	}
	defer func() { _ = ex.Close(ctx) }()
	if err := ex.WaitReady(ctx); err != nil {
		f.StartError = bareLoadError(err)
		return
	}
	stats := ex.Stats()
	f.Start = stats.StartMethod
	if runtime := stats.Workers[0].Runtime; runtime != "" {
		f.FreeThreaded = strings.HasSuffix(runtime, python.FreeThreaded)
	}
}

// probeWorkers starts a worker of each kind with a memory limit, and looks at
// what enforces it.
func (d *diagnosis) probeWorkers(ctx context.Context) {
	lines := &heard{}
	defer func() { d.WorkerLines = lines.texts }() // the executors are closed by then
	ex, err := process.New(process.Config{Workers: 1, HandshakeTimeout: probeWithin, Memory: probeMemory, Output: lines.add})
	if err == nil {
		d.MemoryBy, err = enforcer(ctx, ex)
	}
	if d.Workers = err == nil; err != nil {
		d.WorkersError = err.Error()
	}
	if d.Python == nil || d.PythonError != "" {
		return
	}
	py, err := python.New(python.Config{
		Processes: 1, Interpreter: d.Python.Path, HandshakeTimeout: probeWithin, Memory: probeMemory, Output: lines.add,
	})
	if err == nil {
		d.PythonMemoryBy, err = enforcer(ctx, py)
	}
	if err != nil {
		d.PythonError = err.Error()
	}
}

// heard is what workers wrote.
type heard struct {
	mu    sync.Mutex
	texts []string // guarded by mu
}

func (h *heard) add(l process.Line) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.texts = append(h.texts, string(l.Text))
}

// enforcer waits for a worker of ex, returns what enforces its memory limit, and
// closes ex.
func enforcer(ctx context.Context, ex interface {
	tandem.Executor
	WaitReady(ctx context.Context) error
}) (string, error) {
	defer func() { _ = ex.Close(ctx) }() // what it says belongs to the worker, which is being looked at
	if err := ex.WaitReady(ctx); err != nil {
		return "", err
	}
	return ex.Stats().MemoryLimit, nil
}

// restrictions returns what tandem cannot do on a platform.
func restrictions(goos string) []string {
	switch goos {
	case "linux":
		return []string{}
	case "windows":
		return []string{"worker processes and commands are refused: only goroutines run"}
	}
	return []string{
		"a worker notices the death of tandem by the end of its socket only",
		"memory limits are not enforced by the kernel",
	}
}

// text returns the diagnosis as people read it.
func (d *diagnosis) text() string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-12s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("tandem", "%s, Go %s, %s", d.Version, d.Go, d.System)
	line("cores", "%s", d.coresText())
	line("memory", "%s", d.memoryText())
	if d.Files > 0 {
		line("descriptors", "%d open at once (can be raised to %d)", d.Files, d.FilesMost)
	}
	line("temporary", "%s", d.tempText())
	line("python", "%s", d.pythonText())
	if d.Python != nil {
		line("--start", "%s", console.Printable(d.Python.startText()))
	}
	if d.Task != nil {
		line("task", "%s", console.Printable(d.Task.text()))
	}
	if d.Workers {
		line("workers", "can be started")
		line("--memory", "enforced by %s", d.limitText())
	} else {
		line("workers", "cannot be started: %s", d.WorkersError)
	}
	for _, text := range d.WorkerLines {
		line("", "%s", console.Printable(text))
	}
	line("--timeout", "asks, then ends the worker's process group (SIGTERM, then SIGKILL)")
	for _, restriction := range d.Restrictions {
		line("restriction", "%s", restriction)
	}
	return b.String()
}

// text says whether the task can be loaded.
func (t *taskFacts) text() string {
	if t.Error != "" {
		return t.Name + " cannot be loaded: " + t.Error
	}
	return t.Name + " can be loaded"
}

// limitText says what enforces memory limits.
func (d *diagnosis) limitText() string {
	text := ""
	if d.Python != nil && d.PythonError == "" {
		text = mechanism(d.PythonMemoryBy) + " for Python workers, "
	}
	return text + mechanism(d.MemoryBy) + " for Go workers"
}

// mechanism explains what [tandem.Stats] calls a memory limit.
func mechanism(name string) string {
	switch name {
	case "rlimit":
		return "rlimit (allocations beyond it fail)"
	case "sampling":
		return "sampling (a worker whose resident size is beyond it is killed)"
	case "":
		return "nothing on this system"
	}
	return name
}

func (d *diagnosis) coresText() string {
	text := fmt.Sprintf("%d usable", d.Cores)
	if d.Online > 0 {
		text += fmt.Sprintf(" of %d", d.Online)
	}
	if d.Quota > 0 {
		text += fmt.Sprintf(", control group quota %.2g", d.Quota)
	}
	return text + fmt.Sprintf(": -p defaults to %d", runtime.GOMAXPROCS(0))
}

func (d *diagnosis) memoryText() string {
	if d.Memory == 0 {
		return "not known on this system"
	}
	text := fmt.Sprintf("%s, %s available", quantity.FormatSize(d.Memory), quantity.FormatSize(d.Available))
	if d.MemoryLimit > 0 {
		text += ", control group limit " + quantity.FormatSize(d.MemoryLimit)
	}
	return text
}

func (d *diagnosis) tempText() string {
	switch {
	case d.TempError != "":
		return d.Temp + ": " + d.TempError
	case d.TempFree > 0:
		return d.Temp + ", " + quantity.FormatSize(d.TempFree) + " free"
	}
	return d.Temp
}

func (d *diagnosis) pythonText() string {
	if d.Python == nil {
		return d.PythonError
	}
	lock := "with the GIL: threads help waiting, processes computing"
	if d.Python.FreeThreaded {
		lock = "free-threaded: threads help computing too"
	}
	text := fmt.Sprintf("%s (by %s) %s, %s", d.Python.Path, d.Python.Origin, d.Python.Version, lock)
	if d.PythonError != "" {
		text += "; " + d.PythonError
	}
	return text
}

// startText says how workers come to be.
func (f *pythonFacts) startText() string {
	why, spawned := strings.CutPrefix(f.Start, "spawn: ")
	switch {
	case f.StartError != "":
		return "no worker can be started: " + f.StartError
	case spawned:
		return "spawn, each Python process by itself: " + why
	case f.Start == "template":
		return "template: Python processes are forked from one that did the imports"
	}
	return f.Start
}
