package runlog

import (
	"bufio"
	"errors"
	"io"
)

// maxLine bounds the memory for one line. The longest that is written has an
// output of 256 KiB, of which JSON makes up to 6 times as much, or a whole command line.
const maxLine = 64 << 20

// errLong says that a line cannot be one of a log.
var errLong = errors.New("is longer than a line of a log can be")

// lines reads whole lines and knows where they begin.
type lines struct {
	r      *bufio.Reader
	long   []byte
	offset int64 // behind the last line that was returned
	number int   // of it, from 1
}

func newLines(r io.Reader) *lines { return &lines{r: bufio.NewReaderSize(r, 64<<10)} }

// next returns the next line without its line feed, until the next call. io.EOF
// is the end; what follows the last line feed is returned with
// [io.ErrUnexpectedEOF].
func (l *lines) next() ([]byte, error) {
	line, err := l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = l.readLong(line)
	}
	l.number++
	switch {
	case err == nil:
		l.offset += int64(len(line))
		return line[:len(line)-1], nil
	case err == io.EOF && len(line) > 0:
		return line, io.ErrUnexpectedEOF
	}
	return nil, err
}

// readLong returns a line that is longer than the buffer and begins with begun.
func (l *lines) readLong(begun []byte) ([]byte, error) {
	l.long = append(l.long[:0], begun...)
	for {
		more, err := l.r.ReadSlice('\n')
		l.long = append(l.long, more...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.long, err
		}
		if len(l.long) > maxLine {
			return nil, errLong
		}
	}
}
