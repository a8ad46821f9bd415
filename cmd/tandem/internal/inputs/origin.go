package inputs

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sync"
)

// Origin is where the bytes of a source come from.
type Origin struct {
	name  string                        // in errors
	open  func() (io.ReadCloser, error) // for reading once; may block
	again func() (io.ReadCloser, error) // for reading ahead what open will read; fails with ErrUncountable
}

// FromReader returns an origin that reads r, which stays the caller's to close.
// name is what errors call it. When r is a regular file, its records can be
// counted ahead, from where it stands.
func FromReader(name string, r io.Reader) Origin {
	return Origin{
		name: name,
		open: func() (io.ReadCloser, error) { return io.NopCloser(r), nil },
		again: func() (io.ReadCloser, error) {
			file, ok := r.(*os.File)
			if !ok {
				return nil, ErrUncountable
			}
			if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
				return nil, ErrUncountable
			}
			from, err := file.Seek(0, io.SeekCurrent)
			if err != nil {
				return nil, err
			}
			return io.NopCloser(io.NewSectionReader(file, from, math.MaxInt64-from)), nil
		},
	}
}

// FromFile returns an origin that opens the file at path when its records are
// asked for, and closes it.
func FromFile(path string) Origin {
	return Origin{
		name: path,
		open: func() (io.ReadCloser, error) { return openFile(path) },
		again: func() (io.ReadCloser, error) {
			if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
				return nil, ErrUncountable
			}
			return openFile(path)
		},
	}
}

func openFile(path string) (io.ReadCloser, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if info, err := file.Stat(); err == nil && info.IsDir() {
		_ = file.Close() // nothing was written
		return nil, errors.New("is a directory: give a file")
	}
	return file, nil
}

// copy returns an origin that reads ahead what o will read.
func (o Origin) copy() (Origin, error) {
	r, err := o.again()
	if err != nil {
		return Origin{}, &Error{Source: o.name, Err: withoutPath(err), Wrong: !errors.Is(err, ErrUncountable)}
	}
	return Origin{name: o.name, open: func() (io.ReadCloser, error) { return r, nil }}, nil
}

const (
	// blockSize is how much is read at once. Smaller means more system calls,
	// larger more memory held by the inputs of a window.
	blockSize = 64 << 10

	// leastRoom is how much of a block must be free for another read into it.
	leastRoom = 4 << 10
)

// stream reads an origin on a goroutine of its own, because opening a named pipe
// and reading a terminal or a pipe cannot always be interrupted.
type stream struct {
	*stopper
	origin  Origin
	blocks  chan []byte
	reading sync.WaitGroup
	failure error // owned by the reading goroutine until it closes blocks
	ended   bool  // blocks was seen closed; owned by the loop

	mu     sync.Mutex
	reader io.ReadCloser // once it is open, until it is closed
	closed bool          // what is opened now is to be closed at once
}

func newStream(origin Origin) *stream {
	return &stream{stopper: newStopper(), origin: origin, blocks: make(chan []byte)}
}

// begin starts to read. It is followed by end.
func (s *stream) begin() { s.reading.Go(s.run) }

// next returns what was read next, nil at the end and after Stop. The bytes are
// the caller's.
func (s *stream) next() []byte {
	select {
	case block, more := <-s.blocks:
		s.ended = !more
		return block
	case <-s.stopped:
		return nil
	}
}

// end closes what was opened, which ends a read that waits for a pipe, and
// returns why reading ended, nil when it did not come to its end. It does not
// wait.
func (s *stream) end() error {
	s.Stop()
	s.close()
	if s.ended {
		return s.failure
	}
	return nil
}

// failed reports whether the loop has come to an error of the origin.
func (s *stream) failed() bool { return s.ended && s.failure != nil }

// complete reports whether the loop has come to the end of the origin and is to go
// on.
func (s *stream) complete() bool { return s.ended && s.failure == nil && !s.over() }

// close closes the reader, now or when it is open.
func (s *stream) close() {
	s.mu.Lock()
	reader := s.reader
	s.reader, s.closed = nil, true
	s.mu.Unlock()
	if reader != nil {
		_ = reader.Close() // it was only read
	}
}

// run opens the origin and reads it to its end.
func (s *stream) run() {
	defer close(s.blocks)
	if s.over() {
		return
	}
	reader, err := s.origin.open()
	if err != nil {
		s.failure = &Error{Source: s.origin.name, Err: withoutPath(err), Wrong: true}
		return
	}
	s.mu.Lock()
	late := s.closed
	if !late {
		s.reader = reader
	}
	s.mu.Unlock()
	if late {
		_ = reader.Close() // nobody wants it any more
		return
	}
	if err := s.read(reader); err != nil {
		s.failure = &Error{Source: s.origin.name, Err: fmt.Errorf("reading: %w", withoutPath(err))}
	}
	s.close()
}

// read delivers what the reader has, as it comes.
func (s *stream) read(reader io.Reader) error {
	var block []byte
	for {
		if cap(block)-len(block) < leastRoom {
			block = make([]byte, 0, blockSize)
		}
		from := len(block)
		n, err := reader.Read(block[from:cap(block)])
		block = block[:from+n]
		if n > 0 {
			select {
			case s.blocks <- block[from:len(block):len(block)]:
			case <-s.stopped:
				return nil
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
