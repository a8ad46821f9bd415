package command

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gotandem/tandem"
)

// Output is what a program did.
//
// Each stream is in memory or, when there is much of it ([Config.Spill]), in a
// file. Whoever gets an Output, as a value or in an [ExitError], owns its files
// and calls Close. The files of an Output that nobody gets are closed: at once
// when another attempt follows, otherwise when the garbage collector finds that
// nothing refers to them.
type Output struct {
	Stdout, Stderr []byte // whole, unless there is a file; nil when nothing was written

	// StdoutFile and StderrFile have the whole stream, from offset 0, where they
	// stand. Nil when it is in memory.
	StdoutFile, StderrFile *os.File
	StdoutSize, StderrSize int64 // how much was written

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

	stderrTail []byte // the end of standard error when Stderr is not whole
}

// Close closes the files, if there are any: their room is given back. What is in
// memory stays. It may be called again.
func (o *Output) Close() {
	for _, file := range []**os.File{&o.StdoutFile, &o.StderrFile} {
		if *file != nil {
			_ = (*file).Close() // what it has is not wanted any more
			*file = nil
		}
	}
}

// WriteStdout writes the whole of standard output to w. It may be called again.
func (o *Output) WriteStdout(w io.Writer) (int64, error) {
	return writeStream(w, o.Stdout, o.StdoutFile, o.StdoutSize)
}

// WriteStderr is WriteStdout for standard error.
func (o *Output) WriteStderr(w io.Writer) (int64, error) {
	return writeStream(w, o.Stderr, o.StderrFile, o.StderrSize)
}

func writeStream(w io.Writer, memory []byte, file *os.File, size int64) (int64, error) {
	if file != nil {
		return io.Copy(w, io.NewSectionReader(file, 0, size))
	}
	n, err := w.Write(memory)
	return int64(n), err
}

// OutputOf returns the Output of a call of [Exec], whatever became of it: out when
// err is nil, otherwise that of the [ExitError] in err. It is empty when the
// program was not started. The caller owns its files, as it did before.
func OutputOf(out Output, err error) Output {
	if ended, ok := errors.AsType[*ExitError](err); ok {
		return ended.Output
	}
	return out
}

// ExitError is the error of a program that ended with another status than 0 or
// by a signal. Its Output is complete. It wraps a [*tandem.RemoteError], so that
// code for the errors of other executors finds the same there: its type is how
// the program ended, its message is [ExitError.StderrTail]. Whoever gets the error
// owns the files of its Output, also when another error wraps it.
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
	last := e.Stderr
	if last == nil {
		last = e.stderrTail
	}
	last = last[max(0, len(last)-tailBytes):]
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
