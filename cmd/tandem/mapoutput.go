package main

import (
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/progress"
	"github.com/gotandem/tandem/cmd/tandem/internal/store"
)

// outputFlags are the flags that say where results go and what is shown.
type outputFlags struct {
	unordered  bool
	keepOrder  bool
	tag        bool
	lineBuffer bool
	results    string
	quiet      bool
	progress   progress.Mode
}

// define declares the flags.
func (f *outputFlags) define(cmd *cobra.Command) {
	f.progress = progress.Auto
	flags := cmd.Flags()
	flags.BoolVar(&f.unordered, "unordered", false, "write results as they finish")
	flags.BoolVarP(&f.keepOrder, "keep-order", "k", false, "write results in the order of the inputs, which is the default")
	flags.BoolVar(&f.tag, "tag", false, "write the input and a TAB before each line of what its call writes")
	flags.BoolVar(&f.lineBuffer, "line-buffer", false, "write the lines of commands as they come, in any order")
	flags.StringVar(&f.results, "results", "", "also keep what each call writes: in files below the folder `DIR`, or in one file whose name ends with .csv, .tsv or .json")
	flags.BoolVarP(&f.quiet, "quiet", "q", false, "one line for each failure, no progress, no summary")
	flags.Var(&f.progress, "progress", "how progress is shown on standard error: auto is a changing line on a terminal (bar) and a line every ten seconds elsewhere (plain); none leaves out the summary too")
	flags.Lookup("progress").DefValue = string(progress.Auto)
}

// check refuses flags that contradict each other.
func (f *outputFlags) check(cmd *cobra.Command, line arguments.Line, pipe bool) error {
	switch {
	case cmd.Flags().Changed("results") && f.results == "":
		return exitf(statusUsage, "--results has no value: give a folder, or a file whose name ends with .csv, .tsv or .json")
	case f.tag && pipe:
		return exitf(statusUsage, "--tag writes the input before each line, and with --pipe that is a whole block: leave one of them out")
	case f.unordered && f.keepOrder:
		return exitf(statusUsage, "--unordered and --keep-order contradict each other: leave one of them out")
	case f.lineBuffer && line.Command == nil:
		return exitf(statusUsage, "--line-buffer is for commands, and %s is a Python function, which returns one value: leave it out", line.Task)
	case f.lineBuffer && f.keepOrder:
		return exitf(statusUsage, "--line-buffer writes lines as they come and --keep-order does not: leave one of them out")
	case f.lineBuffer && f.results != "":
		return exitf(statusUsage, "--line-buffer keeps nothing and --results keeps all: leave one of them out")
	}
	return nil
}

// open opens what keeps results; nil when nothing does. resumed tells that the run goes
// on with an earlier one, of which failed tells where the failures are.
func (f *outputFlags) open(resumed bool, failed store.FailedPlaces) (store.Store, error) {
	if f.results == "" {
		return nil, nil
	}
	kept, err := store.Open(f.results, resumed, failed)
	if err != nil {
		return nil, exitf(statusUsage, "--results: %w", err)
	}
	return kept, nil
}

// stdout returns standard output, which keeps clear of the progress line on the same
// terminal.
func stdout(c *console.Console) io.Writer {
	if c.Terminal() && term.IsTerminal(int(os.Stdout.Fd())) {
		return c.Beside(os.Stdout)
	}
	return os.Stdout
}
