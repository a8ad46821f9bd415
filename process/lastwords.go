package process

import (
	"bytes"
	"strings"

	"github.com/gotandem/tandem/internal/osproc"
)

// outOfMemory are the words of the Go runtime, and of those of C, C++ and Rust,
// when they get no more memory.
var outOfMemory = [][]byte{
	[]byte("out of memory"), []byte("cannot allocate memory"), []byte("pthread_create failed"),
	[]byte("std::bad_alloc"), []byte("memory allocation of "), []byte("tandem worker: no memory is left"),
}

// crashBegins is how the runtimes of Go and Python begin to say that they end the
// process, and how many of the lines that follow are kept. After those of Go
// come stacks, longer than the tail that is kept; after that of Python the
// frames of the thread that crashed, the innermost first.
var crashBegins = []struct {
	words []byte
	lines int
}{
	{[]byte("panic: "), 0}, {[]byte("fatal error: "), 0}, {[]byte("runtime: out of memory"), 0},
	{[]byte("Fatal Python error: "), 8},
}

// noteCrash looks for the words of a crash in a line of standard error, read while
// the call with that id ran. It belongs to the goroutine that reads that.
func (w *worker) noteCrash(id uint64, line []byte) {
	for _, words := range outOfMemory {
		if bytes.Contains(line, words) {
			w.exhausted.Store(true)
		}
	}
	text := line[:min(len(line), mostCrash)]
	for _, begin := range crashBegins {
		if bytes.HasPrefix(line, begin.words) {
			w.crashLines = begin.lines
			w.slot.mu.Lock()
			w.crash, w.crashedIn = string(text), id
			w.slot.mu.Unlock()
			return
		}
	}
	if w.crashLines > 0 {
		w.crashLines--
		w.slot.mu.Lock()
		w.crash += "\n" + string(text)
		w.slot.mu.Unlock()
	}
}

// mostCrash is how much of each line of a crash is kept.
const mostCrash = 1 << 10

// words are the last lines of one stream that were read while one call ran.
type words struct {
	id   uint64 // the call; 0: none ran, or nobody knows which
	tail osproc.Tail
}

// note adds a line that was read while the call with that id ran.
func (l *words) note(id uint64, line []byte) {
	if id != l.id {
		l.id = id
		l.tail.Reset()
	}
	if id != 0 {
		l.tail.Record(line)
	}
}

// of returns the lines of a call.
func (l *words) of(id uint64) string {
	if l.id != id {
		return ""
	}
	return l.tail.String()
}

// tail returns the worker's last words, once its streams have ended: those of the
// call that it was running, where it is known which that was. What an earlier
// call wrote at its end and was read only after the next one had begun counts as
// that one's.
func (w *worker) tail() string {
	id, _ := w.current()
	outs, errs := w.stdout.Tail(), w.stderr.Tail()
	if id != 0 {
		outs, errs = w.lastOut.of(id), w.lastErr.of(id)
	}
	tail := errs
	if tail == "" {
		tail = outs
	}
	w.slot.mu.Lock()
	defer w.slot.mu.Unlock()
	known := w.crash != "" && (id == 0 || w.crashedIn == id)
	if known && !strings.Contains(tail, w.crash) {
		return w.crash + "\n…\n" + tail
	}
	return tail
}
