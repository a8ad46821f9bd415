package main

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// setting is what a user can set once for all runs, in the environment.
type setting struct {
	variable string
	flag     string // which wins; empty when there is none
	help     string // for what there is no flag
}

// settings drives the reading of the environment and the help about it. A variable
// that is empty is not set.
var settings = []setting{
	{"TANDEM_PROCESSES", "processes", ""},
	{"TANDEM_THREADS", "threads", ""},
	{"TANDEM_PYTHON", "python", ""},
	{"TANDEM_PROGRESS", "progress", ""},
	{tempVariable, "", "folder for temporary files, such as large outputs that wait for their turn (otherwise that of --log where it can have files without a name, or TMPDIR)"},
	{"TANDEM_NO_COLOR", "", "with any value: messages are not coloured (--color wins)"},
}

// aliases are other names of flags.
var aliases = map[string]string{"processes": "jobs"}

// tempVariable names the folder for temporary files.
const tempVariable = "TANDEM_TMPDIR"

// applySettings gives the flags of cmd that were not given the values that the
// environment has for them. A flag that does not apply to what is run is no error
// then. It fails for a value that its flag would not take.
func applySettings(cmd *cobra.Command, lookup func(string) (string, bool)) error {
	for _, s := range settings {
		value, _ := lookup(s.variable)
		flag := cmd.Flags().Lookup(s.flag)
		if value == "" || flag == nil || flag.Changed || cmd.Flags().Changed(aliases[s.flag]) {
			continue
		}
		if err := flag.Value.Set(value); err != nil {
			return exitf(statusUsage, "%s: %s", s.variable, wrongValue(flag, value, err))
		}
		if err := atLeastOne(flag, value); err != nil {
			return exitf(statusUsage, "%s %w", s.variable, err)
		}
	}
	_, err := tempDir(lookup)
	return err
}

// atLeastOne refuses numbers below 1 of flags that count something.
func atLeastOne(flag *pflag.Flag, value string) error {
	if n, err := strconv.Atoi(value); flag.Value.Type() == "int" && err == nil && n < 1 {
		return fmt.Errorf("is %d: want 1 or more", n)
	}
	return nil
}

// tempDir returns the folder for temporary files.
func tempDir(lookup func(string) (string, bool)) (string, error) {
	dir, _ := lookup(tempVariable)
	if dir == "" {
		return os.TempDir(), nil
	}
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		err = errors.New("not a folder")
	}
	if err != nil {
		return "", exitf(statusUsage, "%s is %q: want a folder for temporary files: %w", tempVariable, dir, bare(err))
	}
	return dir, nil
}

// bare is the cause of an error about a file whose name is said already.
func bare(err error) error {
	if cause := errors.Unwrap(err); cause != nil {
		return cause
	}
	return err
}
