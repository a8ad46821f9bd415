package python

import (
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"time"

	"github.com/gotandem/tandem/process"
)

// DefaultInterpreter is what is looked up on PATH when Config.Interpreter is
// empty.
const DefaultInterpreter = "python3"

// Config describes an executor of Python interpreters. Each field's zero value
// is usable.
type Config struct {
	// Processes is how many interpreters run at once. Zero means GOMAXPROCS.
	Processes int

	// Threads is how many calls each interpreter runs at once. Zero means 1:
	// calls then run in the interpreter's main thread.
	Threads int

	// Queue is how many accepted calls may wait. Zero means tandem.DefaultQueue.
	Queue int

	// Interpreter is a path, or a name that is looked up on PATH. Empty means
	// [DefaultInterpreter]. [Find] chooses one as the command does.
	Interpreter string

	// Preload is what each worker loads before its first call: tasks,
	// "FILE.py", or names of modules. A worker that cannot load one of them does
	// not serve.
	Preload []string

	// Dir is the workers' directory, where relative files of tasks begin.
	// Empty means that of this program.
	Dir string

	// Env is added to the environment of the workers, "KEY=value". They get
	// this program's environment otherwise.
	Env []string

	// The fields below mean what they mean in [process.Config].

	Output           func(process.Line)
	Memory           int64
	MaxCalls         int
	MaxResident      int64
	IdleTimeout      time.Duration
	HandshakeTimeout time.Duration // covers the imports of Preload
	CancelGrace      time.Duration
	KillGrace        time.Duration
	RestartBudget    int
	MaxFrame         int64
}

// validate checks what is not checked by [process.New] under the same name.
func (c Config) validate() error {
	var errs []error
	if c.Processes < 0 {
		errs = append(errs, fmt.Errorf("Processes is %d: want 0 or more", c.Processes))
	}
	for i, name := range c.Preload {
		if name == "" {
			errs = append(errs, fmt.Errorf("Preload[%d] is empty: want a task, a .py file or a module", i))
		}
	}
	return errors.Join(errs...)
}

// processConfig returns the configuration of the executor underneath.
func (c Config) processConfig(path string) process.Config {
	processes := c.Processes
	if processes == 0 {
		processes = runtime.GOMAXPROCS(0)
	}
	return process.Config{
		Workers: processes, Threads: c.Threads, Queue: c.Queue,
		Runtime: &process.Runtime{
			Name:    "python",
			Path:    path,
			Args:    interpreterArgs(),
			Codec:   values{},
			Preload: c.Preload,
			Options: options(processes),
		},
		Env: c.Env, Dir: c.Dir, Output: c.Output,
		Memory: c.Memory, MaxCalls: c.MaxCalls, MaxResident: c.MaxResident,
		IdleTimeout: c.IdleTimeout, HandshakeTimeout: c.HandshakeTimeout,
		CancelGrace: c.CancelGrace, KillGrace: c.KillGrace,
		RestartBudget: c.RestartBudget, MaxFrame: c.MaxFrame,
	}
}

// interpreterArgs are the arguments that make an interpreter a worker.
func interpreterArgs() []string { return []string{"-u", "-c", bootstrap} }

// options is what the worker program gets in the setup frame: itself, and the
// environment that it sets where the user's has nothing.
func options(processes int) map[string]any {
	threads := strconv.Itoa(max(1, runtime.GOMAXPROCS(0)/processes))
	environment := make(map[string]string, len(threadVariables))
	for _, name := range threadVariables {
		environment[name] = threads
	}
	return map[string]any{"program": program(), "environment": environment}
}

// threadVariables size the thread pools of numerical libraries. Without them
// each worker would start a thread for every processor.
var threadVariables = []string{
	"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "BLIS_NUM_THREADS",
	"NUMEXPR_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS",
}
