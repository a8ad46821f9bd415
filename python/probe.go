package python

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Info is what an interpreter says of itself.
type Info struct {
	Implementation string `json:"implementation"` // "cpython"
	Version        string `json:"version"`        // "3.12.1"
	FreeThreaded   bool   `json:"free_threaded"`  // threads run Python code at the same time
	Executable     string `json:"executable"`     // the file behind wrappers and links to wrappers
	Prefix         string `json:"prefix"`         // where its packages are: the virtual environment, if it is in one
}

// FreeThreaded is how WorkerStats.Runtime ends for workers whose threads run
// Python code at the same time, after their imports: an extension can take that
// away.
const FreeThreaded = " free-threaded"

// The oldest version that workers run on.
const (
	oldestMajor = 3
	oldestMinor = 9
)

// probeProgram prints the facts as JSON. It runs on any Python from 2.7 on.
//
//go:embed probe.py
var probeProgram string

// probeDelay bounds how long a killed interpreter's children can hold its
// output open.
const probeDelay = time.Second

// Probe runs interpreter, a path or a name on PATH, and returns what it says of
// itself. It blocks until the interpreter has answered; the end of ctx kills it.
// It fails when there is no such interpreter, when it does not work, and when it
// is older than Python 3.9; the facts are returned in the last case too.
func Probe(ctx context.Context, interpreter string) (Info, error) {
	path, err := lookUp(interpreter)
	if err != nil {
		return Info{}, err
	}
	cmd := exec.CommandContext(ctx, path, "-c", probeProgram)
	cmd.WaitDelay = probeDelay
	output, err := cmd.Output()
	if ctx.Err() != nil {
		return Info{}, fmt.Errorf("interpreter %s did not answer: %w", path, context.Cause(ctx))
	}
	if err != nil {
		return Info{}, fmt.Errorf("interpreter %s does not work: %w%s", path, err, lastWords(err))
	}
	var facts struct {
		Info
		Numbers [2]int `json:"numbers"`
	}
	if err := json.Unmarshal(lastLine(output), &facts); err != nil {
		return Info{}, fmt.Errorf("interpreter %s does not answer as Python does: %w", path, err)
	}
	if n := facts.Numbers; n[0] < oldestMajor || n[0] == oldestMajor && n[1] < oldestMinor {
		return facts.Info, fmt.Errorf("interpreter %s is Python %s: tandem needs Python %d.%d or newer: %s",
			path, facts.Version, oldestMajor, oldestMinor, install)
	}
	return facts.Info, nil
}

// lastLine skips what start-up files of the user may print.
func lastLine(output []byte) []byte {
	text := strings.TrimRight(string(output), "\n")
	return []byte(text[strings.LastIndexByte(text, '\n')+1:])
}

// lastWords returns what the interpreter wrote before it failed.
func lastWords(err error) string {
	exit, ok := errors.AsType[*exec.ExitError](err)
	if !ok || len(exit.Stderr) == 0 {
		return ""
	}
	return ": " + strings.TrimSpace(string(exit.Stderr))
}
