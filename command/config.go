package command

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/gotandem/tandem"
)

const (
	// DefaultKillGrace is [Config.KillGrace] when it is zero.
	DefaultKillGrace = time.Second

	// DefaultMaxOutput is [Config.MaxOutput] when it is zero.
	DefaultMaxOutput = 1 << 30
)

// workerVariable makes a program of this module become a worker. One that runs
// as a command is none.
const workerVariable = "TANDEM_WORKER"

// Config describes an [Executor]. Each field's zero value is usable.
type Config struct {
	// Processes is how many programs run at once. Zero means GOMAXPROCS.
	Processes int

	// Queue is how many accepted calls may wait for a slot. Zero means
	// [tandem.DefaultQueue]. More smooths bursts; fewer make submitters feel
	// sooner that calls pile up.
	Queue int

	// Env adds "key=value" to the environment of programs. The rest is the
	// environment that this process has at New, without TANDEM_WORKER. Of
	// several values of a key the last counts.
	Env []string

	// Dir is the working directory of programs. Empty means that of this
	// process.
	Dir string

	// Programs are the tasks besides [Exec], by name. New copies them.
	Programs map[string]Program

	// Observe, if not nil, is called once for each attempt whose program was
	// started and has ended, also for one that is repeated, before the outcome of
	// its call is visible. It is called from several goroutines and must not
	// block. The times and the memory are those of [Output].
	Observe func(tandem.Attempt)

	// KillGrace is how long a program that was asked to end may take. Zero
	// means 1 s. Longer lets programs tidy up; shorter frees slots sooner.
	KillGrace time.Duration

	// MaxOutput is how many bytes a program may write to standard output and
	// standard error together. Zero means 1 GiB. It is kept in memory, so more
	// lets a runaway program take more of it, once for each slot.
	MaxOutput int64
}

// validate returns all problems, joined.
func (c Config) validate() error {
	var errs []error
	refuse := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Processes < 0 {
		refuse("Processes is %d: want 0 or more", c.Processes)
	}
	if c.Queue < 0 {
		refuse("Queue is %d: want 0 or more", c.Queue)
	}
	if c.KillGrace < 0 {
		refuse("KillGrace is %v: want 0 or more", c.KillGrace)
	}
	if c.MaxOutput < 0 {
		refuse("MaxOutput is %d: want 0 or more", c.MaxOutput)
	}
	if err := checkEnv("Env", c.Env); err != nil {
		errs = append(errs, err)
	}
	if err := checkDir(c.Dir); err != nil {
		errs = append(errs, err)
	}
	for _, name := range slices.Sorted(maps.Keys(c.Programs)) {
		if err := c.Programs[name].validate(name); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// checkEnv returns an error for the first entry that cannot be passed on. It
// does not show values, which may be secret.
func checkEnv(field string, env []string) error {
	for i, entry := range env {
		key, _, found := strings.Cut(entry, "=")
		if !found || key == "" || strings.IndexByte(entry, 0) >= 0 {
			return fmt.Errorf("%s[%d] (%q…): want \"key=value\" without a zero byte", field, i, key[:min(len(key), 40)])
		}
	}
	return nil
}

func checkDir(dir string) error {
	if dir == "" {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("Dir: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("Dir is %q: want a directory", dir)
	}
	return nil
}

func (c Config) withDefaults() Config {
	if c.Processes == 0 {
		c.Processes = runtime.GOMAXPROCS(0)
	}
	if c.Queue == 0 {
		c.Queue = tandem.DefaultQueue
	}
	if c.KillGrace == 0 {
		c.KillGrace = DefaultKillGrace
	}
	if c.MaxOutput == 0 {
		c.MaxOutput = DefaultMaxOutput
	}
	c.Programs = clonePrograms(c.Programs)
	return c
}

// environment joins lists of "key=value". Of several values of a key the last
// stays, in its place.
func environment(lists ...[]string) []string {
	last := map[string]int{}
	n := 0
	for _, list := range lists {
		for _, entry := range list {
			last[keyOf(entry)] = n
			n++
		}
	}
	env := make([]string, 0, len(last))
	n = 0
	for _, list := range lists {
		for _, entry := range list {
			if last[keyOf(entry)] == n {
				env = append(env, entry)
			}
			n++
		}
	}
	return env
}

// inherited returns what programs get of this process's environment.
func inherited(env []string) []string {
	var kept []string
	for _, entry := range env {
		if keyOf(entry) != workerVariable {
			kept = append(kept, entry)
		}
	}
	return kept
}

// keyOf returns what stands before the "=". Windows has keys that start with it.
func keyOf(entry string) string {
	for i := 1; i < len(entry); i++ {
		if entry[i] == '=' {
			return entry[:i]
		}
	}
	return entry
}
