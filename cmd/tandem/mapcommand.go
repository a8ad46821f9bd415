package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
	"github.com/gotandem/tandem/command"
)

// mapCommand runs a command once for each input.
func (f *mapFlags) mapCommand(line arguments.Line, session *mapping.Session, c *console.Console) error {
	template, err := command.ParseTemplate(line.Command)
	if err != nil {
		return exitf(statusUsage, "%w", err)
	}
	if err := findProgram(template); err != nil {
		return err
	}
	source := f.inputs.source(line)
	ex, err := command.New(command.Config{Processes: f.workers(source)})
	if err != nil {
		return own(err)
	}
	defer closeExecutor(ex, c)
	return runJob(f, mapping.Job[command.Spec, command.Output]{
		Kind: commandKind{template}, Source: source, Executor: ex, Task: command.Exec, Console: c, Session: session,
	})
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

// Result implements [mapping.Kind]. A command that failed has written something
// all the same.
func (commandKind) Result(dst []byte, out command.Output, err error) []byte {
	return append(dst, outputOf(out, err).Stdout...)
}

// Notes implements [mapping.Kind]. What a command said is shown in full, so its
// error need not repeat the end of it. Why tandem ended it stays.
func (commandKind) Notes(out command.Output, err error) ([]byte, error) {
	notes := outputOf(out, err).Stderr
	if ended, ok := err.(*command.ExitError); ok {
		return notes, errors.New(describe(ended))
	}
	return notes, err
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
