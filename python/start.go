package python

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"github.com/gotandem/tandem/process"
)

// Start says how interpreters come to be.
type Start uint8

const (
	// StartAuto is [StartTemplate] where that is safe, and [StartSpawn] else.
	// tandem.Stats says which and why.
	StartAuto Start = iota

	// StartTemplate forks workers from one interpreter that has done the imports
	// of Config.Preload: a worker is there in milliseconds and shares the memory
	// of what was imported. It needs Linux with pidfd (5.4), an interpreter with
	// ctypes, and imports that start no threads. Where one of these is missing,
	// New fails or, when that is found out later, no worker becomes ready.
	StartTemplate

	// StartSpawn starts each interpreter by itself. Each does the imports.
	StartSpawn
)

var startNames = []string{"auto", "template", "spawn"}

// String returns the method as --start takes it.
func (s Start) String() string {
	if int(s) < len(startNames) {
		return startNames[s]
	}
	return "start(" + strconv.Itoa(int(s)) + ")"
}

// Set sets s by its name, for flags.
func (s *Start) Set(name string) error {
	for i, known := range startNames {
		if name == known {
			*s = Start(i)
			return nil
		}
	}
	return fmt.Errorf("%q is not a start method: want one of %s", name, strings.Join(startNames, ", "))
}

// Type names the values of s in help texts.
func (*Start) Type() string { return strings.Join(startNames, "|") }

// runtimeConfig returns what the executor underneath is to start.
func (c Config) runtimeConfig(path string, processes int) *process.Runtime {
	r := &process.Runtime{
		Name: "python",
		Path: path,
		Args: interpreterArgs(),

		Preamble: []byte(bootstrap),

		Codec:   values{},
		Preload: c.Preload,
		Options: c.options(processes),
		Prelude: c.prelude(),
	}
	if c.Start != StartSpawn {
		template := c.options(processes)
		template["role"] = "template"
		worker := c.options(processes)
		delete(worker, "program") // which it is a copy of
		r.Template = &process.Template{Options: template, Worker: worker, Optional: c.Start == StartAuto}
	}
	return r
}

// options is what the worker program gets in the setup frame: itself, the
// environment that it sets where the user's has nothing, and the initializer.
func (c Config) options(processes int) map[string]any {
	threads := strconv.Itoa(max(1, runtime.GOMAXPROCS(0)/processes))
	environment := make(map[string]string, len(threadVariables))
	for _, name := range threadVariables {
		environment[name] = threads
	}
	return map[string]any{"program": program(), "environment": environment, "initializer": c.Initializer}
}

// prelude says what a worker does before it is ready.
func (c Config) prelude() string {
	var steps []string
	if len(c.Preload) > 0 {
		steps = append(steps, "imports "+strings.Join(c.Preload, ", "))
	}
	if c.Initializer != "" {
		steps = append(steps, "calls the initializer "+c.Initializer)
	}
	return strings.Join(steps, " and ")
}

// interpreterArgs are the arguments that make an interpreter a worker: it reads
// the preamble, which is the bootstrap, from its socket. So ps shows one line.
func interpreterArgs() []string {
	return []string{"-u", "-c", fmt.Sprintf(readPreamble, len(bootstrap))}
}

// readPreamble runs on the interpreters that bootstrap runs on.
const readPreamble = `import os;n,f,s=%d,int(os.environ["TANDEM_WORKER"].split(":")[1]),b""
while len(s)<n:s+=os.read(f,n-len(s))or os._exit(1)
exec(s)# tandem worker`

// threadVariables size the thread pools of numerical libraries. Without them
// each worker would start a thread for every processor.
var threadVariables = []string{
	"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
	"NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
}
