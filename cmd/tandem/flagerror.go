package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/gotandem/tandem/internal/closest"
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
	if e, ok := errors.AsType[*pflag.InvalidValueError](err); ok && e.GetValue() == "--" {
		return exitf(statusUsage, "%s needs a value before --: %s", dashed(e.GetFlag()), legal(e.GetFlag()))
	} else if ok {
		return exitf(statusUsage, "%s: %s", dashed(e.GetFlag()), wrongValue(e.GetFlag(), e.GetValue(), e.Unwrap()))
	}
	return exitf(statusUsage, "%s (%s --help lists the flags)", err.Error(), cmd.CommandPath())
}

// dashed is a flag as it is written.
func dashed(flag *pflag.Flag) string { return "--" + flag.Name }

// wrongValue says that value is none for flag, and what one is.
func wrongValue(flag *pflag.Flag, value string, err error) string {
	choices := choicesOf(flag)
	if meant := closest.To(value, choices); meant != "" {
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
	typed := "--" + name
	if e.GetSpecifiedShortnames() != "" {
		typed = "-" + name
	}
	if hint := hintFor(cmd, name); hint != "" {
		return exitf(statusUsage, "there is no flag %s: %s", typed, hint)
	}
	if typed == "-"+name {
		return exitf(statusUsage, "there is no flag %s (%s --help lists the flags)", typed, cmd.CommandPath())
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	if meant := closest.To(name, names); meant != "" {
		return exitf(statusUsage, "there is no flag --%s: did you mean --%s?", name, meant)
	}
	return exitf(statusUsage, "there is no flag --%s (%s --help lists the flags)", name, cmd.CommandPath())
}
