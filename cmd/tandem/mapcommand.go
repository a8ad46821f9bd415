package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
	outcomes "github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/command"
)

// mapCommand runs a command once for each input.
func (r *mapRun) mapCommand() error {
	template, err := command.ParseTemplate(r.line.Command)
	if err != nil {
		return exitf(statusUsage, "%w", err)
	}
	kind := commandKind{template}
	if r.control.dryRun {
		return dryRunOf(r, kind)
	}
	program, err := findProgram(template)
	if err != nil {
		return err
	}
	ex, err := command.New(command.Config{Processes: r.workers})
	if err != nil {
		return own(err)
	}
	defer closeExecutor(ex, r.console)
	return runJob(r, mapping.Job[command.Spec, command.Output]{Kind: kind, Executor: ex, Task: command.Exec},
		func() (record.Task, error) { return record.CommandTask(r.line.Command, false, program) })
}

// findProgram checks that the program exists and can be run, unless its name
// depends on the input.
func findProgram(template command.Template) error {
	program := template.Expand("a", 1, 1)[0]
	if program != template.Expand("b", 2, 2)[0] {
		return nil
	}
	_, err := exec.LookPath(program)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist):
		return exitf(statusNotFound, "there is no command %q: give the name of a program in PATH, or a path", program)
	case errors.Is(err, exec.ErrDot):
		return exitf(statusNotFound, "command %q is in the current directory, not in PATH: write ./%s", program, filepath.Base(program))
	}
	if lookup, ok := errors.AsType[*exec.Error](err); ok {
		err = lookup.Err
	}
	return exitf(statusNotRun, "command %q cannot be run: %w", program, err)
}

// commandKind is how commands look: bytes in, bytes out.
type commandKind struct{ template command.Template }

// Input implements [mapping.Kind].
func (k commandKind) Input(record inputs.Record, number int) (command.Spec, error) {
	return command.Spec{Template: k.template, Input: string(record.Whole), Seq: number}, record.Err
}

// Text implements [mapping.Kind].
func (commandKind) Text(in command.Spec) string {
	const shown = 400
	return strconv.Quote(in.Input[:min(len(in.Input), shown)])
}

// Call implements [mapping.Kind].
func (k commandKind) Call(in command.Spec) string {
	return quoteAll(k.template.Expand(in.Input, in.Seq, 1))
}

// Finish implements [mapping.Kind]. A command that failed has written something all
// the same. What it said is shown in full, so its error need not repeat the end of
// it. Why tandem ended it stays.
func (commandKind) Finish(o *outcomes.Outcome, out command.Output, err error) {
	out = outputOf(out, err)
	o.Stdout.Bytes, o.Stderr.Bytes = out.Stdout, out.Stderr
	if out.Slot > 0 {
		o.Slot, o.Start, o.Wall = out.Slot, out.Start, out.Duration
	}
	if err == nil {
		return
	}
	o.Err, o.Exit, o.Kind = err, -1, mapping.FailureKind(err)
	if ended, ok := errors.AsType[*command.ExitError](err); ok {
		o.Exit, o.Signal = ended.Code, int(ended.Signal)
		if err == error(ended) {
			o.Err = errors.New(describe(ended))
		}
	}
}

// quoteAll returns a command line as a shell reads it.
func quoteAll(args []string) string {
	quoted := make([]string, len(args))
	for i, arg := range args {
		quoted[i] = quote(arg)
	}
	return strings.Join(quoted, " ")
}

// quote returns an argument as a shell reads it.
func quote(arg string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./,:@%"
	if arg != "" && strings.Trim(arg, plain) == "" {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

func outputOf(out command.Output, err error) command.Output {
	if ended, ok := errors.AsType[*command.ExitError](err); ok {
		return ended.Output
	}
	return out
}

// describe says how a command ended. Its standard error is shown apart.
func describe(ended *command.ExitError) string {
	name := ""
	if len(ended.Args) > 0 {
		name = filepath.Base(ended.Args[0]) + ": "
	}
	if ended.Signal != syscall.Signal(0) {
		return fmt.Sprintf("%ssignal %d (%v)", name, int(ended.Signal), ended.Signal)
	}
	return fmt.Sprintf("%sexit status %d", name, ended.Code)
}
