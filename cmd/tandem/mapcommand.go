package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"

	"github.com/gotandem/tandem/cmd/tandem/internal/arguments"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
	outcomes "github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/record"
	"github.com/gotandem/tandem/command"
	"github.com/gotandem/tandem/internal/osproc"
)

// cores is how many processors this process was given to use.
var cores = runtime.GOMAXPROCS(0)

// mostSlotThreads bounds for how many commands that run at once there is room among
// the threads that may run Go code. More saves nothing when so many run.
const mostSlotThreads = 64

// threadsFor returns how many threads are to run Go code: as many as there are
// commands at once, and one more, but not fewer than cores. A thread that waits for
// a command then keeps its place: otherwise the runtime takes it away after 20 µs,
// with two changes of threads for each command.
func threadsFor(commands int) int { return max(cores, min(commands, mostSlotThreads)+1) }

// mapCommand runs a command once for each input.
func (r *mapRun) mapCommand() error {
	kind, err := r.newCommandKind()
	if err != nil {
		return exitf(statusUsage, "%w", err)
	}
	r.source = kind.checked(r.source)
	if r.control.dryRun {
		return dryRun(r, kind, func() (record.Task, error) {
			program, _ := r.findProgram(kind.template) // one that is not there runs nothing now
			return r.commandTask(program)
		})
	}
	program, err := r.findProgram(kind.template)
	if err != nil {
		return err
	}
	if err := r.openFiles(func() (record.Task, error) { return r.commandTask(program) }); err != nil {
		return err
	}
	config := r.command.config(r.workers, r.python.memory)
	config.Spill.Dir = r.outputFolder()
	config.Observe = r.observe()
	ex, err := command.New(config)
	if err != nil {
		return r.abandon(own(err))
	}
	defer closeExecutor(ex, r.console)
	runtime.GOMAXPROCS(threadsFor(r.workers))
	return runJob(r, mapping.Job[command.Spec, command.Output]{Kind: kind, Executor: ex, Task: command.Exec, Lines: kind.lines})
}

// outputFolder returns where outputs go that are too large for memory: where the log
// keeps those that wait, so that they need not be copied, unless the user has named a
// folder.
func (r *mapRun) outputFolder() string {
	named, _ := os.LookupEnv(tempVariable)
	if dir := r.files.recorder.Outputs(); named == "" && dir != "" && osproc.CanGiveName(dir) {
		return dir
	}
	return r.command.temp
}

// commandTask describes the command for a log.
func (r *mapRun) commandTask(program string) (record.Task, error) {
	c := record.Command{Args: r.line.Command, Shell: r.command.shell, Pipe: r.command.pipe, Program: program}
	if r.inputs.as == inputs.CSV || r.inputs.as == inputs.JSON {
		c.Format = string(r.inputs.as) // the others are the same to a command
	}
	return record.CommandTask(c)
}

// findProgram checks that the program exists and can be run, and returns its path:
// none when its name depends on the input.
func (r *mapRun) findProgram(template command.Template) (path string, err error) {
	program, fixed := template.Program()
	if !fixed && !r.command.shell && arguments.IsShellLine(r.line.Command[0]) {
		return "", noCommand(r.line.Command)
	}
	if !fixed {
		return "", nil
	}
	if list, set := r.command.searchPath(); set && !strings.Contains(program, "/") {
		return r.findIn(list, program)
	}
	program = r.command.place(program)
	path, err = exec.LookPath(program)
	switch {
	case err == nil:
		return filepath.Clean(path), nil
	case errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist):
		return "", noCommand(r.line.Command)
	case errors.Is(err, exec.ErrDot):
		return "", exitf(statusNotFound, "command %q is in the current directory, not in PATH: write ./%s", program, filepath.Base(program))
	}
	if lookup, ok := errors.AsType[*exec.Error](err); ok {
		err = lookup.Err
	}
	return "", exitf(statusNotRun, "command %q cannot be run: %w", program, err)
}

// findIn is findProgram for a PATH that is not ours.
func (r *mapRun) findIn(list, program string) (path string, err error) {
	path, err = command.LookPath(program, []string{"PATH=" + list})
	switch {
	case err == nil:
		return path, nil
	case !errors.Is(err, fs.ErrNotExist):
		return "", exitf(statusNotRun, "command %q cannot be run: %w", program, err)
	case arguments.IsShellLine(program):
		return "", noCommand(r.line.Command)
	}
	return "", exitf(statusNotFound, "there is no command %q in the absolute folders of the PATH that --env sets, %q: --env PATH=FOLDER:$PATH adds one to ours", program, list)
}

// noCommand says that the program of a command is not there, and what may be meant.
func noCommand(words []string) error {
	if arguments.IsShellLine(words[0]) {
		return exitf(statusNotFound, "there is no command %q: to run it as a line of a shell, write %s", words[0], arguments.MapCommand(words[:1]))
	}
	return exitf(statusNotFound, "there is no command %q: give the name of a program in PATH, or a path; what only a shell knows needs --shell", words[0])
}

// commandKind is how commands look: bytes in, bytes out.
type commandKind struct {
	flags    *commandFlags
	words    []string
	parser   command.Parser
	header   bool // the names of fields come with the first input
	template command.Template
	lines    *mapping.Lines // nil: output is kept until a command has ended
}

// newCommandKind reads the command of a line, as far as that is possible before
// there is an input.
func (r *mapRun) newCommandKind() (k *commandKind, err error) {
	k = &commandKind{
		flags: &r.command, words: r.line.Command,
		parser: r.command.parser(r.line, &r.inputs), header: r.inputs.as == inputs.CSV,
	}
	if r.output.lineBuffer {
		k.lines = mapping.NewLines()
	}
	k.template, err = r.command.template(k.words, k.parser)
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
	spec := command.Spec{Template: k.template, Seq: number}
	if k.flags.pipe {
		spec.Stdin = record.Whole
	} else {
		spec.Fields = fieldsOf(record)
	}
	if k.lines != nil {
		stdout, stderr, end := k.lines.Of(number, record.Whole)
		spec.Sink = lineSink{command.NewLineSink(stdout, stderr), end}
	}
	return spec, record.Err
}

// lineSink also tells when a start of the command has ended.
type lineSink struct {
	*command.LineSink
	ended func()
}

// End implements [command.Sink].
func (s lineSink) End() error {
	defer s.ended()
	return s.LineSink.End()
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

// Call implements [mapping.Kind].
func (k *commandKind) Call(in command.Spec) (string, error) {
	return in.Template.CommandLine(in.Fields, in.Seq, 1)
}

// Finish implements [mapping.Kind]. A command that failed has written something all
// the same. What it said is shown in full, so its error need not repeat the end of
// it. Why tandem ended it stays.
func (*commandKind) Finish(o *outcomes.Outcome, out command.Output, err error) {
	out = command.OutputOf(out, err)
	o.Stdout = outcomes.Stream{Bytes: out.Stdout, File: out.StdoutFile, Size: out.StdoutSize}
	o.Stderr = outcomes.Stream{Bytes: out.Stderr, File: out.StderrFile, Size: out.StderrSize}
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
