package python

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/gotandem/tandem"
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
	// not serve. With a template they are loaded once, and again only after the
	// template has ended.
	Preload []string

	// Initializer is a task, "FILE.py:FUNCTION" or "MODULE:FUNCTION", that takes
	// no argument. Each worker calls it once, before its first call. A worker
	// whose initializer raises an exception or does not return within
	// HandshakeTimeout does not serve. Empty means none.
	Initializer string

	// Start says how workers come to be.
	Start Start

	// Dir is the workers' directory, where relative files of tasks begin.
	// Empty means that of this program.
	Dir string

	// Env is added to the environment of the workers, "KEY=value". They get
	// this program's environment otherwise.
	Env []string

	// The fields below mean what they mean in [process.Config].

	OnDemand         bool
	Output           func(process.Line)
	Observe          func(tandem.Attempt)
	Memory           int64
	Nice             int
	MaxCalls         int
	MaxResident      int64
	IdleTimeout      time.Duration
	HandshakeTimeout time.Duration // covers the imports of Preload and Initializer; zero means 10 s
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
	if int(c.Start) >= len(startNames) {
		errs = append(errs, fmt.Errorf("Start is %d: want StartAuto, StartTemplate or StartSpawn", c.Start))
	}
	if c.Initializer != "" && !strings.Contains(c.Initializer, ":") {
		errs = append(errs, fmt.Errorf("Initializer is %q: want FILE.py:FUNCTION or MODULE:FUNCTION", c.Initializer))
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
		Runtime: c.runtimeConfig(path, processes),
		Env:     c.Env, Dir: c.Dir, Output: c.Output, Observe: c.Observe, OnDemand: c.OnDemand,
		Memory: c.Memory, Nice: c.Nice, MaxCalls: c.MaxCalls, MaxResident: c.MaxResident,
		IdleTimeout: c.IdleTimeout, HandshakeTimeout: c.HandshakeTimeout,
		CancelGrace: c.CancelGrace, KillGrace: c.KillGrace,
		RestartBudget: c.RestartBudget, MaxFrame: c.MaxFrame,
	}
}
