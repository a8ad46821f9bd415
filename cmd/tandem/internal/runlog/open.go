package runlog

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/gotandem/tandem/cmd/tandem/internal/report"
)

// timeFormat is how a log says when a run began and ended.
const timeFormat = "2006-01-02T15:04:05.000000Z07:00"

// Config says which log to open, for what.
type Config struct {
	Path        string
	Task        Task
	Mode        Mode
	CommandLine []string // of tandem
	Version     string   // of tandem
	Started     time.Time
}

// Refused is the error of a log that is not to be used for this run. Nothing has
// been changed.
type Refused struct{ text string }

func (r *Refused) Error() string { return r.text }

func refuse(format string, args ...any) error { return &Refused{fmt.Sprintf(format, args...)} }

// Notes are what a user should know about a log that is continued.
type Notes struct {
	Finished int    // calls that have finished, in the sense of the mode
	Replays  int    // of them, those whose outputs are kept and not yet written
	Cut      int64  // bytes of a torn last line that were cut off
	Lost     int    // calls that had finished and whose outputs are not there any more
	Changed  string // what has changed since the last run; empty when nothing has
}

// Open opens and locks the log and writes the line that begins a run. With [New]
// a file with anything in it is refused. Otherwise the file is read, and made if
// it does not exist; a torn last line is cut off.
//
// A file that is not regular, such as a pipe, can have a new log only and is not
// locked. Open blocks until a named pipe has a reader.
func Open(c Config) (*Log, Notes, error) {
	file, err := openFile(c)
	if err != nil {
		return nil, Notes{}, err
	}
	l := &Log{file: file, task: c.Task, mode: c.Mode, keyer: NewKeyer(c.Task), run: 1, apart: map[int]bool{}, replayed: map[int]pending{}}
	notes, err := l.begin(c)
	if err != nil {
		_ = file.Close() // nothing was written that could be lost
		return nil, Notes{}, err
	}
	return l, notes, nil
}

// openFile opens the file. Of a pipe this process is no reader: the last one that
// goes is to be seen.
func openFile(c Config) (*os.File, error) {
	access := os.O_RDWR
	if info, err := os.Stat(c.Path); err == nil && isPipe(info) {
		if c.Mode != New {
			return nil, refusePipe(c.Path)
		}
		access = os.O_WRONLY
	}
	file, err := os.OpenFile(c.Path, access|os.O_CREATE|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("log %s: %w", c.Path, report.WithoutPath(err))
	}
	return file, nil
}

// isPipe reports whether what is written to a file is gone: it is no regular file.
func isPipe(info os.FileInfo) bool { return !info.Mode().IsRegular() && !info.IsDir() }

func refusePipe(path string) error {
	return refuse("%s is no regular file: there is nothing to resume from", path)
}

// begin does what follows the opening.
func (l *Log) begin(c Config) (Notes, error) {
	info, err := l.file.Stat()
	switch {
	case err != nil:
		return Notes{}, fmt.Errorf("log %s: %w", c.Path, report.WithoutPath(err))
	case !info.Mode().IsRegular():
		return Notes{}, l.writeHeader(c)
	}
	size, err := l.lock(c)
	if err != nil {
		return Notes{}, err
	}
	if c.Mode == New && size > 0 {
		if err := l.empty(); err != nil {
			return Notes{}, err
		}
		size = 0
	}
	notes, err := l.load(c, size)
	if err != nil {
		return Notes{}, err
	}
	return notes, l.writeHeader(c)
}

// lock locks the file and returns its size.
func (l *Log) lock(c Config) (size int64, err error) {
	if err := waitForLock(l.file); errors.Is(err, errLocked) {
		return 0, refuse("%s is in use by another tandem%s", c.Path, l.holder())
	} else if err != nil {
		return 0, fmt.Errorf("log %s: locking it: %w", c.Path, report.WithoutPath(err))
	}
	info, err := l.file.Stat()
	if err != nil {
		return 0, fmt.Errorf("log %s: %w", c.Path, report.WithoutPath(err))
	}
	return info.Size(), nil
}

const (
	lockWithin = 500 * time.Millisecond
	lockEvery  = 10 * time.Millisecond
)

// waitForLock locks the file, or fails with errLocked. When a tandem is killed,
// programs that it was just about to start have its descriptors until they start,
// a moment later; so the lock is tried for a while. It is polled, because waiting
// for a lock has no limit.
func waitForLock(file *os.File) error {
	for deadline := time.Now().Add(lockWithin); ; time.Sleep(lockEvery) {
		if err := lock(file); !errors.Is(err, errLocked) || time.Now().After(deadline) {
			return err
		}
	}
}

// empty empties a log that is not used yet.
func (l *Log) empty() error {
	if err := l.checkUnused(); err != nil {
		return err
	}
	if err := l.file.Truncate(0); err != nil {
		return fmt.Errorf("log %s: %w", l.file.Name(), report.WithoutPath(err))
	}
	_, err := l.file.Seek(0, io.SeekStart)
	return err
}

// checkUnused refuses any file but a log in which no call has ended, such as that
// of a run that could not start.
func (l *Log) checkUnused() error {
	path := l.file.Name()
	for lines := newLines(l.file); ; {
		line, err := lines.next()
		if err == io.EOF {
			return nil
		}
		e, bad := parse(line)
		switch {
		case lines.number == 1 && (err != nil || bad != nil || e.header == nil):
			return refuse("%s exists and is not a log of tandem: give --log another file", path)
		case err != nil || bad != nil || (e.name == eventEnd || e.name == eventHeld) && e.status != statusCut:
			return refuse("%s has the log of a run already: --resume continues that run; for a new log give another file, or remove this one", path)
		}
	}
}

// load reads what the log has and cuts off a torn end.
func (l *Log) load(c Config, size int64) (Notes, error) {
	x, notes, err := l.read(c, size)
	if err != nil {
		return Notes{}, err
	}
	l.outputs.sweep(x)
	if notes.Cut > 0 {
		if err := l.file.Truncate(size - notes.Cut); err != nil {
			return Notes{}, fmt.Errorf("log %s: cutting off its torn last line: %w", c.Path, report.WithoutPath(err))
		}
	}
	l.run = x.runs + 1
	l.left = x.plan(c.Mode)
	notes.count(l.left)
	return notes, nil
}

// read returns what the log has, and what is to be said of it but for counts.
func (l *Log) read(c Config, size int64) (*index, Notes, error) {
	x := newIndex()
	whole, err := x.read(l.file, c.Task)
	if refused, ok := errors.AsType[*Refused](err); ok {
		return nil, Notes{}, refuse("%s %s", c.Path, refused.text)
	} else if errors.Is(err, errForeign) {
		return nil, Notes{}, refuse("%s %s", c.Path, errForeign)
	} else if err != nil {
		return nil, Notes{}, fmt.Errorf("log %s: %w", c.Path, report.WithoutPath(err))
	}
	l.outputs = outputsOf(c.Path)
	there, err := l.outputs.list()
	if err != nil {
		return nil, Notes{}, err
	}
	l.lost = x.lost(there)
	for _, of := range l.lost {
		x.takeLost(of)
	}
	return x, Notes{Cut: size - whole, Lost: len(l.lost), Changed: changed(x.last, c.Task)}, nil
}

func (n *Notes) count(left plan) {
	for _, finished := range left.finished {
		n.Finished += int(finished)
	}
	for _, held := range left.replays {
		n.Replays += len(held)
	}
	n.Finished += n.Replays
}

// changed says what is not as it was in the run that h describes.
func changed(h *header, t Task) string {
	switch {
	case h == nil || h.FileDigest == t.FileDigest || h.FileDigest == "" || t.FileDigest == "":
		return ""
	case t.File == "":
		return t.Name + " has changed since the last run"
	}
	return t.File + " has changed since the last run"
}

// writeHeader writes the line that begins a run.
func (l *Log) writeHeader(c Config) error {
	digest := c.Task.Digest()
	host, _ := os.Hostname() // for people: empty where it is not known
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(header{
		Event: eventRun, Version: Version, Run: l.run, Mode: c.Mode,
		Kind: c.Task.Kind, Task: c.Task.Name, TaskDigest: hex.EncodeToString(digest[:]),
		File: c.Task.File, FileDigest: c.Task.FileDigest, CommandLine: append([]string{}, c.CommandLine...),
		Started: c.Started.UTC().Format(timeFormat), Host: host, PID: os.Getpid(), Tandem: c.Version,
	})
	if err != nil {
		return fmt.Errorf("log %s: %w", c.Path, err)
	}
	l.lines = append(l.lines, line.Bytes()...)
	for _, of := range l.lost {
		l.lines = appendOf(l.lines, eventLost, of)
	}
	return l.Flush()
}

// holder returns which process uses the log, as it says itself: " (pid 17)".
func (l *Log) holder() string {
	pid := 0
	for lines := newLines(l.file); ; {
		line, err := lines.next()
		if err != nil {
			break
		}
		if e, err := parseRun(line); err == nil {
			pid = e.PID
		}
	}
	if pid == 0 {
		return ""
	}
	return fmt.Sprintf(" (pid %d)", pid)
}
