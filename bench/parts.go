package main

import (
	"bytes"
	"fmt"
	"os"
	"sync"

	"github.com/gotandem/tandem/bench/internal/pingpong"
)

// playPart plays the part that the environment asks for, and then ends the
// process. It returns when there is none.
func playPart() {
	if os.Getenv(handshake.MagicCookieKey) != "" {
		servePlugin()
		os.Exit(0)
	}
	if part := os.Getenv(pingpong.Variable); part != "" {
		if err := pingpong.Serve(part); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// executable is this program's file, also when its name has changed.
func executable() string {
	if file, err := os.Executable(); err == nil {
		return file
	}
	return os.Args[0]
}

// lineWatch is a writer that tells when a line has been written to it.
type lineWatch struct {
	line string
	seen chan struct{} // gets a token for each such line

	mu   sync.Mutex
	rest []byte // of a line that has not ended
}

func newLineWatch(line string) *lineWatch {
	return &lineWatch{line: line, seen: make(chan struct{}, 1)}
}

// Write implements io.Writer. It never blocks for long.
func (w *lineWatch) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	for {
		line, rest, found := bytes.Cut(w.rest, []byte("\n"))
		if !found {
			return len(p), nil
		}
		w.note(line)
		w.rest = bytes.Clone(rest)
	}
}

// note takes one line without its end.
func (w *lineWatch) note(line []byte) {
	if string(line) != w.line {
		return
	}
	select {
	case w.seen <- struct{}{}:
	default:
	}
}
