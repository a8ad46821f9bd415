package joblog

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/report"
)

const header = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n"

const (
	// writeEvery is how long lines may be kept. Longer shows them late and loses
	// more in a kill, shorter costs more writes when calls are fast.
	writeEvery = 5 * time.Millisecond
	writeMost  = 32 << 10 // bytes that may be kept
)

// Log is an open job log.
type Log struct {
	file    *os.File
	pending []byte
	written time.Time // when lines were written last
	failed  bool
}

// Open opens the job log: path, or +path to append to one. resumed appends as
// well, because the run goes on. A file that is not appended to is emptied.
func Open(path string, resumed bool) (*Log, error) {
	path, plus := strings.CutPrefix(path, "+")
	mode := os.O_TRUNC
	if plus || resumed {
		mode = 0
	}
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND|mode, 0o644)
	if err != nil {
		return nil, fmt.Errorf("job log %s: %w", path, report.WithoutPath(err))
	}
	l := &Log{file: file}
	switch info, err := file.Stat(); {
	case err != nil || !info.Mode().IsRegular() || info.Size() == 0:
		l.pending = append(l.pending, header...)
	case isTorn(path, info.Size()):
		l.pending = append(l.pending, '\n')
	}
	if err := l.Flush(); err != nil {
		_ = file.Close() // the header was all
		return nil, err
	}
	l.written = time.Time{}
	return l, nil
}

// isTorn reports whether a file of that size ends within a line. One that cannot be
// read does not.
func isTorn(path string, size int64) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	last := []byte{'\n'}
	_, err = file.ReadAt(last, size-1)
	return err == nil && last[0] != '\n'
}

// Add writes the line of a call that has ended.
func (l *Log) Add(o *outcome.Outcome) error {
	if l.failed {
		return nil
	}
	l.pending = appendLine(l.pending, o)
	if len(l.pending) < writeMost && time.Since(l.written) < writeEvery {
		return nil
	}
	return l.Flush()
}

// Flush writes the lines that are kept.
func (l *Log) Flush() error {
	if l.failed || len(l.pending) == 0 {
		return nil
	}
	_, err := l.file.Write(l.pending)
	l.pending, l.written = l.pending[:0], time.Now()
	return l.check(err)
}

// Close writes what is kept and closes the file.
func (l *Log) Close() error {
	err := l.Flush()
	if closed := l.check(l.file.Close()); err == nil {
		err = closed
	}
	return err
}

// check makes err the last error.
func (l *Log) check(err error) error {
	if err == nil || l.failed {
		return nil
	}
	l.failed = true
	return fmt.Errorf("job log %s: %w", l.file.Name(), report.WithoutPath(err))
}

// appendLine appends the line of o.
func appendLine(dst []byte, o *outcome.Outcome) []byte {
	start := 0.0
	if !o.Start.IsZero() {
		start = float64(o.Start.UnixMilli()) / 1e3
	}
	dst = strconv.AppendInt(dst, int64(o.Number), 10)
	dst = append(dst, "\t:\t"...)
	dst = strconv.AppendFloat(dst, start, 'f', 3, 64)
	dst = append(dst, '\t')
	dst = appendPadded(dst, o.Wall.Seconds())
	dst = append(dst, "\t0\t"...)
	dst = strconv.AppendInt(dst, o.Stdout.Written(), 10)
	dst = append(dst, '\t')
	dst = strconv.AppendInt(dst, int64(exitOf(o)), 10)
	dst = append(dst, '\t')
	dst = strconv.AppendInt(dst, int64(o.Signal), 10)
	dst = appendCommand(append(dst, '\t'), o.Call)
	return append(dst, '\n')
}

// appendPadded appends seconds in at least ten columns.
func appendPadded(dst []byte, seconds float64) []byte {
	var digits [32]byte
	text := strconv.AppendFloat(digits[:0], seconds, 'f', 3, 64)
	for n := len(text); n < 10; n++ {
		dst = append(dst, ' ')
	}
	return append(dst, text...)
}

// exitOf returns the column Exitval.
func exitOf(o *outcome.Outcome) int {
	_, engine := errors.AsType[*tandem.CallError](o.Err)
	switch {
	case o.Cut || engine:
		return -1
	case o.Signal != 0:
		return 0
	case o.Exit < 0 && o.Err == nil:
		return 0
	}
	return o.Exit
}

// appendCommand appends a command on one line, without tabs.
func appendCommand(dst []byte, command string) []byte {
	for {
		i := strings.IndexAny(command, "\n\t\r\x00")
		if i < 0 {
			return append(dst, command...)
		}
		dst = append(append(dst, command[:i]...), '\\', escapes[command[i]])
		command = command[i+1:]
	}
}

var escapes = [...]byte{'\n': 'n', '\t': 't', '\r': 'r', 0: '0'}
