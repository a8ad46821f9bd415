package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
	outcomes "github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/quantity"
	"github.com/gotandem/tandem/cmd/tandem/internal/record"
	"github.com/gotandem/tandem/cmd/tandem/internal/results"
	"github.com/gotandem/tandem/internal/closest"
	"github.com/gotandem/tandem/process"
	"github.com/gotandem/tandem/python"
)

// pythonFlags are the flags for Python functions.
type pythonFlags struct {
	output      results.Format
	memory      quantity.Size
	maxTasks    int
	interpreter string
	preload     []string
	initializer string
	start       python.Start
}

// define declares the flags.
func (f *pythonFlags) define(cmd *cobra.Command) {
	f.output = results.JSON
	flags := cmd.Flags()
	flags.Var(&f.output, "output", "how results are written: raw writes text without quotes")
	flags.Var(&f.memory, "memory", "limit the memory of each Python process or command: 512M, 2G")
	flags.IntVar(&f.maxTasks, "max-tasks", 0, "replace a Python process after `N` calls")
	flags.StringVar(&f.interpreter, "python", "", "the Python interpreter is `PATH` (default: of VIRTUAL_ENV, of .venv beside the file, python3)")
	flags.StringArrayVar(&f.preload, "preload", nil, "import `MODULE` or FILE.py before the first call; may be given again")
	flags.StringVar(&f.initializer, "initializer", "", "call `FILE.py:FUNCTION` without an argument once in each Python process")
	flags.Var(&f.start, "start", "fork Python processes from one that did the imports (template), start each by itself (spawn), or auto: what is safe")
	flags.Lookup("output").DefValue = string(results.JSON)
	flags.Lookup("start").DefValue = "auto"
}

// check refuses values that make no sense, and all of them for a command.
func (f *pythonFlags) check(cmd *cobra.Command, line arguments.Line) error {
	flags := cmd.Flags()
	if flags.Changed("max-tasks") && f.maxTasks < 1 {
		return exitf(statusUsage, "--max-tasks is %d: want 1 or more", f.maxTasks)
	}
	if line.Command == nil {
		return nil
	}
	for _, name := range []string{"threads", "output", "max-tasks", "python", "preload", "initializer", "start"} {
		if flags.Changed(name) {
			return exitf(statusUsage, "--%s is for Python functions: a command does not have it", name)
		}
	}
	return nil
}

// mapPython runs a Python function once for each input.
func (r *mapRun) mapPython() error {
	if err := checkFile(r.line.Task.File); err != nil {
		return err
	}
	r.line.Task.Spread = r.inputs.spread(r.line)
	if err := r.fixNames(); err != nil {
		return err
	}
	name := r.line.Task.String()
	kind := pythonKind{name, r.inputs.as, r.python.output, r.line.Task.Spread}
	task := func() (record.Task, error) { return r.pythonTask(name) }
	if r.control.dryRun {
		return dryRun(r, kind, task)
	}
	path, err := interpreter(r.python.interpreter, r.line.Task.File)
	if err != nil {
		return exitf(statusUsage, "%w", err)
	}
	if err := r.openFiles(task); err != nil {
		return err
	}
	ex, err := r.loadPython(name, path)
	if err != nil {
		return r.abandon(err)
	}
	defer closeExecutor(ex, r.console)
	return runJob(r, mapping.Job[json.RawMessage, json.RawMessage]{
		Kind: kind, Executor: ex, Task: tandem.Declare[json.RawMessage, json.RawMessage](name),
	})
}

// pythonTask describes the function for a log.
func (r *mapRun) pythonTask(name string) (record.Task, error) {
	format := string(r.inputs.as)
	if r.inputs.as == inputs.Auto {
		format = ""
	}
	file := r.line.Task.File
	if file == "" {
		file = r.moduleFile()
	}
	task, err := record.PythonTask(name, format, file)
	task.ByName = r.inputs.as == inputs.CSV && r.line.Task.Spread == arguments.Keywords
	return task, err
}

// moduleFile returns the file of the task's module, where Python finds it in the folder
// that it runs in or by PYTHONPATH; nothing for a module that is installed.
func (r *mapRun) moduleFile() string {
	module := filepath.Join(strings.Split(r.line.Task.Module, ".")...)
	for _, dir := range append([]string{r.command.cwd}, filepath.SplitList(os.Getenv("PYTHONPATH"))...) {
		for _, name := range []string{filepath.Join(module, "__init__.py"), module + ".py"} {
			path := filepath.Join(dir, name)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				return path
			}
		}
	}
	return ""
}

// loadPython starts the executor of a task, waits until a worker has loaded it, and
// checks that the inputs fit. The executor is the caller's; after an error there is
// none.
func (r *mapRun) loadPython(name, path string) (ex *python.Executor, err error) {
	if ex, err = r.startPython(name, path); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			closeExecutor(ex, r.console)
			ex = nil
		}
	}()
	r.session.Begin(mapping.Work{Groups: mapping.GroupsOf(ex)})
	load := loading{name: name, interpreter: path, within: time.Duration(r.load.within), memory: r.python.memory, quiet: r.output.quiet}
	if err = load.await(ex, r.session, r.console); err != nil {
		return ex, err
	}
	if r.source, err = r.inputs.fitting(r.line, ex, r.source); err != nil {
		return ex, err
	}
	if why, found := strings.CutPrefix(ex.Stats().StartMethod, "spawn: "); found && !r.output.quiet {
		r.console.Print("tandem: each Python process is started by itself: " + console.Printable(why) + "\n")
	}
	return ex, nil
}

// startPython starts the executor of a task.
func (r *mapRun) startPython(name, path string) (*python.Executor, error) {
	ex, err := python.New(python.Config{
		Processes:   r.workers,
		Threads:     r.control.threads,
		Interpreter: path,
		Preload:     append(slices.Clone(r.python.preload), name),
		Initializer: r.python.initializer,
		Start:       r.python.start,
		Memory:      int64(r.python.memory),
		Nice:        r.command.nice,
		MaxCalls:    r.python.maxTasks,
		Env:         r.command.env,
		Dir:         r.command.cwd,
		Observe:     r.observe(),
		OnDemand:    r.control.processes.File != "", // there are more than the file asks for

		HandshakeTimeout: time.Duration(r.load.within),
		Output:           func(l process.Line) { r.console.Line(l.Text) },
	})
	if err != nil {
		return nil, exitf(statusUsage, "%w", err)
	}
	return ex, nil
}

// fixNames makes the names of files mean the same in the folder of --cwd.
func (r *mapRun) fixNames() (err error) {
	if r.line.Task.File, err = r.command.fixed(r.line.Task.File); err != nil {
		return err
	}
	for i, name := range r.python.preload {
		if r.python.preload[i], err = r.command.fixed(name); err != nil {
			return err
		}
	}
	r.python.initializer, err = r.command.fixed(r.python.initializer)
	return err
}

// checkFile refuses a file that cannot be read, before anything is started.
func checkFile(file string) error {
	if file == "" {
		return nil
	}
	info, err := os.Stat(file)
	switch {
	case errors.Is(err, os.ErrNotExist):
		if meant := similarFile(file); meant != "" {
			return exitf(statusUsage, "there is no file %q: did you mean %s?", file, meant)
		}
		return exitf(statusUsage, "there is no file %q: give the path of a Python file from the current directory", file)
	case err != nil:
		return exitf(statusUsage, "file %q: %w", file, err)
	case info.IsDir():
		return exitf(statusUsage, "%q is a directory: give a Python file, or PACKAGE.MODULE:FUNCTION", file)
	}
	return nil
}

// similarFile returns a Python file whose name is near that of file.
func similarFile(file string) string {
	matches, err := filepath.Glob(filepath.Join(filepath.Dir(file), "*.py"))
	if err != nil {
		return ""
	}
	if filepath.Dir(file) == "." {
		below, _ := filepath.Glob(filepath.Join("*", "*.py"))
		for _, match := range below {
			if filepath.Base(match) == filepath.Base(file) {
				return match
			}
		}
	}
	return closest.To(filepath.Clean(file), matches)
}

// interpreter returns the Python to use: the one asked for, that of the active
// environment, that of an environment beside the file, or the one in PATH.
func interpreter(asked, file string) (string, error) {
	search := python.Search{Flag: asked, VirtualEnv: os.Getenv("VIRTUAL_ENV"), Path: os.Getenv("PATH")}
	if file != "" {
		search.ScriptDir = filepath.Dir(file)
	}
	return python.Find(search)
}

// pythonKind is how Python functions look: JSON in, JSON out.
type pythonKind struct {
	name   string // of the task
	as     inputs.Format
	output results.Format
	spread string // how the function is called
}

// Input implements [mapping.Kind].
func (k pythonKind) Input(record inputs.Record, _ int) (json.RawMessage, error) {
	switch {
	case record.Err != nil:
		return nil, record.Err
	case record.Fields == nil:
		return k.as.Encode(record.Whole)
	case k.spread == arguments.Keywords:
		return k.as.EncodeObject(record.Names, record.Fields)
	}
	return k.as.EncodeArray(record.Fields)
}

// Text implements [mapping.Kind].
func (pythonKind) Text(in json.RawMessage) string { return string(in) }

// Call implements [mapping.Kind].
func (k pythonKind) Call(in json.RawMessage) (string, error) {
	name := strings.TrimSuffix(k.name, k.spread)
	return name + "(" + strings.Trim(k.spread, "()") + string(in) + ")", nil
}

// Finish implements [mapping.Kind].
func (k pythonKind) Finish(o *outcomes.Outcome, out json.RawMessage, err error) {
	if err == nil {
		o.Stdout.Bytes = k.output.Append(o.Stdout.Bytes, out)
		return
	}
	o.Err, o.Exit, o.Kind = err, 1, mapping.FailureKind(err)
}
