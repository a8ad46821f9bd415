package command

import (
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// readSize is how much is read at once: as much as a pipe holds by default.
const readSize = 64 << 10

// past is a deadline that ends a read or a write at once.
var past = time.Unix(1, 0)

// budget bounds what the streams of a program may bring together.
type budget struct {
	left atomic.Int64
	over chan struct{} // closed by the capture that finds it exceeded
	once sync.Once
}

func newBudget(limit int64) *budget {
	b := &budget{over: make(chan struct{})}
	b.left.Store(limit)
	return b
}

// take takes n bytes and reports whether they were there.
func (b *budget) take(n int) bool {
	if b.left.Add(-int64(n)) >= 0 {
		return true
	}
	b.once.Do(func() { close(b.over) })
	return false
}

// exceeded reports whether take has failed.
func (b *budget) exceeded() bool {
	select {
	case <-b.over:
		return true
	default:
		return false
	}
}

// capture keeps what a program writes to one stream. Its goroutine ends at the
// end of the stream, with the budget, or with stop, and closes the pipe.
type capture struct {
	pipe   *os.File
	budget *budget
	space  []byte // what was read last
	kept   []byte // owned by the goroutine until it has ended
	reader sync.WaitGroup
}

// newCapture opens a stream. child is the program's end, which the caller owns.
// space is the memory that the capture reads into, made if there is none; one
// capture uses it at a time. The caller must call start and stop, or discard.
func newCapture(b *budget, space *[]byte) (c *capture, child *os.File, err error) {
	if *space == nil {
		*space = make([]byte, readSize)
	}
	ours, child, err := openOutput()
	if err != nil {
		return nil, nil, err
	}
	return &capture{pipe: ours, budget: b, space: *space}, child, nil
}

func (c *capture) start() { c.reader.Go(c.read) }

// stop returns what was written until it was called. It does not wait for
// processes that hold the stream.
func (c *capture) stop() []byte {
	_ = c.pipe.SetReadDeadline(past) // fails when read has closed the pipe
	c.reader.Wait()
	return c.kept
}

// discard closes a capture that was not started. It accepts nil.
func (c *capture) discard() {
	if c != nil {
		c.pipe.Close()
	}
}

func (c *capture) read() {
	defer c.pipe.Close()
	for {
		n, err := c.pipe.Read(c.space)
		if !c.keep(c.space[:n]) {
			return
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			drain(c.pipe, c.space, c.keep)
			return
		}
		if err != nil {
			return // the end of the stream; a pipe has no other errors
		}
	}
}

// keep adds data and reports whether the budget allows that. It is the one
// place where captured bytes go.
func (c *capture) keep(data []byte) bool {
	if !c.budget.take(len(data)) {
		return false
	}
	c.kept = append(c.kept, data...)
	return true
}

// atomicWrite is what a new pipe takes at once on every Unix system.
const atomicWrite = 512

// feeder writes what a program can read. All methods accept nil.
type feeder struct {
	pipe   *os.File // nil once all is written
	data   []byte
	writer sync.WaitGroup
}

// newFeeder opens a stream. child is the program's end, which the caller owns.
// The caller must call start and stop, or discard. Little data is written now,
// which spares a goroutine.
func newFeeder(data []byte) (f *feeder, child *os.File, err error) {
	ours, child, err := openInput()
	if err != nil {
		return nil, nil, err
	}
	f = &feeder{pipe: ours, data: data}
	if len(data) <= atomicWrite {
		f.write()
		f.pipe = nil
	}
	return f, child, nil
}

func (f *feeder) start() {
	if f != nil && f.pipe != nil {
		f.writer.Go(f.write)
	}
}

// stop ends the writing, also when a process that holds the stream does not
// read it.
func (f *feeder) stop() {
	if f != nil && f.pipe != nil {
		_ = f.pipe.SetWriteDeadline(past) // fails when write has closed the pipe
		f.writer.Wait()
	}
}

// discard closes a feeder that was not started.
func (f *feeder) discard() {
	if f != nil && f.pipe != nil {
		f.pipe.Close()
	}
}

// write ends when all is written, when nobody can read it, or with stop. A
// program that does not read its input is none of our business.
func (f *feeder) write() {
	_, _ = f.pipe.Write(f.data)
	f.pipe.Close()
}
