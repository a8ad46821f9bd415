package runlog

import (
	"fmt"
	"os"
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
	file *os.File

	keyer *Keyer // owned by the caller of Plan
	left  plan   // the same

	run    int
	lines  []byte // whole ones, to be written
	failed bool   // nothing is written any more

	mu       sync.Mutex
	replayed map[int]id // replayed inputs that are not written, by their number
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
	if d.Outcome, err = replay(l.file, held); err != nil {
		return d, fmt.Errorf("log %s: reading a held output: %w", l.file.Name(), report.WithoutPath(err))
	}
	d.Outcome.Number = number
	l.mu.Lock()
	l.replayed[number] = held.id
	l.mu.Unlock()
	return d, nil
}

// Held notes a call that has ended and whose output has not been written. It reads
// the streams of o and keeps nothing of it.
func (l *Log) Held(o *outcome.Outcome) error {
	if l.failed {
		return nil
	}
	l.lines = appendHeld(l.lines, o)
	return l.writeMany()
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
	of := id{l.run, number}
	l.mu.Lock()
	if earlier, ok := l.replayed[number]; ok {
		of = earlier
		delete(l.replayed, number)
	}
	l.mu.Unlock()
	if l.failed {
		return nil
	}
	l.lines = appendWritten(l.lines, of)
	return l.writeMany()
}

// writeMany writes the lines if there are many.
func (l *Log) writeMany() error {
	if len(l.lines) < writeAt {
		return nil
	}
	return l.Flush()
}

// Flush writes the lines. The first error of the log is returned once; what is
// there then ends with a whole line or a torn one, and nothing follows.
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

// Close writes the lines and the summary and closes the file, which unlocks it.
func (l *Log) Close(s Summary) error {
	l.lines = appendSummary(l.lines, s)
	err := l.Flush()
	if closed := l.file.Close(); err == nil && closed != nil && !l.failed {
		err = l.fail(closed)
	}
	return err
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
