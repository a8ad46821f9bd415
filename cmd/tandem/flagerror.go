package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
)

// flagError explains a flag that cannot be read: the flag, what was given, and
// what is legal.
func flagError(cmd *cobra.Command, err error) error {
	if e, ok := errors.AsType[*pflag.NotExistError](err); ok {
		return unknownFlag(cmd, e)
	}
	if e, ok := errors.AsType[*pflag.ValueRequiredError](err); ok {
		return exitf(statusUsage, "%s needs a value: %s", dashed(e.GetFlag()), legal(e.GetFlag()))
	}
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		return exitf(statusUsage, "%s: %s", dashed(e.GetFlag()), wrongValue(e.GetFlag(), e.GetValue(), e.Unwrap()))
	}
	return exitf(statusUsage, "%s (%s --help lists the flags)", err.Error(), cmd.CommandPath())
}

// dashed is a flag as it is written.
func dashed(flag *pflag.Flag) string { return "--" + flag.Name }

// wrongValue says that value is none for flag, and what one is.
func wrongValue(flag *pflag.Flag, value string, err error) string {
	choices := choicesOf(flag)
	if meant := arguments.Closest(value, choices); meant != "" {
		return strconv.Quote(value) + " is no value of it: did you mean " + meant + "? Want " + legal(flag)
	}
	_, number := errors.AsType[*strconv.NumError](err)
	if number || len(choices) > 0 || err == nil {
		return strconv.Quote(value) + " is no value of it: want " + legal(flag)
	}
	return err.Error()
}

// choicesOf returns the values of a flag that has few, which its type lists.
func choicesOf(flag *pflag.Flag) []string {
	kind := flag.Value.Type()
	if flag.Value.Type() == "bool" {
		return []string{"true", "false"}
	}
	if strings.Contains(kind, "|") {
		return strings.Split(kind, "|")
	}
	return nil
}

// legal says which values a flag takes.
func legal(flag *pflag.Flag) string {
	if choices := choicesOf(flag); len(choices) > 0 {
		last := len(choices) - 1
		return strings.Join(choices[:last], ", ") + " or " + choices[last]
	}
	switch kind := flag.Value.Type(); kind {
	case "int", "int64", "uint", "uint64":
		return "a whole number, such as 4"
	case "float64":
		return "a number, such as 1.5"
	case "DURATION":
		return "seconds, or numbers with ms, s, m, h, d, such as 1.5 or 1h30m"
	case "SIZE":
		return "bytes, or a number with K, M, G, such as 512M"
	}
	name, _ := pflag.UnquoteUsage(flag)
	return name
}

// unknownFlag says that there is no such flag, and which may be meant: one that
// is spelled alike, or what another tool calls so.
func unknownFlag(cmd *cobra.Command, e *pflag.NotExistError) error {
	name := e.GetSpecifiedName()
	if letters := e.GetSpecifiedShortnames(); letters != "" {
		if hint := hintFor(cmd, name); hint != "" {
			return exitf(statusUsage, "there is no flag -%s: %s", name, hint)
		}
		return exitf(statusUsage, "there is no flag -%s (%s --help lists the flags)", name, cmd.CommandPath())
	}
	if hint := hintFor(cmd, name); hint != "" {
		return exitf(statusUsage, "there is no flag --%s: %s", name, hint)
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if meant := arguments.Closest(name, names); meant != "" {
		return exitf(statusUsage, "there is no flag --%s: did you mean --%s?", name, meant)
	}
	return exitf(statusUsage, "there is no flag --%s (%s --help lists the flags)", name, cmd.CommandPath())
}

// foreignFlags are flags of GNU parallel, xargs and rush that are called
// something else here.
var foreignFlags = map[string]string{
	"P":              "-p N is how many run at once",
	"max-procs":      "-p N is how many run at once",
	"null-delimited": "-0 takes inputs that end with NUL",
	"I":              "{} stands for the input", "i": "{} stands for the input",
	"n": "each input is one call", "L": "each input is one call", "max-args": "each input is one call",
	"group": "output is grouped already", "ungroup": "--line-buffer passes lines on as they come", "u": "--line-buffer passes lines on as they come",
	"bar": "progress is shown on a terminal; see --progress", "eta": "progress is shown on a terminal; see --progress",
	"will-cite": "there is no notice to silence", "citation": "there is no notice to silence",
	"S": "other machines are not used", "sshlogin": "other machines are not used", "sshloginfile": "other machines are not used",
	"workdir": "--cwd is the folder that commands run in", "wd": "--cwd is the folder that commands run in",
	"max-calls": "--max-tasks replaces a Python process after N calls",
}

// hintFor returns what a flag of another tool is called here. Only tandem map is
// like those tools.
func hintFor(cmd *cobra.Command, name string) string {
	if cmd.Name() != "map" {
		return ""
	}
	return foreignFlags[name]
}
