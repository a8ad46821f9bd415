package wire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// Payloads walks over the inputs of a call frame or the values of a result
// frame, or of lines of a run. It refers to the body it was made from and is valid as long as that.
// The zero value has no payloads.
type Payloads struct {
	rest    []byte // begins with the next payload
	left    uint32
	array   bool
	lines   bool
	timeout time.Duration
}

// ParsePayloads checks the whole body against its header: the timeout, the
// number of payloads, every length, and that no byte is left over; for
// [FlagArray], that the body is one JSON array of so many values; for
// [FlagPlain], that no payload has a line feed; for [TypeRun], that it has so
// many lines. Text is not checked to be valid UTF-8. A frame with buffers is
// refused: those are for [ParseParts]. The error is a [*ProtocolError].
func ParsePayloads(h Header, body []byte) (Payloads, error) {
	switch {
	case h.Type == TypeRun:
		return parseLines(h, body)
	case h.OOB != 0:
		return Payloads{}, protocolError(FieldOOB, fmt.Sprintf("is %d where no buffers are taken", h.OOB))
	}
	p := Payloads{left: h.Count, array: h.Flags&FlagArray != 0}
	if h.Flags&FlagTimeout != 0 {
		var err error
		if p.timeout, err = parseTimeout(body); err != nil {
			return Payloads{}, err
		}
		body = body[8:]
	}
	plain := h.Flags&FlagPlain != 0
	if (plain || p.array) && h.Codec != CodecJSON {
		return Payloads{}, protocolError(FieldFlags, "say JSON, the codec is "+h.Codec.String())
	}
	p.rest = body
	if !p.array {
		if err := checkPayloads(body, h.Count, plain); err != nil {
			return Payloads{}, err
		}
		return p, nil
	}
	if plain && bytes.IndexByte(body, '\n') >= 0 {
		return Payloads{}, protocolError(FieldArray, "has a line feed in spite of the plain flag")
	}
	first, err := checkArray(body, h.Count)
	if err != nil {
		return Payloads{}, err
	}
	p.rest = body[first:]
	return p, nil
}

func parseLines(h Header, body []byte) (Payloads, error) {
	lines := bytes.Count(body, []byte{'\n'})
	if lines != int(h.Count) || len(body) > 0 && body[len(body)-1] != '\n' {
		return Payloads{}, protocolError(FieldCount, fmt.Sprintf("of run is %d, the body has another number of lines", h.Count))
	}
	return Payloads{rest: body, left: h.Count, lines: true}, nil
}

func parseTimeout(body []byte) (time.Duration, error) {
	if len(body) < 8 {
		return 0, protocolError(FieldTimeout, fmt.Sprintf("needs 8 bytes, the body has %d", len(body)))
	}
	ns := binary.LittleEndian.Uint64(body)
	if ns == 0 || ns > math.MaxInt64 {
		return 0, protocolError(FieldTimeout, fmt.Sprintf("is %d ns, want 1 to %d", ns, int64(math.MaxInt64)))
	}
	return time.Duration(ns), nil
}

// checkPayloads checks count payloads with lengths in front.
func checkPayloads(body []byte, count uint32, plain bool) error {
	at := uint64(0)
	size := uint64(len(body))
	for i := range count {
		if size-at < payloadSize {
			return protocolError(FieldCount, fmt.Sprintf("is %d, the body ends after %d payloads", count, i))
		}
		n := uint64(binary.LittleEndian.Uint32(body[at:]))
		at += payloadSize
		if size-at < n {
			return protocolError(FieldPayload, fmt.Sprintf("%d has %d bytes, the body has %d left", i, n, size-at))
		}
		if plain && bytes.IndexByte(body[at:at+n], '\n') >= 0 {
			return protocolError(FieldPayload, fmt.Sprintf("%d has a line feed in spite of the plain flag", i))
		}
		at += n
	}
	if at != size {
		return protocolError(FieldBody, fmt.Sprintf("has %d bytes after its %d payloads", size-at, count))
	}
	return nil
}

// Timeout returns how long one attempt may run, or zero for no limit.
func (p *Payloads) Timeout() time.Duration { return p.timeout }

// Left returns how many payloads Next has not returned yet.
func (p *Payloads) Left() int { return int(p.left) }

// Next returns the next payload, or false after the last. The payload is part of
// the body; appending to it does not write into the body.
func (p *Payloads) Next() ([]byte, bool) {
	if p.left == 0 {
		return nil, false
	}
	p.left--
	if p.array {
		return p.nextElement(), true
	}
	if p.lines {
		return p.nextLine(), true
	}
	n := payloadSize + int(binary.LittleEndian.Uint32(p.rest))
	payload := p.rest[payloadSize:n:n]
	p.rest = p.rest[n:]
	return payload, true
}

// nextLine returns the line that rest begins with, without its line feed.
func (p *Payloads) nextLine() []byte {
	n := bytes.IndexByte(p.rest, '\n')
	line := p.rest[:n:n]
	p.rest = p.rest[n+1:]
	return line
}

// nextElement returns the value that rest begins with. checkArray has accepted
// it, and that a comma or the closing bracket follows.
func (p *Payloads) nextElement() []byte {
	end := scanValue(p.rest, 0, 1)
	element := p.rest[:end:end]
	comma := skipSpace(p.rest, end)
	p.rest = p.rest[skipSpace(p.rest, comma+1):]
	return element
}
