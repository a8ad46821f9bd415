package wire

import (
	"bytes"
	"fmt"
	"io"
)

// openRun is the run that a stream is in. See docs/wire.md for its form.
type openRun struct {
	open    bool
	next    uint64 // the call whose value the next line is
	scanned int    // bytes of that line that have arrived and have no line feed
}

// checkRun refuses a run header that says more than its first id.
func checkRun(h Header) error {
	switch {
	case h.Length != 0:
		return protocolError(FieldLength, fmt.Sprintf("of run is %d, want 0", h.Length))
	case h.Flags != 0:
		return protocolError(FieldFlags, fmt.Sprintf("of run are %#02x, want 0", uint8(h.Flags)))
	case h.Codec != CodecJSON:
		return protocolError(FieldCodec, "of run is "+h.Codec.String()+", want json")
	}
	return nil
}

// beginRun takes the header of a run, which buf begins with, out of it.
func (r *Reader) beginRun(h Header) error {
	if err := checkRun(h); err != nil {
		return err
	}
	r.pos += HeaderSize
	r.run = openRun{open: true, next: h.ID}
	return nil
}

// nextLines returns the complete lines of the open run that have arrived, as a
// frame whose body they are. Its count is 0 when there are none: then the run
// has ended, or more must arrive.
func (r *Reader) nextLines() (Header, []byte, error) {
	text := r.buf[r.pos:r.lim]
	size, count, err := r.cutLines(text)
	switch {
	case count > 0:
		h := Header{Type: TypeRun, Length: uint32(size), ID: r.run.next, Count: count, Codec: CodecJSON}
		r.pos += size
		r.run.next += uint64(count)
		r.run.scanned = 0
		if r.pos < r.lim && r.buf[r.pos] == '\n' {
			r.endRun()
		}
		return h, text[:size:size], nil
	case err != nil:
		return Header{}, nil, err
	case len(text) > 0 && text[0] == '\n':
		r.endRun()
	}
	return Header{}, nil, nil
}

// endRun takes the empty line that ends a run.
func (r *Reader) endRun() {
	r.pos++
	r.run = openRun{}
}

// cutLines returns the size and number of the good lines that text begins with.
// What is wrong with the first is the error, and its bytes that were searched are
// noted when its end has not come.
func (r *Reader) cutLines(text []byte) (size int, count uint32, err error) {
	for from := r.run.scanned; size < len(text) && text[size] != '\n'; from = 0 {
		n := bytes.IndexByte(text[size+from:], '\n')
		if n < 0 {
			r.run.scanned = len(text) - size
			if uint64(r.run.scanned) > uint64(r.maxBody) {
				err = protocolError(FieldLine, fmt.Sprintf("of run has more than %d bytes", r.maxBody))
			}
			break
		}
		n += from
		if r.run.next+uint64(count) == 0 {
			err = protocolError(FieldID, "of run has no successor")
			break
		}
		if err = checkLine(text[size:size+n], r.maxBody); err != nil {
			r.run.scanned = 0
			break
		}
		size += n + 1
		count++
	}
	return size, count, err
}

// checkLine checks that a line is one JSON value and nothing else. Bytes that
// others have written into the stream are found here: a run has no checksum.
func checkLine(line []byte, maxBody uint32) error {
	if uint64(len(line)) > uint64(maxBody) {
		return protocolError(FieldLine, fmt.Sprintf("of run has %d bytes, the limit is %d", len(line), maxBody))
	}
	if !IsJSON(line) {
		return protocolError(FieldLine, "of run is malformed JSON")
	}
	return nil
}

// growBuffer makes room for more of a line that fills the buffer.
func (r *Reader) growBuffer() {
	size := min(uint64(len(r.buf))*stepFactor, uint64(r.maxBody)+1)
	grown := make([]byte, max(size, uint64(len(r.buf))+1))
	r.lim = copy(grown, r.buf[r.pos:r.lim])
	r.buf, r.pos = grown, 0
}

// Restart continues the stream at the first byte that was not returned, with
// what src gives from there; what had arrived of it is dropped. A run stays
// open.
func (r *Reader) Restart(src io.Reader) {
	run := r.run
	run.scanned = 0
	*r = Reader{src: src, maxBody: r.maxBody, received: r.received - uint64(r.Buffered()), buf: make([]byte, bufferSize), run: run}
}

// isRunReady reports whether the lines that text begins with, of which some bytes
// are known to have no line feed, give Next something to return. ended tells
// that the run ends at once.
func isRunReady(text []byte, scanned int, maxBody uint32) (ready, ended bool) {
	if len(text) > 0 && text[0] == '\n' {
		return false, true
	}
	return bytes.IndexByte(text[scanned:], '\n') >= 0 || uint64(len(text)) > uint64(maxBody), false
}
