package command

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gotandem/tandem"
)

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
	// Fields, Seq and the call's slot when the call starts.
	Template Template
	Fields   Fields

	// Seq is the number of the input, for "{#}" and [Config.ExportNumbers].
	Seq int

	// Stdin is what the program can read. Nil means the null device. A program
	// need not read it.
	Stdin []byte

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

// Output is what a program did.
type Output struct {
	Stdout, Stderr []byte // whole; nil when nothing was written

	Args     []string // what was executed
	PID      int      // the program's process number, which may be in use again
	Slot     int      // where the call ran, counted from 1; no other ran there meanwhile
	Start    time.Time
	Duration time.Duration // from the start to the end of the program

	// UserTime and SystemTime are processor time, with that of the children
	// that the program waited for. MaxRSS is its largest resident set in bytes;
	// on Linux it is never below that of this process at the start.
	UserTime, SystemTime time.Duration
	MaxRSS               int64
}

// ExitError is the error of a program that ended with another status than 0 or
// by a signal. Its Output is complete. It wraps a [*tandem.RemoteError], so that
// code for the errors of other executors finds the same there: its type is how
// the program ended, its message is [ExitError.StderrTail].
type ExitError struct {
	Output
	Code   int            // exit status, or -1 when a signal ended the program
	Signal syscall.Signal // what ended it, or 0
}

// Error returns the program, how it ended and the end of its standard error.
func (e *ExitError) Error() string {
	var b strings.Builder
	if len(e.Args) > 0 {
		b.WriteString(printable(e.Args[0]) + ": ")
	}
	b.WriteString(e.ending())
	if tail := e.StderrTail(); tail != "" {
		b.WriteString(": " + tail)
	}
	return b.String()
}

// Unwrap returns a [*tandem.RemoteError].
func (e *ExitError) Unwrap() error {
	return &tandem.RemoteError{Type: e.ending(), Message: e.StderrTail()}
}

func (e *ExitError) ending() string {
	if e.Signal != 0 {
		return fmt.Sprintf("signal %d (%v)", int(e.Signal), e.Signal)
	}
	return "exit status " + strconv.Itoa(e.Code)
}

// Bounds of [ExitError.StderrTail]: enough for a reason, little enough for a
// line of a log.
const (
	tailLines = 5
	tailBytes = 1 << 10
)

// StderrTail returns the last five lines of standard error, at most 1 KiB,
// without the last line end. Bytes that are not UTF-8 are replaced.
func (e *ExitError) StderrTail() string {
	last := e.Stderr[max(0, len(e.Stderr)-tailBytes):]
	lines := strings.Split(strings.TrimRight(strings.ToValidUTF8(string(last), "\uFFFD"), "\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-tailLines):], "\n")
}

// printable returns s as it is when a message can show it, else quoted, and
// shortened when it is long.
func printable(s string) string {
	const longest = 200
	if len(s) > longest {
		s = s[:longest] + "…"
	}
	quoted := strconv.Quote(s)
	if quoted[1:len(quoted)-1] == s && !strings.ContainsAny(s, " ") && s != "" {
		return s
	}
	return quoted
}
