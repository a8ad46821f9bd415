package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/gate"
	"github.com/gotandem/tandem/cmd/tandem/internal/halting"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/machine"
	"github.com/gotandem/tandem/cmd/tandem/internal/parallel"
	"github.com/gotandem/tandem/cmd/tandem/internal/quantity"
)

// mostCommands is how many commands run at once at most where the number may change
// or is to be as large as possible. More would meet the limits of a usual machine.
const mostCommands = 256

// mostPerCore is the same for Python processes, for each core.
const mostPerCore = 4

// controlFlags are the flags that say what starts when, and when a run ends.
type controlFlags struct {
	processes parallel.Count
	threads   int
	timeout   timeoutFlag
	retries   int
	delay     quantity.Duration
	load      machineLoad
	memfree   quantity.Size
	halt      halting.Policy
	dryRun    bool
}

// define declares the flags.
func (f *controlFlags) define(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.VarP(&f.processes, "processes", "p", "run so many processes: `N`, N% of the cores, +N or -N for more or fewer than cores, 0 for as many as possible, or a file with one of these, which is read again while calls run (default: the cores)")
	flags.VarP(&f.processes, "jobs", "j", "another name of --processes")
	flags.IntVarP(&f.threads, "threads", "t", 1, "run `N` calls at once in each Python process")
	flags.Var(&f.timeout, "timeout", "kill a call that runs longer: seconds, 200ms, 1h30m, or N% of the median of those that succeeded, at least 50ms")
	flags.IntVar(&f.retries, "retries", 1, "try a call that fails up to `N` times, also when it may have done its work; 0: until it succeeds")
	flags.Var(&f.halt, "halt", "end early: never, or now (kill what runs) or soon (finish it), and fail, success or done = N calls or N% of all: soon,fail=1")
	flags.Var(&f.delay, "delay", "wait so long between two starts")
	flags.Var(&f.load, "load", "start nothing while `N` threads of the machine run, or N% of the cores")
	flags.Var(&f.memfree, "memfree", "start nothing while less memory is free; below half of it the youngest call is stopped and starts again later")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print what would run, and run nothing")
}

// check refuses values that make no sense.
func (f *controlFlags) check(cmd *cobra.Command) error {
	flags := cmd.Flags()
	switch {
	case flags.Changed("processes") && flags.Changed("jobs"):
		return exitf(statusUsage, "--jobs is another name of --processes: give one of them")
	case f.threads < 1:
		return exitf(statusUsage, "--threads is %d: want 1 or more", f.threads)
	case f.retries < 0:
		return exitf(statusUsage, "--retries is %d: want the number of tries, or 0 for no limit", f.retries)
	}
	if f.load.given() && !knows(machine.RunningThreads()) {
		return exitf(statusUsage, "--load needs /proc/loadavg, which this system (%s) does not have: leave it out", runtime.GOOS)
	}
	if f.memfree > 0 && !knows(machine.FreeMemory()) {
		return exitf(statusUsage, "--memfree needs /proc/meminfo, which this system (%s) does not have: leave it out", runtime.GOOS)
	}
	return nil
}

// knows reports whether the machine told a value.
func knows[T any](_ T, known bool) bool { return known }

// single reports whether calls must not wait in the executor.
func (f *controlFlags) single() bool {
	return f.halt.Active() || f.processes.File != "" || f.timeout.percent > 0
}

// most returns how many processes there can be.
func (f *controlFlags) most(isCommand bool) int {
	if isCommand {
		return mostCommands
	}
	return mostPerCore * cores
}

// workers returns how many processes to start: no more than there is work for.
func (f *controlFlags) workers(source inputs.Source, isCommand bool) int {
	n := f.most(isCommand)
	if f.processes.File == "" {
		n = f.processes.Of(cores, n)
	}
	if total, known := source.Total(); known {
		n = int(min(int64(n), (total+int64(f.threads)-1)/int64(f.threads)))
	}
	return max(1, n)
}

// gate returns what starts of calls depend on, on an executor with so many workers.
func (f *controlFlags) gate(workers int, isCommand bool, c *console.Console) gate.Config {
	say := func(text string) { c.Print("tandem: " + text + "\n") }
	config := gate.Config{
		Places: func(time.Time) (int, time.Duration) { return workers * f.threads, 0 },
		Single: f.single(),
	}
	if f.processes.File != "" {
		file := parallel.NewFile(f.processes, cores, f.most(isCommand), func(err error) { say(err.Error()) })
		config.Places = func(now time.Time) (int, time.Duration) {
			n, holds := file.Places(now)
			return n * f.threads, holds
		}
	}
	if f.memfree > 0 {
		config.Conditions = append(config.Conditions, gate.NewMemory(int64(f.memfree), freeMemory, func(free int64) {
			say(fmt.Sprintf("waiting for memory: %s free, --memfree is %s", quantity.FormatSize(free), quantity.FormatSize(int64(f.memfree))))
		}))
	}
	if f.load.given() {
		limit := f.load.limit(cores)
		if hint := f.load.hint(cores); hint != "" {
			say(hint)
		}
		config.Conditions = append(config.Conditions, gate.NewLoad(limit, runningThreads, func(running int) {
			say(fmt.Sprintf("waiting for the machine: %d threads run, --load %s lets calls start below %d", running, &f.load, limit))
		}))
	}
	if f.delay > 0 {
		config.Conditions = append(config.Conditions, gate.NewDelay(time.Duration(f.delay)))
	}
	return config
}

func freeMemory() int64 {
	free, known := machine.FreeMemory()
	if !known {
		return math.MaxInt64 // it was known before: a run is not to hang because of it
	}
	return free
}

func runningThreads() int {
	n, _ := machine.RunningThreads()
	return n
}

// options returns how calls are to be carried. median is asked when a call starts.
func (f *controlFlags) options(median func() (time.Duration, bool)) []tandem.MapOption {
	var options []tandem.MapOption
	switch {
	case f.timeout.percent > 0:
		options = append(options, tandem.TimeoutBy(func() time.Duration { return f.timeout.of(median()) }))
	case f.timeout.fixed > 0:
		options = append(options, tandem.Timeout(f.timeout.fixed))
	}
	if again := f.repeats(); again > 0 {
		options = append(options, tandem.Retries(again), tandem.Idempotent())
	}
	return options
}

// repeats returns how many attempts may follow the first one.
func (f *controlFlags) repeats() int {
	if f.retries == 0 {
		return math.MaxInt32
	}
	return f.retries - 1
}

// countAhead returns how many inputs there are if --halt has to know: total if that is
// not 0.
func (f *controlFlags) countAhead(ctx context.Context, source inputs.Source, total int64) (int64, error) {
	if total > 0 || !f.halt.NeedsTotal() {
		return total, nil
	}
	n, err := source.Count(ctx)
	switch {
	case errors.Is(err, inputs.ErrUncountable):
		return 0, exitf(statusUsage, "--halt %s is a percentage of all inputs, which cannot be counted before they are read: give --total N, a number to --halt, or the inputs in a file", &f.halt)
	case err != nil:
		return 0, exitf(statusOwn, "counting the inputs for --halt %s: %w", &f.halt, err)
	}
	return n, nil
}

// leastTimeout is what --timeout N% does not go below: shorter kills calls for the
// time that the machine takes to start them.
const leastTimeout = 50 * time.Millisecond

// timeoutFlag is a duration, or a percentage of the median of calls.
type timeoutFlag struct {
	fixed   time.Duration
	percent float64
	text    string
}

func (f *timeoutFlag) Set(text string) error {
	number, isPercent := strings.CutSuffix(text, "%")
	if !isPercent {
		fixed, err := quantity.ParseDuration(text)
		*f = timeoutFlag{fixed: fixed, text: text}
		return err
	}
	percent, err := strconv.ParseFloat(number, 64)
	if err != nil || !(percent > 100) || percent > 1e9 {
		return fmt.Errorf("%q is no percentage above 100%% of the median time of calls: write 200%%, or a duration such as 10s", text)
	}
	*f = timeoutFlag{percent: percent, text: text}
	return nil
}

func (f *timeoutFlag) String() string { return f.text }

func (f *timeoutFlag) Type() string { return "DURATION" }

// of returns the limit for a median, 0 for none while that is not known.
func (f *timeoutFlag) of(median time.Duration, known bool) time.Duration {
	if !known {
		return 0
	}
	return max(leastTimeout, time.Duration(float64(median)*f.percent/100))
}

// machineLoad is a number of threads, or a percentage of the cores.
type machineLoad struct {
	n       float64
	percent bool
	text    string
}

func (f *machineLoad) Set(text string) error {
	number, percent := strings.CutSuffix(text, "%")
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !(n > 0) || n > 1e6 {
		return fmt.Errorf("%q is no load: want a number of threads above 0, or a percentage of the cores such as 80%%", text)
	}
	*f = machineLoad{n, percent, text}
	return nil
}

func (f *machineLoad) String() string { return f.text }

func (f *machineLoad) Type() string { return "N" }

func (f *machineLoad) given() bool { return f.text != "" }

// hint returns what to say about a number that was probably meant to be a percentage.
func (f *machineLoad) hint(cores int) string {
	const tooMany = 8 // for each core
	if f.percent || f.n < 10 || f.n < float64(tooMany*cores) {
		return ""
	}
	return fmt.Sprintf("--load %s is a number of threads, and there are %d cores: write %s%% for a part of them", f, cores, f)
}

// limit returns the number of threads on a machine with so many cores.
func (f *machineLoad) limit(cores int) int {
	n := f.n
	if f.percent {
		n = n * float64(cores) / 100
	}
	return max(1, int(math.Ceil(n)))
}
