package wire

import "io"

const (
	// bufferSize is how much is asked of the stream at once. Larger keeps more
	// memory per worker, smaller makes more system calls when results are small.
	bufferSize = 64 << 10

	// firstStep is how much is allocated for a large body before any of it has
	// arrived; each further step multiplies what has arrived by stepFactor.
	// Larger believes a lying length for longer, smaller copies more often.
	firstStep  = 1 << 20
	stepFactor = 4

	// keepLarge is how many small frames may follow a large body before its
	// memory is given up. More holds memory for longer, fewer allocates again
	// when small and large frames alternate.
	keepLarge = 64

	// maxEmptyReads bounds reads that return neither bytes nor an error.
	maxEmptyReads = 100
)

// Reader cuts a byte stream into frames.
//
// A Reader belongs to one goroutine at a time. It holds no resource besides
// memory and needs no closing.
type Reader struct {
	src      io.Reader
	maxBody  uint32
	end      error  // why nothing more is read from src; nil while it is read
	received uint64 // bytes that src has given

	buf        []byte // buf[pos:lim] has arrived and was not returned
	pos, lim   int
	large      []byte // memory for bodies that do not fit buf
	smallSince int    // small frames since large was used

	// While inLarge, the header was taken from buf and large holds the first
	// bytes of its body.
	inLarge bool
	header  Header

	run openRun
}

// NewReader returns a Reader that takes frames with bodies of at most maxBody
// bytes from src; zero means [DefaultMaxBody]. Nothing else may read from src.
func NewReader(src io.Reader, maxBody uint32) *Reader {
	r := &Reader{src: src, buf: make([]byte, bufferSize)}
	r.SetLimit(maxBody)
	return r
}

// Next returns the next frame. It blocks while the underlying reader does.
//
// Of a run it returns the lines that have arrived completely, at least one: a
// header with [TypeRun], the id of the first and their number, and the lines as
// body, each of them one JSON value and a line feed. It does not wait for more.
//
// The body is valid until the next call of Next or Feed. At the end of the
// stream the error is [io.EOF] between two frames and [io.ErrUnexpectedEOF]
// inside one; what has arrived of that frame is kept for [Reader.Feed]. Another
// error of the underlying reader is returned after the whole frames that came
// before it. These errors, and a [*ProtocolError], are final unless Feed is
// called.
func (r *Reader) Next() (Header, []byte, error) {
	if r.run.open || r.lim-r.pos < HeaderSize || r.inLarge {
		return r.nextSlow()
	}
	h, err := ParseHeader(r.buf[r.pos:r.lim], r.maxBody)
	if err != nil {
		return Header{}, nil, err
	}
	from := r.pos + HeaderSize
	if uint64(r.lim-from) < uint64(h.Length) || h.Type == TypeRun {
		return r.nextSlow()
	}
	to := from + int(h.Length)
	r.pos = to
	if r.large != nil {
		r.forgetLarge()
	}
	return h, r.buf[from:to:to], nil
}

// nextSlow is Next in a run, and when the frame has not arrived completely.
func (r *Reader) nextSlow() (Header, []byte, error) {
	for !r.inLarge {
		if r.run.open {
			h, body, err := r.nextLines()
			if h.Count > 0 || err != nil {
				return h, body, err
			}
		}
		if !r.run.open && r.lim-r.pos >= HeaderSize {
			h, err := ParseHeader(r.buf[r.pos:r.lim], r.maxBody)
			if err == nil && h.Type == TypeRun {
				if err = r.beginRun(h); err == nil {
					continue
				}
			}
			if err != nil {
				return Header{}, nil, err
			}
			total := HeaderSize + uint64(h.Length)
			if uint64(r.lim-r.pos) >= total {
				return r.Next()
			}
			if total > uint64(len(r.buf)) {
				r.beginLarge(h)
				break
			}
		}
		if err := r.fill(); err != nil {
			return Header{}, nil, err
		}
	}
	return r.readLarge()
}

// fill adds at least one byte to buf, which has room for the frame in front, and
// gets room for the line in front.
func (r *Reader) fill() error {
	if r.end != nil {
		return r.atEnd()
	}
	rest := r.buf[r.pos:r.lim]
	shrinks := len(r.buf) > bufferSize && len(rest) < bufferSize
	if shrinks {
		r.buf = make([]byte, bufferSize) // a long line has been returned
	}
	if shrinks || r.pos > 0 {
		r.lim = copy(r.buf, rest)
		r.pos = 0
	}
	if r.lim == len(r.buf) {
		r.growBuffer()
	}
	n, err := r.read(r.buf[r.lim:])
	r.lim += n
	return err
}

// beginLarge takes the header in front out of buf. The body goes to large.
func (r *Reader) beginLarge(h Header) {
	r.pos += HeaderSize
	r.header, r.inLarge, r.smallSince = h, true, 0
	r.large = r.large[:0]
}

// readLarge completes the large body and returns the frame.
func (r *Reader) readLarge() (Header, []byte, error) {
	want := int(r.header.Length)
	for have := len(r.large); have < want; have = len(r.large) {
		if have == cap(r.large) {
			r.growLarge(want)
		}
		room := r.large[have:min(want, cap(r.large))]
		if r.pos < r.lim {
			n := copy(room, r.buf[r.pos:r.lim])
			r.pos += n
			r.large = r.large[:have+n]
			continue
		}
		if r.end != nil {
			return Header{}, nil, r.atEnd()
		}
		n, err := r.read(room)
		r.large = r.large[:have+n]
		if err != nil {
			return Header{}, nil, err
		}
	}
	r.inLarge = false
	return r.header, r.large[:want:want], nil
}

// growLarge makes room for more than what has arrived of a body of want bytes.
func (r *Reader) growLarge(want int) {
	have := len(r.large)
	size := min(want, max(firstStep, have*stepFactor))
	grown := make([]byte, have, size)
	copy(grown, r.large)
	r.large = grown
}

// forgetLarge counts a small frame and gives up large after enough of them.
func (r *Reader) forgetLarge() {
	r.smallSince++
	if r.smallSince >= keepLarge {
		r.large = nil
	}
}

// read reads at least one byte into p, which is not empty. The stream's own
// error is kept in end; it is returned only when no bytes came with it.
func (r *Reader) read(p []byte) (int, error) {
	for range maxEmptyReads {
		n, err := r.src.Read(p)
		r.received += uint64(n)
		if err != nil {
			r.end = err
		}
		if n > 0 {
			return n, nil
		}
		if err != nil {
			return 0, r.atEnd()
		}
	}
	r.end = io.ErrNoProgress
	return 0, r.end
}

// atEnd returns the error for a stream that gives nothing more.
func (r *Reader) atEnd() error {
	if r.end == io.EOF && r.Buffered() > 0 {
		return io.ErrUnexpectedEOF
	}
	return r.end
}

// Feed continues the stream with extra, which is copied, behind what has
// arrived so far. From then on nothing is read from the underlying reader, and
// the end of extra is the end of the stream. It may be called several times.
//
// It is for the bytes of a black box after the socket has ended, whether with
// [io.EOF] or with an error.
func (r *Reader) Feed(extra []byte) {
	rest := r.buf[r.pos:r.lim]
	joined := make([]byte, len(rest)+len(extra))
	copy(joined, rest)
	copy(joined[len(rest):], extra)
	r.buf, r.pos, r.lim = joined, 0, len(joined)
	r.end = io.EOF
}

// SetLimit makes frames with bodies of more than maxBody bytes an error from the
// next frame on that Next reads. Zero means [DefaultMaxBody].
func (r *Reader) SetLimit(maxBody uint32) {
	if maxBody == 0 {
		maxBody = DefaultMaxBody
	}
	r.maxBody = maxBody
}

// Received returns how many bytes the underlying reader has given so far,
// including those that were not returned yet. Bytes from Feed do not count.
func (r *Reader) Received() uint64 { return r.received }

// Buffered returns how many bytes have arrived, from anywhere, that were not
// returned as part of a frame.
func (r *Reader) Buffered() int {
	n := r.lim - r.pos
	if r.inLarge {
		n += HeaderSize + len(r.large)
	}
	return n
}

// Ready reports whether Next would return without reading from the underlying
// reader: a whole frame or line has arrived, or an error is certain.
func (r *Reader) Ready() bool {
	if r.end != nil {
		return true
	}
	if r.inLarge {
		return len(r.large) == int(r.header.Length)
	}
	rest, run := r.buf[r.pos:r.lim], r.run
	for {
		if run.open {
			ready, ended := isRunReady(rest, run.scanned, r.maxBody)
			if !ended {
				return ready
			}
			rest = rest[1:]
		}
		if len(rest) < HeaderSize {
			return false
		}
		h, err := ParseHeader(rest, r.maxBody)
		if err != nil || h.Type != TypeRun || checkRun(h) != nil {
			return err != nil || h.Type == TypeRun || uint64(len(rest)-HeaderSize) >= uint64(h.Length)
		}
		rest, run = rest[HeaderSize:], openRun{open: true}
	}
}
