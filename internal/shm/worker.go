package shm

// Start notes that thread begins to run call id, before it does. startedNS is
// [MonotonicNow] for a call with a timeout or one that is measured, else 0. It replaces the call that
// was noted before; that call's outcome must have been appended.
func (b *Box) Start(thread int, id uint64, startedNS int64) {
	s := &b.slots[thread]
	// The time first: a parent that sees the id must see its time. Most calls
	// have no timeout, and a load is cheaper than a store.
	if started := uint64(startedNS); started != 0 || s.started.Load() != 0 {
		s.started.Store(started)
	}
	s.id.Store(id)
}

// Clear notes that thread runs no call. The outcome of the last one must have
// been appended.
func (b *Box) Clear(thread int) { b.slots[thread].id.Store(0) }

// Append puts frame behind the bytes in the buffer and returns true. It returns
// false, and does nothing, when there is not that much room: then send what is
// pending, and try again or write frame straight to the socket (Direct). From
// its return on the frame survives the worker. It never blocks and keeps no
// reference to frame.
func (b *Box) Append(frame []byte) bool {
	used := b.committed - b.base
	if uint64(len(frame)) > uint64(len(b.buf))-used {
		return false
	}
	copy(b.buf[used:], frame)
	b.committed += uint64(len(frame))
	b.header.committed.Store(b.committed) // last: B3
	return true
}

// Pending returns the bytes of the buffer that are not marked as sent, in
// stream order; it is empty when there are none. It is a view into the box, valid
// until they are marked as sent, and must only be read.
func (b *Box) Pending() []byte {
	return b.buf[b.sent : b.committed-b.base]
}

// Sent marks the first n bytes of Pending as taken by the socket. The room is
// free again when all are. It panics when n is negative or more than is pending.
func (b *Box) Sent(n int) {
	if n < 0 || uint64(n) > b.committed-b.base-b.sent {
		panic("shm: more bytes marked as sent than were pending")
	}
	b.sent += uint64(n)
	if b.sent == 0 || b.base+b.sent < b.committed {
		return
	}
	b.base = b.committed
	b.sent = 0
	b.header.base.Store(b.base)
}

// Direct notes that n bytes were written straight to the socket. It must be
// called after the last of them was, with nothing pending before the first was,
// and it panics when bytes are pending.
func (b *Box) Direct(n uint64) {
	if b.base != b.committed {
		panic("shm: bytes written around those that are pending")
	}
	b.committed += n
	b.base = b.committed
	// committed first: base must never be ahead of it. In between, base to
	// committed spans bytes that are not in the buffer, but the parent has
	// received them all and needs none.
	b.header.committed.Store(b.committed)
	b.header.base.Store(b.base)
}
