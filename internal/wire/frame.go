package wire

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// payloadSize is the length of a payload's length.
const payloadSize = 4

// BeginFrame appends room for a header to dst. The body is appended next, and
// [EndFrame] with the returned start closes the frame. A frame that is not to
// be sent is dropped by cutting dst back to start.
func BeginFrame(dst []byte) ([]byte, int) {
	return append(dst, make([]byte, HeaderSize)...), len(dst)
}

// EndFrame closes the frame that [BeginFrame] opened at start: its body is all
// that was appended since. It sets h.Length and writes the header. It panics
// when the body has 4 GiB or more.
func EndFrame(dst []byte, start int, h Header) []byte {
	h.Length = checkedLength(len(dst) - start - HeaderSize)
	PutHeader(dst[start:], h)
	return dst
}

// AppendTimeout appends what [FlagTimeout] announces. It comes before the
// first payload. d must be positive: the receiver refuses anything else.
func AppendTimeout(dst []byte, d time.Duration) []byte {
	return binary.LittleEndian.AppendUint64(dst, uint64(d))
}

// BeginPayload appends room for a payload's length to dst. The payload is
// appended next, and [EndPayload] with the returned mark closes it.
func BeginPayload(dst []byte) ([]byte, int) {
	return append(dst, 0, 0, 0, 0), len(dst)
}

// EndPayload closes the payload that [BeginPayload] opened at mark: all that was
// appended since. It panics when that is 4 GiB or more.
func EndPayload(dst []byte, mark int) []byte {
	binary.LittleEndian.PutUint32(dst[mark:], checkedLength(len(dst)-mark-payloadSize))
	return dst
}

// AppendPayload appends a payload that exists already. It panics when the
// payload has 4 GiB or more.
func AppendPayload(dst, payload []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, checkedLength(len(payload)))
	return append(dst, payload...)
}

func checkedLength(n int) uint32 {
	if n < 0 || uint64(n) > math.MaxUint32 {
		panic(fmt.Sprintf("tandem: wire: length %d does not fit a frame", n))
	}
	return uint32(n)
}
