package report

import (
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
)

const (
	inputMost = 80   // characters of an input
	lineMost  = 1000 // characters of a line
	headLines = 4    // of the lines after the first that are shown
	tailLines = 12
	indent    = "    "
)

// Input is an input as a message shows it.
type Input struct {
	Number int    // from 1
	Text   string // as the user would write it
}

// String returns "input 17 (text)", with the text on one line and shortened.
func (i Input) String() string {
	text := strings.Map(oneLine, console.Printable(head(i.Text)))
	return "input " + strconv.Itoa(i.Number) + " (" + console.Shorten(text, inputMost) + ")"
}

// head returns the beginning of text: enough for what is shown, so that a huge
// input is not copied.
func head(text string) string { return text[:min(len(text), 4*inputMost+4)] }

func oneLine(r rune) rune {
	if r == '\n' || r == '\t' {
		return ' '
	}
	return r
}

// Block returns what to print about an input that failed with err. brief keeps
// the first line only.
func Block(input Input, err error, brief bool) string {
	first, rest := Explain(err)
	var b strings.Builder
	b.WriteString("tandem: " + input.String() + ": " + limit(first) + "\n")
	if brief {
		return b.String()
	}
	for i, line := range rest {
		switch {
		case i < headLines || i >= len(rest)-tailLines:
			b.WriteString(indent + limit(line) + "\n")
		case i == headLines:
			fmt.Fprintf(&b, "%s… %d lines left out …\n", indent, len(rest)-headLines-tailLines)
		}
	}
	return b.String()
}

func limit(line string) string { return console.Shorten(console.Printable(line), lineMost) }

// Explain returns the line that says what err is, and further lines.
func Explain(err error) (first string, rest []string) {
	text := strings.TrimRight(withoutLabel(err), "\n")
	first, more, _ := strings.Cut(text, "\n")
	rest = lines(more)
	if remote, ok := errors.AsType[*tandem.RemoteError](err); ok && remote.Traceback != "" {
		rest = withoutLast(lines(remote.Traceback), lines(text))
	}
	if failure, ok := errors.AsType[*tandem.PanicError](err); ok {
		rest = append(rest, lines(string(failure.Stack))...)
	}
	return first, rest
}

// withoutLabel is the text of err without the name of the task, which is the
// same for all inputs.
func withoutLabel(err error) string {
	text := err.Error()
	if call, ok := err.(*tandem.CallError); ok {
		bare := *call
		bare.Label, bare.Task = "", ""
		text = bare.Error()
	}
	if errors.Is(err, tandem.ErrWorkerLost) {
		text, _, _ = strings.Cut(text, lastWords)
	}
	return text
}

// lastWords begins what package process quotes of the output of a worker that was
// lost. All of that has been shown when it was written.
const lastWords = "; its last lines: "

func lines(text string) []string {
	text = strings.Trim(text, "\n")
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n")
}

// withoutLast removes said from the end of a traceback, when it ends with it: it
// stands in the first line of the block.
func withoutLast(traceback, said []string) []string {
	if n := len(traceback) - len(said); n >= 0 && len(said) == 1 && traceback[n] == said[0] {
		return traceback[:n]
	}
	return traceback
}

// WithoutPath returns err without the name of the file, which the message that it
// becomes part of has already.
func WithoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}
