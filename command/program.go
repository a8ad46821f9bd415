package command

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/codec"
)

// Program is an external program as the function of a task: it reads the input
// as one JSON value from standard input, to its end, and writes the result as
// one JSON value to standard output. White space around values is allowed.
// Standard error is for people. Status 0 means that there is a result.
//
// Callers name the task with [tandem.Declare]. The JSON of its types is that of
// encoding/json; [encoding/json.RawMessage] stands for any value.
type Program struct {
	// Args are the program and its arguments, as in [Spec].
	Args []string

	// Dir is the working directory. Empty means that of Config.
	Dir string

	// Env adds "key=value" to the environment and wins over Config.Env.
	Env []string
}

// validate returns all problems of the program of task name, joined.
func (p Program) validate(name string) error {
	field := fmt.Sprintf("Programs[%q]", name)
	var errs []error
	switch name {
	case "":
		errs = append(errs, fmt.Errorf("%s: the name is empty: want that of a task", field))
	case Exec.Name():
		errs = append(errs, fmt.Errorf("%s: the name is that of command.Exec: want another", field))
	}
	if len(p.Args) == 0 || p.Args[0] == "" {
		errs = append(errs, fmt.Errorf("%s.Args has no program: want one", field))
	}
	if err := checkEnv(field+".Env", p.Env); err != nil {
		errs = append(errs, err)
	}
	if err := checkDir(field+".Dir", p.Dir); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// clonePrograms returns programs that the user of Config cannot change.
func clonePrograms(programs map[string]Program) map[string]Program {
	clone := maps.Clone(programs)
	for name, p := range clone {
		clone[name] = Program{slices.Clone(p.Args), p.Dir, slices.Clone(p.Env)}
	}
	return clone
}

// checkTask returns [tandem.ErrUnknownTask] unless the executor has b's task.
func (e *Executor) checkTask(b *tandem.Batch) error {
	if _, found := e.config.Programs[b.Task()]; found {
		return nil
	}
	in, out := b.Types()
	var cause error
	switch {
	case b.Task() != Exec.Name():
		names := append([]string{"command.Exec"}, slices.Sorted(maps.Keys(e.config.Programs))...)
		cause = fmt.Errorf("there is %s", strings.Join(names, ", "))
	case in != reflect.TypeFor[Spec]() || out != reflect.TypeFor[Output]():
		cause = fmt.Errorf("from %v to %v: want command.Exec", in, out)
	default:
		return nil
	}
	return tandem.NewCallError(tandem.ErrUnknownTask, tandem.NotStarted, b.All().At(0), "", cause)
}

// specOf returns what to run for a call. On an error, which is the outcome of
// the attempt, the input has no form in JSON.
func (e *Executor) specOf(c tandem.Call) (Spec, error) {
	p, found := e.config.Programs[c.Task()]
	if !found {
		return c.Input().(Spec), nil
	}
	input, err := c.AppendInput(nil, codec.JSON{})
	if err != nil {
		return Spec{}, tandem.NewCallError(tandem.ErrBadInput, tandem.NotStarted, c, "", err)
	}
	return Spec{Args: p.Args, Stdin: input, Dir: p.Dir, Env: p.Env}, nil
}

// succeed ends an attempt whose program has ended with status 0. Bytes that are
// no result of a task fail it with [tandem.ErrBadResult].
func (e *Executor) succeed(c tandem.Call, output Output, seen *tandem.Observation) tandem.Ending {
	if _, found := e.config.Programs[c.Task()]; !found {
		return seen.Succeed(c, output)
	}
	return seen.Deliver(c, resultCodec{output: &output}, output.Stdout)
}

// resultCodec is JSON with errors that show what the program wrote.
type resultCodec struct {
	codec.JSON
	output *Output
}

// shownBytes is how much of a bad result an error shows: enough to recognize a
// message that went to the wrong stream, little enough for a line of a log.
const shownBytes = 200

func (r resultCodec) Decode(src []byte, p any) error {
	err := r.JSON.Decode(src, p)
	if err == nil {
		return nil
	}
	program := printable(r.output.Args[0])
	if len(src) == 0 {
		return fmt.Errorf("%s (pid %d) wrote nothing to standard output: want one JSON value", program, r.output.PID)
	}
	shown, more := src, ""
	if len(src) > shownBytes {
		shown, more = src[:shownBytes], "…"
	}
	return fmt.Errorf("%s (pid %d) wrote %q%s to standard output: %w", program, r.output.PID, shown, more, err)
}
