package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
)

// standardInput is how it is called where a file is named.
const standardInput = "-"

// inputFlags are the flags that say where inputs come from and what they are.
type inputFlags struct {
	as      inputs.Format
	null    bool
	total   int64
	sources []flagSource // of all flags that name one, as they stand on the command line
}

// flagSource is one use of a flag that names a source of inputs.
type flagSource struct {
	flag  string // its name
	value string
	span  inputs.Span // of --range
}

// sourceFlag is a flag that names a source of inputs and may be given again.
type sourceFlag struct {
	name  string
	flags *inputFlags
}

// Set adds a source.
func (s sourceFlag) Set(value string) error {
	source := flagSource{flag: s.name, value: value}
	var err error
	switch s.name {
	case "range":
		source.span, err = inputs.ParseSpan(value)
	case "glob":
		_, err = inputs.NewGlob(value)
	default:
		if value == "" {
			err = fmt.Errorf("the path is empty: want a file, or - for standard input")
		}
	}
	s.flags.sources = append(s.flags.sources, source)
	return err
}

func (s sourceFlag) String() string { return "" }

func (s sourceFlag) Type() string { return "string" }

// define declares the flags.
func (f *inputFlags) define(cmd *cobra.Command) {
	f.as = inputs.Auto
	flags := cmd.Flags()
	flags.Var(&f.as, "as", "what inputs are: auto takes valid JSON as a value and anything else as text, csv is a table with a header")
	flags.Lookup("as").DefValue = string(inputs.Auto)
	flags.BoolVarP(&f.null, "null", "0", false, "inputs on standard input and in files end with NUL, not with a line feed")
	flags.VarP(sourceFlag{"arg-file", f}, "arg-file", "a", "the lines of `FILE` are inputs; may be given again, for combinations")
	flags.Var(sourceFlag{"glob", f}, "glob", "the files that match `PATTERN` are inputs, ** for any folders; may be given again, for more")
	flags.Var(sourceFlag{"range", f}, "range", "the integers of `A..B` or A..B..STEP are inputs; may be given again, for combinations")
	flags.Int64Var(&f.total, "total", 0, "there will be `N` inputs, where that cannot be known before they are read")
}

// check refuses values that make no sense, and sources that do not fit together.
func (f *inputFlags) check(cmd *cobra.Command, line arguments.Line) error {
	if cmd.Flags().Changed("total") && f.total < 1 {
		return exitf(statusUsage, "--total is %d: want 1 or more", f.total)
	}
	if len(f.sources) == 0 && len(line.Sources) > 0 && line.Sources[0].Linked {
		separator := line.Sources[0].Separator()
		return exitf(statusUsage, "%s links to the source before it, and there is none: write %s, or :::: - %s to link to the lines of standard input",
			separator, strings.TrimSuffix(separator, "+"), separator)
	}
	files, other := f.kinds(line)
	standard := 0
	for _, file := range files {
		if file == standardInput {
			standard++
		}
	}
	if standard > 1 {
		return exitf(statusUsage, "standard input (-) is given %d times: it can be read once, so name a file for the others", standard)
	}
	if len(files)+len(other) == 0 && term.IsTerminal(int(os.Stdin.Fd())) {
		return exitf(statusUsage, "no inputs: write ::: INPUT... at the end, or give lines on standard input")
	}
	if len(other) > 0 && f.as == inputs.CSV {
		return exitf(statusUsage, "--as csv is for files with a header, and %s has none: leave out --as csv, or give the table with -a FILE or on standard input", other[0])
	}
	if len(files) == 0 && len(other) > 0 && f.null {
		return exitf(statusUsage, "--null is for the lines of files and of standard input, and no inputs come from there: leave it out")
	}
	return f.checkFormat(line)
}

// checkFormat refuses what does not fit the format of inputs.
func (f *inputFlags) checkFormat(line arguments.Line) error {
	switch {
	case f.as == inputs.CSV && f.null:
		return exitf(statusUsage, "--null does not go with --as csv, whose records end with line feeds: leave out --null")
	case f.as == inputs.JSON && f.uses("glob"):
		return exitf(statusUsage, "--as json does not go with --glob, whose inputs are names of files: leave out --as json")
	}
	spread := line.Task.Spread
	_, other := f.kinds(line)
	many := f.number(line) > 1
	switch {
	case spread == "" || f.as == inputs.CSV || spread == arguments.Positional && many:
		return nil
	case spread == arguments.Keywords && many:
		return exitf(statusUsage, "%s takes arguments by name, and several sources of inputs have no names: leave out %s, or use --as csv", line.Task, spread)
	case f.as == inputs.Text || len(other) > 0 && f.uses("glob"):
		return exitf(statusUsage, "%s takes the parts of a JSON value, and each input is text: use --as json or --as csv, or leave out %s", line.Task, spread)
	}
	return nil
}

// kinds returns the files that are sources, and how the other sources begin. Without
// any source there are none of both, and standard input is read.
func (f *inputFlags) kinds(line arguments.Line) (files, other []string) {
	for _, source := range f.sources {
		if source.flag == "arg-file" {
			files = append(files, source.value)
		} else {
			other = append(other, "--"+source.flag)
		}
	}
	for _, source := range line.Sources {
		if source.File != "" {
			files = append(files, source.File)
		} else {
			other = append(other, source.Separator())
		}
	}
	return files, other
}

// uses reports whether a flag that names a source was given.
func (f *inputFlags) uses(flag string) bool {
	for _, source := range f.sources {
		if source.flag == flag {
			return true
		}
	}
	return false
}

// number returns how many sources there are, which is how many fields an input
// has unless it is a record of a table.
func (f *inputFlags) number(line arguments.Line) int {
	n, globs := len(line.Sources), 0
	for _, source := range f.sources {
		if source.flag == "glob" {
			globs = 1
		} else {
			n++
		}
	}
	return max(1, n+globs)
}

// spread returns how a Python function is called with the inputs: as the end of
// the name of its task.
func (f *inputFlags) spread(line arguments.Line) string {
	switch {
	case line.Task.Spread != "":
		return line.Task.Spread
	case f.as == inputs.CSV:
		return arguments.Keywords
	case f.number(line) > 1:
		return arguments.Positional
	}
	return ""
}

// source returns where the inputs come from. The caller reads it once.
func (f *inputFlags) source(line arguments.Line) inputs.Source {
	var groups [][]inputs.Source // of sources that are linked
	var globs []string
	at := -1 // the group of the patterns
	for _, source := range f.sources {
		switch source.flag {
		case "glob":
			if globs = append(globs, source.value); len(globs) == 1 {
				at = len(groups)
				groups = append(groups, nil)
			}
		case "range":
			groups = append(groups, []inputs.Source{f.members(line, inputs.NewRange(source.span))})
		default:
			groups = append(groups, []inputs.Source{f.file(line, source.value)})
		}
	}
	if len(globs) > 0 {
		groups[at] = []inputs.Source{mustGlob(globs)}
	}
	for _, source := range line.Sources {
		var next inputs.Source
		if source.File != "" {
			next = f.file(line, source.File)
		} else {
			next = f.members(line, inputs.NewList(source.Inputs))
		}
		if last := len(groups) - 1; source.Linked {
			groups[last] = append(groups[last], next)
		} else {
			groups = append(groups, []inputs.Source{next})
		}
	}
	if len(groups) == 0 {
		return f.file(line, standardInput)
	}
	return combine(groups)
}

// combine returns the product of the groups, each of which is linked.
func combine(groups [][]inputs.Source) inputs.Source {
	factors := make([]inputs.Source, len(groups))
	for i, group := range groups {
		factors[i] = group[0]
		if len(group) > 1 {
			factors[i] = inputs.NewLink(group...)
		}
	}
	if len(factors) == 1 {
		return factors[0]
	}
	return inputs.NewProduct(factors...)
}

// mustGlob returns the source of patterns that were looked at before.
func mustGlob(patterns []string) inputs.Source {
	glob, err := inputs.NewGlob(patterns...)
	if err != nil {
		panic("tandem: " + err.Error())
	}
	return glob
}

// file returns the source of the records of a file.
func (f *inputFlags) file(line arguments.Line, path string) inputs.Source {
	origin := inputs.FromFile(path)
	if path == standardInput {
		origin = inputs.FromReader("standard input", os.Stdin)
	}
	end := byte('\n')
	if f.null {
		end = 0
	}
	switch f.as {
	case inputs.CSV:
		return inputs.NewTable(origin)
	case inputs.JSON:
		return f.members(line, inputs.NewJSONLines(origin, end))
	}
	return inputs.NewText(origin, end)
}

// members gives the records of JSON for a command the members of objects as
// fields. Python functions get the value itself.
func (f *inputFlags) members(line arguments.Line, source inputs.Source) inputs.Source {
	if f.as != inputs.JSON || line.Command == nil {
		return source
	}
	return inputs.NewObjects(source)
}

// totalOf returns how many inputs there will be, and whether that is known or was
// said.
func (f *inputFlags) totalOf(source inputs.Source) (int64, bool) {
	if n, known := source.Total(); known {
		return n, true
	}
	return f.total, f.total > 0
}
