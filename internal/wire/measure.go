package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// MeasureSize is the length of what [FlagMeasured] announces.
const MeasureSize = 40

// Measure is what a worker says of an attempt that has ended. None of it was
// checked: a worker may say anything.
type Measure struct {
	Start  uint64        // CLOCK_MONOTONIC in nanoseconds
	Wall   time.Duration // from the start until the outcome was encoded
	CPU    time.Duration // processor time; 0 when not known
	Peak   int64         // largest resident size of the process in bytes; 0 when not known
	Thread uint64        // which of the worker's threads, from 0
}

// Append appends what [FlagMeasured] announces, with which a body begins.
// Negative values are written as 0.
func (m Measure) Append(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint64(dst, m.Start)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(max(0, m.Wall)))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(max(0, m.CPU)))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(max(0, m.Peak)))
	return binary.LittleEndian.AppendUint64(dst, m.Thread)
}

// CutMeasure takes the measure off the front of a body whose header has
// [FlagMeasured], and returns header and body of the same frame without it.
// Values beyond 63 bits become the largest. The error is a [*ProtocolError].
func CutMeasure(h Header, body []byte) (Measure, Header, []byte, error) {
	if len(body) < MeasureSize {
		return Measure{}, h, body, protocolError(FieldMeasure, fmt.Sprintf("has %d bytes, want %d", len(body), MeasureSize))
	}
	word := func(i int) uint64 { return binary.LittleEndian.Uint64(body[8*i:]) }
	positive := func(i int) int64 { return int64(min(word(i), math.MaxInt64)) }
	m := Measure{
		Start: word(0), Wall: time.Duration(positive(1)), CPU: time.Duration(positive(2)),
		Peak: positive(3), Thread: word(4),
	}
	h.Flags &^= FlagMeasured
	h.Length -= MeasureSize
	return m, h, body[MeasureSize:], nil
}
