package worker

import (
	"time"

	"github.com/gotandem/tandem/internal/osproc"
	"github.com/gotandem/tandem/internal/shm"
	"github.com/gotandem/tandem/internal/wire"
)

// begun is what is measured when a call begins.
type begun struct {
	at  int64 // shm.MonotonicNow
	cpu time.Duration
}

// cpuTime returns the processor time of this process, which is that of the
// call while only one runs. With several threads it is 0: goroutines of one call
// move between the threads of the system, so nobody knows whose time it was.
func (s *server) cpuTime() time.Duration {
	if len(s.threads) != 1 {
		return 0
	}
	return osproc.OwnUsage().CPU
}

// appendRoom appends room for what endFrame measures, if it does.
func (t *thread) appendRoom(frame []byte) []byte {
	if !t.server.measure {
		return frame
	}
	return append(frame, make([]byte, wire.MeasureSize)...)
}

// endFrame is [wire.EndFrame] for the answer to the running call. It puts what was
// measured into the room at the front of the body.
func (t *thread) endFrame(frame []byte, start int, h wire.Header) []byte {
	if t.server.measure {
		usage := osproc.OwnUsage()
		m := wire.Measure{
			Start: uint64(t.began.at), Wall: time.Duration(shm.MonotonicNow() - t.began.at),
			Peak: usage.MaxRSS, Thread: uint64(t.number),
		}
		if len(t.server.threads) == 1 {
			m.CPU = usage.CPU - t.began.cpu
		}
		m.Append(frame[:start+wire.HeaderSize])
		h.Flags |= wire.FlagMeasured
	}
	return wire.EndFrame(frame, start, h)
}
