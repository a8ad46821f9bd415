//go:build unix && !aix && !solaris

package osproc

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"
)

// closeDrain bounds what Close still reads, so that a grandchild that never
// stops writing cannot hold it. It is the largest pipe that an unprivileged
// Linux process can make: more can never have been waiting.
const closeDrain = 1 << 20

// Output reads one stream of a process, line by line, through a pipe.
type Output struct {
	pipe   *os.File // closed by read
	lines  lineSplitter
	tail   tail
	reader sync.WaitGroup
}

// NewOutput starts to read a new pipe. child is its other end, blocking, meant
// for [Command.Stdout] or [Command.Stderr]; the caller owns it and must close
// it after Start, also when Start returned an error.
//
// emit gets each line without its line end, from one goroutine, in order; a line
// longer than [MaxLine] comes in pieces. The bytes are valid only during the
// call. While emit blocks nothing is read, and the process blocks when the pipe
// is full. A nil emit keeps only the tail.
//
// The caller must call Wait or Close.
func NewOutput(emit func(line []byte)) (out *Output, child *os.File, err error) {
	pipe, child, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("output pipe: %w", err)
	}
	child.Fd() // makes it blocking: programs other than Go ones expect that
	if emit == nil {
		emit = func([]byte) {}
	}
	o := &Output{
		pipe:  pipe,
		lines: lineSplitter{emit: emit, buf: make([]byte, MaxLine)},
	}
	o.reader.Go(o.read)
	return o, child, nil
}

// Tail returns the last 20 lines, at most 4 KiB, without the last line end. It
// may be called at any time; after Wait or Close it is complete.
func (o *Output) Tail() string { return o.tail.String() }

// Wait blocks until the stream has ended, which is when the last process that
// holds it has closed it or ended, perhaps a grandchild, and every line was
// emitted. Close ends it early.
func (o *Output) Wait() { o.reader.Wait() }

// Close emits what was written before it was called, ends the reading, and
// returns when emit has. It does not wait for the processes that hold the
// stream: their next write gets SIGPIPE. It may be called any number of times.
func (o *Output) Close() {
	// Fails when read has closed the pipe already.
	_ = o.pipe.SetReadDeadline(time.Unix(1, 0))
	o.reader.Wait()
}

func (o *Output) read() {
	defer o.pipe.Close()
	defer o.lines.finish()
	for {
		n, err := o.pipe.Read(o.lines.space())
		o.take(n)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			o.drain()
			return
		}
		if err != nil {
			return // the end of the stream; a pipe has no other errors
		}
	}
}

func (o *Output) take(n int) {
	if n > 0 {
		o.tail.record(o.lines.space()[:n])
		o.lines.advance(n)
	}
}

// drain takes what waits in the pipe, past the deadline.
func (o *Output) drain() {
	conn, err := o.pipe.SyscallConn()
	if err != nil {
		return
	}
	_ = conn.Control(func(fd uintptr) {
		for total := 0; total < closeDrain; {
			n, err := syscall.Read(int(fd), o.lines.space())
			if errors.Is(err, syscall.EINTR) {
				continue
			}
			if n <= 0 || err != nil {
				return // empty, or the end
			}
			o.take(n)
			total += n
		}
	})
}
