package record

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/gotandem/tandem/cmd/tandem/internal/report"
	"github.com/gotandem/tandem/cmd/tandem/internal/runlog"
)

// Task says what a run runs.
type Task = runlog.Task

// PythonTask describes a function. name is what the user wrote, such as FILE.py:f;
// format says how an input becomes a value, and is empty where that is the
// default. file holds the function; it is empty when that is not known.
func PythonTask(name, format, file string) (Task, error) {
	t := Task{Kind: "python", Name: name, File: file}
	if format != "" {
		t.Name += " --as " + format
	}
	if file == "" {
		return t, nil
	}
	sum := sha256.New()
	if err := digest(sum, file); err != nil {
		return Task{}, err
	}
	t.FileDigest = hex.EncodeToString(sum.Sum(nil))
	return t, nil
}

// Command is a command line with placeholders.
type Command struct {
	Args    []string
	Shell   bool   // Args are a line for a shell
	Pipe    bool   // an input is what the command reads, no argument
	Format  string // how an input becomes fields; empty where that is the default
	Program string // the file that will run; empty when that is not known or depends on the input
}

// name is the command as a user would write it, with the options that change what
// an input means. A program whose name begins with a dash is in quotes, so that it
// is not taken for an option.
func (c Command) name() string {
	options := ""
	if c.Pipe {
		options += "--pipe "
	}
	if c.Format != "" {
		options += "--as " + c.Format + " "
	}
	if options != "" {
		options += "-- "
	}
	if c.Shell {
		return options + strings.Join(c.Args, " ")
	}
	quoted := make([]string, len(c.Args))
	for i, arg := range c.Args {
		if quoted[i] = quote(arg); i == 0 && strings.HasPrefix(quoted[i], "-") {
			quoted[i] = "'" + quoted[i] + "'"
		}
	}
	return options + strings.Join(quoted, " ")
}

// CommandTask describes a command. The content of a script is part of the digest,
// that of a binary is not: it can be large.
func CommandTask(c Command) (Task, error) {
	t := Task{Kind: "command", Name: c.name(), File: c.Program, Whole: true}
	if c.Shell {
		t.Kind = "shell"
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\x00%s\x00%s\x00", t.Kind, t.Name, c.Program)
	if c.Program != "" && isScript(c.Program) {
		if err := digest(sum, c.Program); err != nil {
			return Task{}, err
		}
	}
	t.FileDigest = hex.EncodeToString(sum.Sum(nil))
	return t, nil
}

// quote quotes arg for a shell where that is needed.
func quote(arg string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%{}#"
	if arg != "" && strings.Trim(arg, plain) == "" {
		return arg
	}
	return "'" + strings.ReplaceAll(arg, "'", `'\''`) + "'"
}

// isScript reports whether a file begins as scripts do. What cannot be read is
// none.
func isScript(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	start := make([]byte, 2)
	_, err = io.ReadFull(file, start)
	return err == nil && bytes.Equal(start, []byte("#!"))
}

// digest adds the content of a file to sum.
func digest(sum io.Writer, path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("reading %s for its digest: %w", path, report.WithoutPath(err))
	}
	defer file.Close()
	if _, err := io.Copy(sum, file); err != nil {
		return fmt.Errorf("reading %s for its digest: %w", path, report.WithoutPath(err))
	}
	return nil
}
