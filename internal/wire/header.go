package wire

import (
	"encoding/binary"
	"fmt"
	"strconv"
)

const (
	// Version is the protocol version that this package speaks.
	Version = 1

	// HeaderSize is the length of a frame header in bytes.
	HeaderSize = 32

	// DefaultMaxBody is the largest body accepted where nothing else was agreed.
	DefaultMaxBody = 256 << 20

	magic = 0x74
)

// Type says what a frame is. Values without a name come from newer peers.
type Type uint8

// The frame types.
const (
	TypeSetup    Type = 1  // parent to worker: how to serve
	TypeHello    Type = 2  // worker to parent: what it is
	TypeFatal    Type = 3  // worker to parent: why it cannot serve
	TypeDefine   Type = 4  // parent to worker: gives a task a number
	TypeCall     Type = 5  // parent to worker: inputs
	TypeResult   Type = 6  // worker to parent: values
	TypeFailure  Type = 7  // worker to parent: one call ended without a value
	TypeCancel   Type = 8  // parent to worker
	TypeRecall   Type = 9  // parent to worker: give calls back
	TypeReturned Type = 10 // worker to parent: these calls have not started
	TypeStop     Type = 11 // parent to worker: finish, then exit
	TypeRun      Type = 12 // worker to parent: values of consecutive calls, as lines that follow
	TypeKeep     Type = 13 // worker to parent: the buffers of this call's input stay in use
	TypeRelease  Type = 14 // both: the buffers of this call are free, those that the receiver allocated
	TypeFork     Type = 15 // parent to template: fork a worker, with the descriptors that come along
	TypeForked   Type = 16 // template to parent: the answer to fork
	TypeReap     Type = 17 // parent to template: reap a worker that has ended
	TypeReaped   Type = 18 // template to parent: the answer to reap
)

var typeNames = [...]string{
	TypeSetup: "setup", TypeHello: "hello", TypeFatal: "fatal", TypeDefine: "define",
	TypeCall: "call", TypeResult: "result", TypeFailure: "failure", TypeCancel: "cancel",
	TypeRecall: "recall", TypeReturned: "returned", TypeStop: "stop",
	TypeRun: "run", TypeKeep: "keep", TypeRelease: "release",
	TypeFork: "fork", TypeForked: "forked", TypeReap: "reap", TypeReaped: "reaped",
}

// String returns the name in docs/wire.md, or "type(N)" for an unknown type.
func (t Type) String() string {
	if int(t) < len(typeNames) && typeNames[t] != "" {
		return typeNames[t]
	}
	return "type(" + strconv.Itoa(int(t)) + ")"
}

// Flags change how a body is read.
type Flags uint8

// The flags. Any other bit is an error in version 1.
const (
	FlagTimeout  Flags = 1 << iota // the body begins with a timeout
	FlagArray                      // the payloads are one JSON array
	FlagPlain                      // JSON text without line feeds, may be forwarded as it is
	FlagMoved                      // the payload is buffer 0, not in the body
	FlagMeasured                   // the body begins with a [Measure]

	knownFlags = FlagTimeout | FlagArray | FlagPlain | FlagMoved | FlagMeasured
)

// Codec says how payloads are encoded.
type Codec uint8

// The codecs. The engine never looks into pickle payloads.
const (
	CodecNone   Codec = 0
	CodecRaw    Codec = 1
	CodecCBOR   Codec = 2
	CodecJSON   Codec = 3
	CodecPickle Codec = 4
	CodecNPY    Codec = 5 // NumPy's file format, version 1.0
)

var codecNames = [...]string{"none", "raw", "cbor", "json", "pickle", "npy"}

// String returns the codec's name, or "codec(N)" for an unknown one.
func (c Codec) String() string {
	if int(c) < len(codecNames) {
		return codecNames[c]
	}
	return "codec(" + strconv.Itoa(int(c)) + ")"
}

// Header is what precedes every body. Magic, version, reserved byte and CRC are
// written and checked by the functions of this package and have no field.
type Header struct {
	Type    Type
	Flags   Flags
	Length  uint32 // bytes of body
	ID      uint64 // first call the frame is about
	Count   uint32 // how many calls, ID to ID+Count-1
	Task    uint16 // number from define
	Attempt uint16 // 1 for the first try
	OOB     uint16 // buffers beside the payload, or with FlagMoved also of it; see [ParseParts]
	Codec   Codec
}

// AppendHeader appends the 32 bytes of h to dst. It checks nothing.
func AppendHeader(dst []byte, h Header) []byte {
	n := len(dst)
	dst = append(dst, make([]byte, HeaderSize)...)
	PutHeader(dst[n:], h)
	return dst
}

// PutHeader writes the 32 bytes of h to the front of dst, which must be at
// least that long. It is for headers whose body was appended first. It checks
// nothing.
func PutHeader(dst []byte, h Header) {
	dst = dst[:HeaderSize]
	w0 := magic | Version<<8 | uint64(h.Type)<<16 | uint64(h.Flags)<<24 | uint64(h.Length)<<32
	w2 := uint64(h.Count) | uint64(h.Task)<<32 | uint64(h.Attempt)<<48
	w3 := uint32(h.OOB) | uint32(h.Codec)<<16
	binary.LittleEndian.PutUint64(dst[0:], w0)
	binary.LittleEndian.PutUint64(dst[8:], h.ID)
	binary.LittleEndian.PutUint64(dst[16:], w2)
	binary.LittleEndian.PutUint64(dst[24:], uint64(w3)|uint64(checksum(w0, h.ID, w2, w3))<<32)
}

// ParseHeader reads the header at the front of src and checks everything that
// can be checked without the body: magic, version, CRC, reserved bits, a body
// of at most maxBody bytes, and the ids and counts that the type needs. A type
// or codec that is not known is accepted. The error is a [*ProtocolError].
func ParseHeader(src []byte, maxBody uint32) (Header, error) {
	if len(src) < HeaderSize {
		return Header{}, protocolError(FieldHeader, fmt.Sprintf("has %d bytes, want %d", len(src), HeaderSize))
	}
	src = src[:HeaderSize]
	w0 := binary.LittleEndian.Uint64(src[0:])
	id := binary.LittleEndian.Uint64(src[8:])
	w2 := binary.LittleEndian.Uint64(src[16:])
	w3 := binary.LittleEndian.Uint64(src[24:])
	h := Header{
		Type: Type(w0 >> 16), Flags: Flags(w0 >> 24), Length: uint32(w0 >> 32),
		ID: id, Count: uint32(w2), Task: uint16(w2 >> 32), Attempt: uint16(w2 >> 48),
		OOB: uint16(w3), Codec: Codec(w3 >> 16),
	}
	if w0&0xffff != magic|Version<<8 ||
		uint32(w3>>32) != checksum(w0, id, w2, uint32(w3)) ||
		h.Flags&^knownFlags != 0 || h.Length > maxBody ||
		uint32(w3)&0xff000000 != 0 || !spanFits(h.Type, id, h.Count) ||
		(h.OOB != 0 || h.Flags&FlagMoved != 0) && !partsFit(h) ||
		h.Flags&FlagMeasured != 0 && !measureFits(h) {
		return Header{}, explainHeader(src, h, maxBody)
	}
	return h, nil
}

// spanFits reports whether id and count are possible for a frame of type t.
func spanFits(t Type, id uint64, count uint32) bool {
	switch t {
	case TypeCall, TypeResult, TypeCancel:
		return id != 0 && count != 0 && id+uint64(count)-1 >= id
	case TypeFailure, TypeKeep, TypeRelease:
		return id != 0 && count == 1
	case TypeRun:
		return id != 0 && count == 0
	case TypeRecall:
		return count != 0
	case TypeReturned:
		return count == 0 || id != 0 && id+uint64(count)-1 >= id
	}
	return true
}

// partsFit reports whether a frame may have buffers: call and result about one
// call, whose payload is not an element of an array and not to be forwarded.
func partsFit(h Header) bool {
	return (h.Type == TypeCall || h.Type == TypeResult) && h.Count == 1 && h.OOB != 0 && h.Flags&(FlagArray|FlagPlain) == 0
}

// measureFits reports whether a frame may begin with a measure: the answer to one
// call.
func measureFits(h Header) bool {
	return (h.Type == TypeResult || h.Type == TypeFailure) && h.Count == 1
}

// explainHeader finds the first difference, in the order in which a wrong peer
// is best recognised: something else entirely, another version, damage, and
// only then the fields.
func explainHeader(src []byte, h Header, maxBody uint32) error {
	if src[0] != magic {
		return protocolError(FieldMagic, fmt.Sprintf("is %#02x, want %#02x: this is not a frame", src[0], magic))
	}
	if src[1] != Version {
		return protocolError(FieldVersion, fmt.Sprintf("is %d, this side speaks %d", src[1], Version))
	}
	stored := binary.LittleEndian.Uint32(src[28:])
	if sum := checksumBytes(src); stored != sum {
		return protocolError(FieldCRC, fmt.Sprintf("is %#08x, the header has %#08x", stored, sum))
	}
	switch {
	case h.Flags&^knownFlags != 0:
		return protocolError(FieldFlags, fmt.Sprintf("has unknown bits %#02x", uint8(h.Flags&^knownFlags)))
	case h.Length > maxBody:
		return protocolError(FieldLength, fmt.Sprintf("of %s is %d bytes, the limit is %d", h.Type, h.Length, maxBody))
	case src[27] != 0:
		return protocolError(FieldReserved, fmt.Sprintf("is %d, want 0", src[27]))
	case h.Flags&FlagMeasured != 0 && !measureFits(h):
		return protocolError(FieldFlags, fmt.Sprintf("of %s with count %d say that it is measured", h.Type, h.Count))
	case h.Flags&FlagMoved != 0 && h.OOB == 0:
		return protocolError(FieldFlags, fmt.Sprintf("of %s say that the payload is moved, without a buffer", h.Type))
	case h.OOB != 0 && !partsFit(h):
		return protocolError(FieldOOB, fmt.Sprintf("is %d in a frame %s with flags %#02x and count %d", h.OOB, h.Type, uint8(h.Flags), h.Count))
	case h.Type == TypeRun && h.Count != 0, h.Type != TypeRun && h.Count == 0, h.Count != 0 && h.Count != 1 && !spanFits(h.Type, 1, h.Count):
		return protocolError(FieldCount, fmt.Sprintf("of %s is %d", h.Type, h.Count))
	}
	return protocolError(FieldID, fmt.Sprintf("of %s is %d with count %d", h.Type, h.ID, h.Count))
}
