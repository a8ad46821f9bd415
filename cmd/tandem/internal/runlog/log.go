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

	run     int
	held    []byte // lines that may be written at any time
	settled []byte // lines whose output must be written before
	failed  bool   // nothing is written any more

	mu       sync.Mutex
	replayed map[int]id // replayed inputs that are not written, by their number
}

// writeHeld is how many bytes of held lines are written without being asked.
// More uses memory and loses more when tandem is killed, less costs more writes.
const writeHeld = 256 << 10

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

// Held notes a call that has ended and whose output waits for its turn. It reads
// the streams of o and keeps nothing of it.
func (l *Log) Held(o *outcome.Outcome) error {
	if l.failed {
		return nil
	}
	l.held = appendHeld(l.held, o)
	if len(l.held) < writeHeld {
		return nil
	}
	return l.write(&l.held)
}

// Ended notes a call whose output has been handed over. The line is written by
// the next Flush. It keeps nothing of o.
func (l *Log) Ended(o *outcome.Outcome) error {
	if !l.failed {
		l.settled = appendEnd(l.settled, o)
	}
	return nil
}

// Written notes that the output of the held or replayed input with the given
// number has been handed over. The line is written by the next Flush.
func (l *Log) Written(number int) error {
	of := id{l.run, number}
	l.mu.Lock()
	if earlier, ok := l.replayed[number]; ok {
		of = earlier
		delete(l.replayed, number)
	}
	l.mu.Unlock()
	if !l.failed {
		l.settled = appendWritten(l.settled, of)
	}
	return nil
}

// Flush writes all lines. It is called when the outputs that were handed over
// have been written. The first error of the log is returned once; what is there
// then ends with a whole line or a torn one, and nothing follows.
func (l *Log) Flush() error {
	if l.failed || len(l.held)+len(l.settled) == 0 {
		return nil
	}
	l.held = append(l.held, l.settled...) // the line of a held call comes before that it is written
	l.settled = emptied(l.settled)
	return l.write(&l.held)
}

// Summary is how a run ended.
type Summary struct {
	Succeeded, Failed, Cut int64 // calls that ended in this run
	Skipped, Replayed      int64 // inputs that had finished before it
	Unfinished             int64 // inputs that were taken and have not ended
	Elapsed                time.Duration
	Status                 int // exit status
}

// Close writes the summary and closes the file, which unlocks it. Lines of Ended
// and Written since the last Flush are dropped: nobody said that their outputs
// were written.
func (l *Log) Close(s Summary) error {
	l.settled = nil
	l.held = appendSummary(l.held, s)
	err := l.write(&l.held)
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

// write writes a buffer of whole lines and empties it.
func (l *Log) write(lines *[]byte) error {
	if l.failed {
		return nil
	}
	_, err := l.file.Write(*lines)
	*lines = emptied(*lines)
	if err != nil {
		return l.fail(err)
	}
	return nil
}

// fail makes err the only error: after a torn line nothing may follow.
func (l *Log) fail(err error) error {
	l.failed, l.held, l.settled = true, nil, nil
	return fmt.Errorf("log %s: %w: the calls from here on are not in it, and --resume would run them again", l.file.Name(), report.WithoutPath(err))
}

// emptied returns a buffer without its bytes, and without the memory that a large
// output needed.
func emptied(buffer []byte) []byte {
	if cap(buffer) > 4*writeHeld {
		return nil
	}
	return buffer[:0]
}
