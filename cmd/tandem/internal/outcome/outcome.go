package outcome

import (
	"io"
	"os"
	"time"

	"github.com/gotandem/tandem"
)

// Outcome is the end of one input. Its owner changes with it: whoever has it last
// closes its streams.
type Outcome struct {
	Number int    // of the input, from 1
	Input  string // as the user would write it, whole
	Call   string // what ran: a command line quoted for a shell, or FILE.py:f(1)
	Key    Key    // zero when there is no log

	Slot     int // of the last attempt, from 1; 0 when it did not start
	Start    time.Time
	Wall     time.Duration
	Attempts []tandem.Attempt // all, the last one last; nil when nobody observes them

	Err    error  // nil when it succeeded
	Kind   string // of the failure, a few words that are the same for failures alike: "exit status 3", "ValueError", "timeout"
	Exit   int    // status of a command; 0 or 1 for a function; -1 when there is none
	Signal int    // that ended a command; 0 without
	Cut    bool   // tandem ended it for its own reasons (a signal, --halt): it has not finished

	Stdout, Stderr Stream
}

// Key is a digest of a task and an input's content.
type Key [16]byte

// Stream is what a call wrote: bytes in memory, or a file when there are many.
type Stream struct {
	Bytes []byte
	File  *os.File // to be read only; nil when Bytes has it all
	Size  int64    // of File; or how much was passed on as it came, and is kept nowhere
}

// Written returns how much the call wrote, also what is kept nowhere.
func (s Stream) Written() int64 {
	if s.Size > 0 {
		return s.Size
	}
	return int64(len(s.Bytes))
}

// Len returns the number of bytes that there are.
func (s Stream) Len() int64 {
	if s.File != nil {
		return s.Size
	}
	return int64(len(s.Bytes))
}

// WriteTo writes the stream to w, from its beginning.
func (s Stream) WriteTo(w io.Writer) (int64, error) {
	if s.File != nil {
		return io.Copy(w, io.NewSectionReader(s.File, 0, s.Size))
	}
	n, err := w.Write(s.Bytes)
	return int64(n), err
}

// Close gives the memory back.
func (s *Stream) Close() {
	if s.File != nil {
		_ = s.File.Close() // nothing that was written can be lost: it is being dropped
	}
	*s = Stream{}
}
