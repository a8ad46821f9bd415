package main

import (
	"cmp"
	"os"

	"github.com/spf13/cobra"

	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
)

// mapFlags are the flags of "tandem map".
type mapFlags struct {
	inputs  inputFlags
	control controlFlags
	output  outputFlags
	record  recordFlags
	python  pythonFlags
	load    loadFlags
	command commandFlags
}

func newMap() *cobra.Command {
	f := new(mapFlags)
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

Inputs stand behind :::, or are the lines of files behind ::::, of -a FILE or of
standard input; --glob and --range make some. Several sources make all combinations,
:::+ and ::::+ pair them.

A function gets an input as its argument, or one from each source, or the columns
of a table by name (--as csv); what it returns is one line of JSON on standard
output, in the order of the inputs. A command gets it where {} stands, or as its
last argument, without a shell; its output stays together. Messages go to standard
error.

The first Ctrl-C finishes what runs, the second kills it. More in tandem help
formats, placeholders, resume, signals, exit-status, environment and, for those
who come from there, parallel.`

// define declares the flags. What follows the task is not ours to read.
func (f *mapFlags) define(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.SetInterspersed(false)
	flags.SortFlags = false
	f.control.define(cmd)
	f.inputs.define(cmd)
	f.output.define(cmd)
	f.record.define(cmd)
	f.python.define(cmd)
	f.load.define(cmd)
	f.command.define(cmd)
}

// run is the verb.
func (f *mapFlags) run(cmd *cobra.Command, args []string) (err error) {
	line, err := arguments.Parse(args, cmd.ArgsLenAtDash() == 0)
	if err != nil {
		return exitf(statusUsage, "%w", cmp.Or(f.record.formApart(cmd, args), err))
	}
	if err := f.check(cmd, line); err != nil {
		return err
	}
	c := newConsole(cmd)
	session := mapping.NewSession(c, os.Exit)
	defer func() {
		if hasText(err) {
			session.End() // saying it may take for ever
			return
		}
		session.Leave()
	}()
	r, err := f.newRun(line, session, c)
	if err != nil {
		return err
	}
	if line.Command != nil {
		return r.mapCommand()
	}
	return r.mapPython()
}

// check refuses values that make no sense, and flags that do not apply.
func (f *mapFlags) check(cmd *cobra.Command, line arguments.Line) error {
	for _, err := range []error{
		f.control.check(cmd), f.inputs.check(cmd, line), f.output.check(cmd, line, f.command.pipe), f.record.check(cmd),
		f.python.check(cmd, line), f.load.check(cmd, line), f.command.check(cmd, line, &f.inputs),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}
