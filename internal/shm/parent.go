package shm

import (
	"bytes"
	"fmt"
)

// Running returns the call that thread runs, or 0. startedNS is when it started
// ([MonotonicNow]), and means something only for a call with a timeout, or when calls are measured; if the
// thread just went on to its next call it can be the time of that one, never of
// an earlier one. The numbers are the worker's word.
func (b *Box) Running(thread int) (id uint64, startedNS int64) {
	s := &b.slots[thread]
	id = s.id.Load()
	return id, int64(s.started.Load())
}

// Check says whether the box is consistent with a stream of which the parent
// has received that many bytes, up to its end, after the worker's death. When it
// is not, the error wraps [ErrInvalid] and the box proves nothing: neither
// outcomes nor which calls had started.
func (b *Box) Check(received uint64) error {
	_, _, err := b.rest(received)
	return err
}

// Salvage returns a copy of the bytes that continue the stream after received,
// once the worker is dead and the socket was read to its end. It returns nil
// when there are none or when the box is not consistent; Check tells these apart.
func (b *Box) Salvage(received uint64) []byte {
	from, to, err := b.rest(received)
	if err != nil || from == to {
		return nil
	}
	return bytes.Clone(b.buf[from:to])
}

// rest returns where in buf the bytes after received are. It reads each word of
// the worker once, and from and to are within buf whatever those say.
func (b *Box) rest(received uint64) (from, to uint64, err error) {
	if err := b.checkConstants(); err != nil {
		return 0, 0, err
	}
	base, committed := b.header.base.Load(), b.header.committed.Load()
	switch {
	case base > committed:
		return 0, 0, fmt.Errorf("%w: base %d is after committed %d", ErrInvalid, base, committed)
	case received < base:
		return 0, 0, fmt.Errorf("%w: received %d bytes, base is %d", ErrInvalid, received, base)
	case received >= committed:
		return 0, 0, nil // all is here, and perhaps part of a direct frame
	case committed-base > uint64(len(b.buf)):
		return 0, 0, fmt.Errorf("%w: %d to %d do not fit into %d bytes", ErrInvalid, base, committed, len(b.buf))
	}
	return received - base, committed - base, nil
}

// checkConstants compares the words that never change with what Create wrote.
func (b *Box) checkConstants() error {
	h := b.header
	if h.magic != magic || h.threads != uint32(len(b.slots)) || h.size != uint64(len(b.buf)) ||
		h.inbound != b.arenas.inbound.size() || h.outbound != b.arenas.outbound.size() {
		return fmt.Errorf("%w: header was overwritten", ErrInvalid)
	}
	return nil
}
