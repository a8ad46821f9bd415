//go:build unix && !aix && !solaris

package shm

import "encoding/binary"

// Snapshot returns a copy of the whole mapping.
func (b *Box) Snapshot() []byte { return append([]byte(nil), b.mem...) }

// Restore overwrites the mapping, as a worker gone wrong could.
func (b *Box) Restore(snapshot []byte) { copy(b.mem, snapshot) }

// Positions returns base and committed of a snapshot.
func Positions(snapshot []byte) (base, committed uint64) {
	return binary.NativeEndian.Uint64(snapshot[8:]), binary.NativeEndian.Uint64(snapshot[16:])
}

// SetPositions changes base and committed of a snapshot.
func SetPositions(snapshot []byte, base, committed uint64) {
	binary.NativeEndian.PutUint64(snapshot[8:], base)
	binary.NativeEndian.PutUint64(snapshot[16:], committed)
}
