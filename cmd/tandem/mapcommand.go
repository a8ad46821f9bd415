package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
	"github.com/gotandem/tandem/command"
)

// mapCommand runs a command once for each input.
func (f *mapFlags) mapCommand(line arguments.Line, session *mapping.Session, c *console.Console) error {
	kind, err := f.newCommandKind(line)
	if err != nil {
		return exitf(statusUsage, "%w", err)
	}
	if err := f.findProgram(kind.template); err != nil {
		return err
	}
	source := kind.checked(f.command.source(line, &f.inputs))
	ex, err := command.New(f.command.config(f.workers(source), f.memory))
	if err != nil {
		return own(err)
	}
	defer closeExecutor(ex, c)
	return runJob(f, mapping.Job[command.Spec, command.Output]{
		Kind: kind, Source: source, Executor: ex, Task: command.Exec, Console: c, Session: session,
	})
}

// findProgram checks that the program exists and can be run, unless its name
// depends on the input, or on a PATH that is not ours.
func (f *mapFlags) findProgram(template command.Template) error {
	program, fixed := template.Program()
	if !fixed || f.command.setsPath() && !strings.Contains(program, "/") {
		return nil
	}
	program = f.command.place(program)
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
type commandKind struct {
	flags    *commandFlags
	words    []string
	parser   command.Parser
	header   bool // the names of fields come with the first input
	template command.Template
}

// newCommandKind reads the command of a line, as far as that is possible before
// there is an input.
func (f *mapFlags) newCommandKind(line arguments.Line) (*commandKind, error) {
	k := &commandKind{
		flags: &f.command, words: line.Command,
		parser: f.command.parser(&f.inputs), header: f.inputs.as == inputs.CSV,
	}
	var err error
	k.template, err = f.command.template(k.words, k.parser)
	return k, err
}

// checked returns a source of the records of source that ends at once when the
// command does not fit their names.
func (k *commandKind) checked(source inputs.Source) inputs.Source {
	if !k.header {
		return source
	}
	return inputs.NewChecked(source, func(first inputs.Record) (err error) {
		k.parser.Names = first.Names
		if k.template, err = k.flags.template(k.words, k.parser); err != nil {
			return &inputs.Error{Source: "command", Err: err, Wrong: true}
		}
		return nil
	})
}

// Input implements [mapping.Kind].
func (k *commandKind) Input(record inputs.Record, number int) (command.Spec, error) {
	if k.flags.pipe {
		return command.Spec{Template: k.template, Stdin: record.Whole, Seq: number}, record.Err
	}
	return command.Spec{Template: k.template, Fields: fieldsOf(record), Seq: number}, record.Err
}

// fieldsOf returns a record as what a template takes.
func fieldsOf(record inputs.Record) command.Fields {
	fields := command.Fields{Whole: string(record.Whole), Names: record.Names}
	if record.Fields != nil {
		fields.Values = make([]string, len(record.Fields))
	}
	for i, field := range record.Fields {
		fields.Values[i] = string(field)
	}
	return fields
}

// Text implements [mapping.Kind].
func (*commandKind) Text(in command.Spec) string {
	const shown = 400
	if in.Stdin != nil {
		return fmt.Sprintf("block of %d bytes", len(in.Stdin))
	}
	return strconv.Quote(in.Fields.Whole[:min(len(in.Fields.Whole), shown)])
}

// Result implements [mapping.Kind]. A command that failed has written something
// all the same.
func (*commandKind) Result(dst []byte, out command.Output, err error) []byte {
	out = command.OutputOf(out, err)
	defer out.Close()
	return append(dst, bytesOf(out.WriteStdout)...)
}

// bytesOf returns what write writes.
func bytesOf(write func(io.Writer) (int64, error)) []byte {
	var b bytes.Buffer
	_, _ = write(&b) // a file of ours can be read
	return b.Bytes()
}

// Notes implements [mapping.Kind]. What a command said is shown in full, so its
// error need not repeat the end of it. Why tandem ended it stays.
func (*commandKind) Notes(out command.Output, err error) ([]byte, error) {
	out = command.OutputOf(out, err)
	notes := bytesOf(out.WriteStderr)
	if ended, ok := err.(*command.ExitError); ok {
		return notes, errors.New(describe(ended))
	}
	return notes, err
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
