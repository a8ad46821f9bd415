package osproc

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
	"time"
)

// ErrUnsupported reports that this operating system cannot do what was asked.
// It wraps [errors.ErrUnsupported].
var ErrUnsupported = fmt.Errorf(
	"worker processes are not supported on %s: no process groups and descriptor passing yet (%w)",
	runtime.GOOS, errors.ErrUnsupported)

// ErrClosed reports a start on a closed [Spawner].
var ErrClosed = errors.New("spawner is closed")

// Command says what to start. The caller keeps all files and may close them
// once Start has returned. Files are passed as they are: whether a description
// is blocking does not change.
type Command struct {
	// Path is the file to execute. PATH is not searched. A relative path
	// starts at Dir.
	Path string

	// Name is argv[0]. Empty means Path.
	Name string

	// Args are argv[1:].
	Args []string

	// Env is the whole environment, "key=value". Nothing is inherited.
	Env []string

	// Dir is the working directory. Empty means that of this program.
	Dir string

	// Stdin, Stdout and Stderr become descriptors 0, 1 and 2. Nil means the
	// null device.
	Stdin, Stdout, Stderr *os.File

	// Files become descriptors 3, 4 and so on. None may be nil.
	Files []*os.File
}

func (c Command) validate() error {
	if c.Path == "" {
		return errors.New("Path is empty: want a file to execute")
	}
	for i, file := range c.Files {
		if file == nil {
			return fmt.Errorf("Files[%d] is nil: want an open file", i)
		}
	}
	return nil
}

func (c Command) argv() []string {
	name := c.Name
	if name == "" {
		name = c.Path
	}
	return append([]string{name}, c.Args...)
}

const (
	// CodeSignaled is [Exit.Code] of a process that a signal ended.
	CodeSignaled = -1

	// CodeUnknown is [Exit.Code] when other code in this program took the
	// exit status away.
	CodeUnknown = -2
)

// Exit says how a process ended and what it used.
type Exit struct {
	// Code is the exit status, [CodeSignaled] or [CodeUnknown].
	Code int

	// Signal is the signal that ended the process, or 0.
	Signal syscall.Signal

	// CoreDumped says that the signal left a core file.
	CoreDumped bool

	// UserTime and SystemTime are processor time, with that of the children
	// that the process waited for.
	UserTime, SystemTime time.Duration

	// MaxRSS is the largest resident set in bytes. Linux carries the parent's
	// largest resident set over exec, so there it is never below that.
	MaxRSS int64
}

// Usage is what a process has used of the machine.
type Usage struct {
	CPU    time.Duration
	MaxRSS int64 // bytes
}

// String returns "exit status 3", "signal: killed" or "exit status unknown".
func (e Exit) String() string {
	switch {
	case e.Signal != 0 && e.CoreDumped:
		return "signal: " + e.Signal.String() + " (core dumped)"
	case e.Signal != 0:
		return "signal: " + e.Signal.String()
	case e.Code == CodeUnknown:
		return "exit status unknown"
	}
	return "exit status " + strconv.Itoa(e.Code)
}
