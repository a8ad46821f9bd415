package runlog

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/jsontext"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/report"
)

// Action is what is to be done about an input.
type Action uint8

// The actions.
const (
	Run    Action = iota // it has not finished
	Skip                 // it has finished and its output was written
	Replay               // it has finished and its output was not written
)

// Decision is what is to be done about one input.
type Decision struct {
	Action  Action
	Key     outcome.Key
	Outcome *outcome.Outcome // of Replay, without Input and Call
}

// Log is the log of a run.
//
// Plan serves one goroutine and the other methods another one, at the same time.
type Log struct {
	file    *os.File
	task    Task
	outputs *outputs // nil: nothing can be resumed from this log

	keyer *Keyer // owned by the caller of Plan
	left  plan   // the same

	mode   Mode
	run    int
	lost   []id         // outputs that were gone when the log was opened
	lines  []byte       // whole ones, to be written
	failed bool         // nothing is written any more
	apart  map[int]bool // numbers of held calls of this run whose outputs are apart

	mu       sync.Mutex
	replayed map[int]pending // replayed inputs that are not written, by their number
}

// writeAt is how many bytes of lines are written without being asked. More uses
// memory and loses more when tandem is killed, less costs more writes.
const writeAt = 256 << 10

// Plan decides about the input with the given number. An error is one of reading
// the log.
func (l *Log) Plan(number int, in inputs.Record) (Decision, error) {
	d := Decision{Key: l.keyer.Key(in)}
	var held pending
	if d.Action, held = l.left.take(d.Key); d.Action != Replay {
		return d, nil
	}
	var err error
	if d.Outcome, err = l.replay(held); err != nil {
		return d, fmt.Errorf("log %s: reading a held output: %w", l.file.Name(), report.WithoutPath(err))
	}
	d.Outcome.Number = number
	l.mu.Lock()
	l.replayed[number] = held
	l.mu.Unlock()
	return d, nil
}

// Held notes a call that has ended and whose output has not been written. It reads
// the streams of o and keeps nothing of it. An output that is too large for a line is
// in the folder when Held returns; one that is in a file without a name is not copied
// for that where the file can get one there. When it cannot be kept, that is an error,
// and the log goes on.
func (l *Log) Held(o *outcome.Outcome) error {
	if l.failed {
		return nil
	}
	of, output := id{l.run, o.Number}, placeOf(o)
	if output == apart && l.outputs == nil {
		output = nowhere
	}
	var notKept error
	if output == apart {
		if notKept = l.outputs.keep(of, o); notKept != nil {
			output, notKept = nowhere, fmt.Errorf("log %s: %w: --resume would run its call again", l.file.Name(), notKept)
		} else {
			l.apart[o.Number] = true
		}
	}
	l.lines = appendHeld(l.lines, o, of, output)
	return cmp.Or(l.writeMany(), notKept)
}

// Ended notes a call that has ended and whose output has been written. It keeps
// nothing of o.
func (l *Log) Ended(o *outcome.Outcome) error {
	if l.failed {
		return nil
	}
	l.lines = appendEnd(l.lines, o)
	return l.writeMany()
}

// Written notes that the output of the held or replayed input with the given
// number has been written.
func (l *Log) Written(number int) error {
	l.mu.Lock()
	held, ok := l.replayed[number]
	delete(l.replayed, number)
	l.mu.Unlock()
	if !ok {
		held = pending{id: id{l.run, number}, apart: l.apart[number]}
		delete(l.apart, number)
	}
	if l.failed {
		return nil
	}
	if held.apart {
		l.outputs.gone = append(l.outputs.gone, held.id)
	}
	l.lines = appendWritten(l.lines, held.id)
	return l.writeMany()
}

// Outputs returns the folder whose file system has the outputs that are kept: a file
// there need not be copied for that. It is empty when none are kept.
func (l *Log) Outputs() string {
	if l.outputs == nil {
		return ""
	}
	return filepath.Dir(l.outputs.dir)
}

// writeMany writes the lines if there are many.
func (l *Log) writeMany() error {
	if len(l.lines) < writeAt {
		return nil
	}
	return l.Flush()
}

// Flush writes the lines, and removes the outputs that were kept until then. The first
// error of the log is returned once; what is there then ends with a whole line or a
// torn one, and nothing follows.
func (l *Log) Flush() error {
	if l.failed || len(l.lines) == 0 {
		return nil
	}
	_, err := l.file.Write(l.lines)
	if l.lines = l.lines[:0]; cap(l.lines) > 4*writeAt {
		l.lines = nil // a large output is not to be held for ever
	}
	if err != nil {
		return l.fail(err)
	}
	l.outputs.flushed()
	return nil
}

// Summary is how a run ended.
type Summary struct {
	Succeeded, Failed, Cut int64 // calls that ended in this run
	Skipped, Replayed      int64 // inputs that had finished before it
	Unfinished             int64 // inputs that were taken and have not ended
	Elapsed                time.Duration
	Status                 int // exit status
}

// Close writes the lines and the summary and closes the file, which unlocks it. What is
// then in the folder of outputs is for the next run.
func (l *Log) Close(s Summary) error {
	l.lines = appendSummary(l.lines, s)
	err := l.Flush()
	if l.outputs != nil && !l.outputs.leave() && l.mode == ResumeFailed {
		l.tidy()
	}
	if closed := l.file.Close(); err == nil && closed != nil && !l.failed {
		err = l.fail(closed)
	}
	return err
}

// tidy removes outputs that no run will ask for: those of failures which this one has
// repeated. An error leaves that to the next run.
func (l *Log) tidy() {
	x := newIndex()
	size, err := l.file.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = x.read(io.NewSectionReader(l.file, 0, size), l.task)
	}
	if err == nil {
		l.outputs.sweep(x)
	}
}

func appendSummary(dst []byte, s Summary) []byte {
	dst = append(dst, `{"event":"summary","ended":"`+time.Now().UTC().Format(timeFormat)+`"`...)
	dst = jsontext.AppendSeconds(append(dst, `,"elapsed_s":`...), s.Elapsed)
	for _, count := range []struct {
		name string
		n    int64
	}{
		{"ok", s.Succeeded},
		{"failed", s.Failed},
		{"cut", s.Cut},
		{"skipped", s.Skipped},
		{"replayed", s.Replayed},
		{"unfinished", s.Unfinished},
		{"exit_status", int64(s.Status)},
	} {
		dst = strconv.AppendInt(append(dst, `,"`+count.name+`":`...), count.n, 10)
	}
	return append(dst, "}\n"...)
}

// fail makes err the only error: after a torn line nothing may follow.
func (l *Log) fail(err error) error {
	l.failed, l.lines = true, nil
	return fmt.Errorf("log %s: %w: the calls from here on are not in it, and --resume would run them again", l.file.Name(), report.WithoutPath(err))
}
