package main

import (
	"context"
	"errors"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
	"github.com/gotandem/tandem/cmd/tandem/internal/progress"
	"github.com/gotandem/tandem/cmd/tandem/internal/quantity"
	"github.com/gotandem/tandem/cmd/tandem/internal/results"
	"github.com/gotandem/tandem/python"
)

// closeWithin bounds the end of workers that have nothing more to do. Longer
// waits for one that hangs; shorter kills one that tidies up.
const closeWithin = 5 * time.Second

// mapFlags are the flags of "tandem map".
type mapFlags struct {
	processes, threads int
	timeout            quantity.Duration
	retries            int
	unordered          bool
	as                 inputs.Format
	null               bool
	output             results.Format
	memory             quantity.Size
	maxCalls           int
	python             string
	preload            []string
	initializer        string
	start              python.Start
	quiet              bool
	progress           progress.Mode
}

func newMap() *cobra.Command {
	f := &mapFlags{as: inputs.Auto, output: results.JSON, progress: progress.Auto, threads: 1}
	cmd := &cobra.Command{
		Use:   "map",
		Short: "run a Python function or a command once for each input",
		Example: `  tandem map examples/primes.py:count ::: 100000 200000 300000
  tandem map -p 1 -t 32 examples/titles/titles.py:title < urls
  tandem map --output raw os.path:abspath ::: *
  tandem map -- gzip -k {} ::: *.log
  find . -name '*.png' -print0 | tandem map -0 -- convert {} {.}.jpg`,
		Long:                  mapUsage,
		DisableFlagsInUseLine: true,
		RunE:                  f.run,
	}
	f.define(cmd)
	return cmd
}

const mapUsage = `  tandem map [flags] FILE.py:FUNCTION [::: INPUT...]
  tandem map [flags] PACKAGE.MODULE:FUNCTION [::: INPUT...]
  tandem map [flags] -- COMMAND [ARGUMENT...] [::: INPUT...]

Without ::: each line of standard input is an input. A function gets an input as
its argument; what it returns is one line of JSON on standard output, in the
order of the inputs. A command gets the input where {} stands, or as its last
argument: also {.} without extension, {/} base name, {//} directory, {/.} base
name without extension, {#} number, {%} slot. It runs without a shell, and its
output stays together. Messages go to standard error.

Exit status: 0 all fine, 1 some calls failed, 2 wrong command line or a task that
cannot be loaded, 125 tandem itself failed, 126 the command cannot run, 127 there
is no such command, 130 after Ctrl-C, 141 when nobody reads the output any more,
143 after SIGTERM. After Ctrl-C no more inputs are taken, and those that were
finish; a second one kills them.`

// define declares the flags. What follows the task is not ours to read.
func (f *mapFlags) define(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SetInterspersed(false)
	flags.SortFlags = false
	flags.IntVarP(&f.processes, "processes", "p", 0, "run `N` processes (default: the cores of this machine)")
	flags.IntVarP(&f.threads, "threads", "t", 1, "run `N` calls at once in each Python process")
	flags.Var(&f.timeout, "timeout", "kill a call that runs longer: seconds, or 200ms, 1h30m")
	flags.IntVar(&f.retries, "retries", 0, "run a call that failed up to `N` times more, also when it may have done its work")
	flags.BoolVar(&f.unordered, "unordered", false, "write results as they finish")
	flags.Var(&f.as, "as", "what an input is: auto takes valid JSON as a value and anything else as text")
	flags.BoolVarP(&f.null, "null", "0", false, "inputs on standard input end with NUL, not with a line feed")
	flags.Var(&f.output, "output", "how results are written: raw writes text without quotes")
	flags.Var(&f.memory, "memory", "limit the memory of each Python process: 512M, 2G")
	flags.IntVar(&f.maxCalls, "max-calls", 0, "replace a Python process after `N` calls")
	flags.StringVar(&f.python, "python", "", "the Python interpreter is `PATH` (default: of VIRTUAL_ENV, of .venv beside the file, python3)")
	flags.StringArrayVar(&f.preload, "preload", nil, "import `MODULE` or FILE.py before the first call; may be given again")
	flags.StringVar(&f.initializer, "initializer", "", "call `FILE.py:FUNCTION` without an argument once in each Python process")
	flags.Var(&f.start, "start", "fork Python processes from one that did the imports (template), start each by itself (spawn), or auto: what is safe")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "one line for each failure, no progress")
	flags.Var(&f.progress, "progress", "how progress is shown on standard error")
	for name, unset := range map[string]string{"as": "auto", "output": "json", "start": "auto", "progress": "auto"} {
		flags.Lookup(name).DefValue = unset
	}
}

// run is the verb.
func (f *mapFlags) run(cmd *cobra.Command, args []string) error {
	line, err := arguments.Parse(args, cmd.ArgsLenAtDash() == 0)
	if err != nil {
		return exitf(statusUsage, "%w", err)
	}
	if err := f.check(cmd, line); err != nil {
		return err
	}
	if !line.Listed && term.IsTerminal(int(os.Stdin.Fd())) {
		return exitf(statusUsage, "no inputs: write ::: INPUT... at the end, or give lines on standard input")
	}
	c := newConsole()
	session := mapping.NewSession(c, os.Exit)
	defer session.End()
	if line.Command != nil {
		return f.mapCommand(line, session, c)
	}
	return f.mapPython(line, session, c)
}

// check refuses values that make no sense, and flags that do not apply.
func (f *mapFlags) check(cmd *cobra.Command, line arguments.Line) error {
	flags := cmd.Flags()
	switch {
	case flags.Changed("processes") && f.processes < 1:
		return exitf(statusUsage, "--processes is %d: want 1 or more", f.processes)
	case f.threads < 1:
		return exitf(statusUsage, "--threads is %d: want 1 or more", f.threads)
	case f.retries < 0:
		return exitf(statusUsage, "--retries is %d: want 0 or more", f.retries)
	case flags.Changed("max-calls") && f.maxCalls < 1:
		return exitf(statusUsage, "--max-calls is %d: want 1 or more", f.maxCalls)
	}
	if line.Command == nil {
		return nil
	}
	for _, name := range []string{"threads", "as", "output", "memory", "max-calls", "python", "preload", "initializer", "start"} {
		if flags.Changed(name) {
			return exitf(statusUsage, "--%s is for Python functions: a command does not have it", name)
		}
	}
	return nil
}

// source returns where the inputs come from, and how many there are if that is
// known.
func (f *mapFlags) source(line arguments.Line) (inputs.Source, int) {
	if line.Listed {
		return inputs.NewList(line.Inputs), len(line.Inputs)
	}
	end := byte('\n')
	if f.null {
		end = 0
	}
	return inputs.NewLines(os.Stdin, end), 0
}

// workers returns how many processes to start: no more than there is work for.
func (f *mapFlags) workers(line arguments.Line) int {
	n := f.processes
	if n == 0 {
		n = runtime.GOMAXPROCS(0)
	}
	if line.Listed {
		n = min(n, (len(line.Inputs)+f.threads-1)/f.threads)
	}
	return max(1, n)
}

// options returns how calls are to be carried.
func (f *mapFlags) options() []tandem.MapOption {
	var options []tandem.MapOption
	if f.timeout > 0 {
		options = append(options, tandem.Timeout(time.Duration(f.timeout)))
	}
	if f.retries > 0 {
		options = append(options, tandem.Retries(f.retries), tandem.Idempotent())
	}
	if f.unordered {
		options = append(options, tandem.Unordered())
	}
	return options
}

// runJob maps the inputs of a line and returns what the exit status is to be.
func runJob[In, Out any](f *mapFlags, line arguments.Line, job mapping.Job[In, Out]) error {
	job.Options, job.Output, job.Progress, job.Quiet = f.options(), os.Stdout, f.progress, f.quiet
	job.Source, job.Total = f.source(line)
	counts, err := mapping.Run(job)
	if failure, ok := errors.AsType[*mapping.Failure](err); ok {
		return &exit{failure.Status, failure.Err}
	}
	if status, stopped := job.Session.Stopped(); stopped {
		return &exit{status: status}
	}
	if counts.Failed > 0 {
		return &exit{status: statusFailed}
	}
	return nil
}

// closeExecutor ends the workers of a run that is over.
func closeExecutor(ex tandem.Executor, c *console.Console) {
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	if err := ex.Close(ctx); err != nil && ctx.Err() != nil {
		c.Print("tandem: ending the workers: " + err.Error() + "\n")
	}
}
