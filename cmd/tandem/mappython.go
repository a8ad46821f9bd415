package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
	"github.com/gotandem/tandem/cmd/tandem/internal/results"
	"github.com/gotandem/tandem/process"
	"github.com/gotandem/tandem/python"
)

// mapPython runs a Python function once for each input.
func (f *mapFlags) mapPython(line arguments.Line, session *mapping.Session, c *console.Console) error {
	if err := checkFile(line.Task.File); err != nil {
		return err
	}
	path, err := interpreter(f.python, line.Task.File)
	if err != nil {
		return exitf(statusUsage, "%w", err)
	}
	name := line.Task.String()
	ex, err := python.New(python.Config{
		Processes:   f.workers(line),
		Threads:     f.threads,
		Interpreter: path,
		Preload:     append(slices.Clone(f.preload), name),
		Initializer: f.initializer,
		Start:       f.start,
		Memory:      int64(f.memory),
		MaxCalls:    f.maxCalls,

		HandshakeTimeout: time.Duration(f.load.within),
		Output:           func(l process.Line) { c.Line(l.Text) },
	})
	if err != nil {
		return exitf(statusUsage, "%w", err)
	}
	defer closeExecutor(ex, c)
	session.Begin(mapping.Work{Groups: mapping.GroupsOf(ex)})
	load := loading{name: name, interpreter: path, within: time.Duration(f.load.within), memory: f.memory, quiet: f.quiet}
	if err := load.await(ex, session, c); err != nil {
		return err
	}
	if why, found := strings.CutPrefix(ex.Stats().StartMethod, "spawn: "); found && !f.quiet {
		c.Print("tandem: each Python process is started by itself: " + console.Printable(why) + "\n")
	}
	return runJob(f, line, mapping.Job[json.RawMessage, json.RawMessage]{
		Kind: pythonKind{f.as, f.output}, Executor: ex, Console: c, Session: session,
		Task: tandem.Declare[json.RawMessage, json.RawMessage](name),
	})
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
	return arguments.Closest(filepath.Clean(file), matches)
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
	as     inputs.Format
	output results.Format
}

// Input implements [mapping.Kind].
func (k pythonKind) Input(token []byte, _ int) (json.RawMessage, error) { return k.as.Encode(token) }

// Text implements [mapping.Kind].
func (pythonKind) Text(in json.RawMessage) string { return string(in) }

// Result implements [mapping.Kind].
func (k pythonKind) Result(dst []byte, out json.RawMessage, err error) []byte {
	if err != nil {
		return dst
	}
	return k.output.Append(dst, out)
}

// Notes implements [mapping.Kind].
func (pythonKind) Notes(_ json.RawMessage, err error) ([]byte, error) { return nil, err }
