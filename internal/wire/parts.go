package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// MoveAbove is the size in bytes from which a sender puts a payload or a buffer
// into its arena. Larger values cross faster there; smaller ones would pay more
// for the round trip that frees their memory than for being copied.
const MoveAbove = 64 << 10

// InBody is the offset of a buffer that is in the body of its frame.
const InBody = math.MaxUint64

// PartSize is the size of one entry in the table of buffers.
const PartSize = 16

// Buffer is one entry of the table that ends a body with buffers: where in the
// sender's arena it is. The receiver must check that against the arena.
type Buffer struct {
	Offset uint64 // InBody: it is in the body
	Length uint64
}

// Parts is the input of a call frame or the value of a result frame that has
// buffers. It refers to the body it was made from and is valid as long as that.
type Parts struct {
	Timeout time.Duration // zero for no limit
	Moved   bool          // the payload is the first buffer, and Payload is empty
	Payload []byte

	table  []byte
	inline []byte // the buffers that are in the body, end to end
}

// AppendPart appends the entry of a buffer to dst. Entries come behind the
// payload, in order, and the buffers that are [InBody] behind the entries.
func AppendPart(dst []byte, b Buffer) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, b.Offset)
	return binary.LittleEndian.AppendUint64(dst, b.Length)
}

// ParseParts checks the whole body of a frame with buffers against its header:
// the timeout, the payload unless it was moved, the table, and that the buffers
// in the body fill its rest exactly. The header was checked by [ParseHeader].
// Buffers in an arena are not checked. The error is a [*ProtocolError].
func ParseParts(h Header, body []byte) (Parts, error) {
	p := Parts{Moved: h.Flags&FlagMoved != 0}
	if h.Flags&FlagTimeout != 0 {
		var err error
		if p.Timeout, err = parseTimeout(body); err != nil {
			return Parts{}, err
		}
		body = body[8:]
	}
	if !p.Moved {
		if len(body) < payloadSize {
			return Parts{}, protocolError(FieldCount, "is 1, the body ends after 0 payloads")
		}
		n := uint64(binary.LittleEndian.Uint32(body))
		body = body[payloadSize:]
		if n > uint64(len(body)) {
			return Parts{}, protocolError(FieldPayload, fmt.Sprintf("0 has %d bytes, the body has %d left", n, len(body)))
		}
		p.Payload, body = body[:n:n], body[n:]
	}
	size := PartSize * int(h.OOB)
	if size > len(body) {
		return Parts{}, protocolError(FieldOOB, fmt.Sprintf("is %d, the body has %d bytes left", h.OOB, len(body)))
	}
	p.table, p.inline = body[:size:size], body[size:]
	return p, p.checkInline()
}

// checkInline checks the lengths of the buffers that are in the body.
func (p *Parts) checkInline() error {
	left := uint64(len(p.inline))
	for i := range p.Len() {
		b := p.entry(i)
		if b.Offset != InBody {
			continue
		}
		if b.Length > left {
			return protocolError(FieldBuffer, fmt.Sprintf("%d has %d bytes, the body has %d left", i, b.Length, left))
		}
		left -= b.Length
	}
	if left != 0 {
		return protocolError(FieldBody, fmt.Sprintf("has %d bytes after its buffers", left))
	}
	return nil
}

// Len returns how many buffers there are.
func (p *Parts) Len() int { return len(p.table) / PartSize }

func (p *Parts) entry(i int) Buffer {
	at := p.table[i*PartSize:]
	return Buffer{binary.LittleEndian.Uint64(at), binary.LittleEndian.Uint64(at[8:])}
}

// Next removes the first buffer and returns its entry, and its bytes when they
// are in the body. There must be one.
func (p *Parts) Next() (Buffer, []byte) {
	b := p.entry(0)
	p.table = p.table[PartSize:]
	if b.Offset != InBody {
		return b, nil
	}
	data := p.inline[:b.Length:b.Length]
	p.inline = p.inline[b.Length:]
	return b, data
}
