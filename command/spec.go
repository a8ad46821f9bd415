package command

import "github.com/gotandem/tandem"

// Exec is the task that runs one program. Only an [Executor] of this package
// has it.
var Exec = tandem.Declare[Spec, Output]("command")

// Spec says which program a call runs. The executor reads what it refers to
// until the call has finished.
type Spec struct {
	// Args are the program and its arguments. A program without a slash is
	// searched in the PATH of its own environment, where entries that are not
	// absolute are skipped. A relative one with a slash starts at Dir.
	Args []string

	// Template, if it was parsed, is used instead of Args. It is expanded with
	// Fields, Seq and the call's slot when the call starts: the free one with the
	// lowest number.
	Template Template
	Fields   Fields

	// Seq is the number of the input, for "{#}" and [Config.ExportNumbers].
	Seq int

	// Stdin is what the program can read. Nil means the null device. A program
	// need not read it.
	Stdin []byte

	// Sink, if not nil, gets the output as it comes. Nothing of it is then in
	// the Output, apart from [ExitError.StderrTail].
	Sink Sink

	// Dir is the working directory. Empty means that of Config.
	Dir string

	// Env adds "key=value" to the environment and wins over Config.Env.
	Env []string
}

// args returns the program and its arguments for a call in a slot, counted
// from 1.
func (s *Spec) args(slot int) ([]string, error) {
	if s.Template.IsZero() {
		return s.Args, nil
	}
	return s.Template.Expand(s.Fields, s.Seq, slot)
}
