package command

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/osproc"
)

const (
	// DefaultKillGrace is [Config.KillGrace] when it is zero.
	DefaultKillGrace = time.Second

	// DefaultMaxOutput is [Config.MaxOutput] when it is zero.
	DefaultMaxOutput = 1 << 30

	// DefaultThreshold is [Spill.Threshold] when it is zero.
	DefaultThreshold = 256 << 10

	// NoLimit is a [Config.MaxOutput] that no program reaches.
	NoLimit = math.MaxInt64
)

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
	// standard error together; [NoLimit] is for any number. Zero means 1 GiB.
	// More lets a runaway program fill the memory, or the folder of Spill.
	MaxOutput int64

	// Spill says when output of [Exec] goes to files. The zero value keeps it in
	// memory.
	Spill Spill

	// Memory, if more than 0, limits the private writable memory of each process
	// of a program, in bytes (RLIMIT_DATA, Linux only). It is no limit of what
	// all of them have together, nor of shared memory and files. It is set when
	// the program has just been started; memory that it already has by then
	// stays. A program that is refused memory ends in its own way, and the call
	// with its [ExitError]. A program that may not be limited, because it has
	// more rights than this process, is ended, and fails with ErrWorkerStart.
	Memory int64

	// Nice is added to the niceness of this process for programs: 0 to 19. It is
	// set when the program has just been started.
	Nice int

	// ExportNumbers adds PARALLEL_SEQ, [Spec.Seq], and PARALLEL_JOBSLOT, the slot,
	// to the environment of programs, as GNU parallel does. Env and Spec.Env win.
	ExportNumbers bool
}

// Spill says when the output of a program goes to a file instead of memory. The
// file has no name, so that nothing is left when this process ends, however it
// does; where the file system has no such files, it has a name for the moment in
// which it is made. It has the access rights 0600.
type Spill struct {
	// Dir is the folder. Empty means no files.
	Dir string

	// Threshold is how many bytes of each stream stay in memory. Zero means 256
	// KiB. More saves files for calls with much output; less saves memory, which
	// a call needs until its outcome is used.
	Threshold int
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
	if c.Memory < 0 {
		refuse("Memory is %d: want 0 or more", c.Memory)
	}
	if c.Memory > 0 && runtime.GOOS != "linux" {
		refuse("Memory is %d: programs are limited on Linux only: %w", c.Memory, tandem.ErrUnsupported)
	}
	if c.Nice < 0 || c.Nice > osproc.MostNice {
		refuse("Nice is %d: want 0 to %d", c.Nice, osproc.MostNice)
	}
	if c.Spill.Threshold < 0 {
		refuse("Spill.Threshold is %d: want 0 or more", c.Spill.Threshold)
	}
	if err := checkDir("Spill.Dir", c.Spill.Dir); err != nil {
		errs = append(errs, err)
	}
	if err := checkEnv("Env", c.Env); err != nil {
		errs = append(errs, err)
	}
	if err := checkDir("Dir", c.Dir); err != nil {
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

func checkDir(field, dir string) error {
	if dir == "" {
		return nil
	}
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", field, err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is %q: want a directory", field, dir)
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
	if c.Spill.Threshold == 0 {
		c.Spill.Threshold = DefaultThreshold
	}
	c.Programs = clonePrograms(c.Programs)
	return c
}
