package shm

import "slices"

// Range is a part of an arena. The offset counts from the arena's start.
type Range struct{ Offset, Length uint64 }

// allocator hands out ranges of an arena of size bytes. It has no effects
// besides its own state, and belongs to one goroutine at a time.
//
// A1: ranges that are in use do not overlap, begin on a page and lie within size.
// A2: a range is taken at the lowest place that has room, so that memory that
// was touched before is touched again.
// A3: memory at or above high was never handed out, or was given back.
type allocator struct {
	size uint64
	page uint64
	used []Range // by offset; lengths are whole pages
	high uint64
}

// alloc returns a range of n bytes, or false when there is no such room. n is not 0.
func (a *allocator) alloc(n uint64) (Range, bool) {
	if n > a.size {
		return Range{}, false
	}
	whole := roundUp(n, a.page)
	at, from := 0, uint64(0)
	for ; at < len(a.used); at++ {
		if a.used[at].Offset-from >= whole {
			break
		}
		from = a.used[at].Offset + a.used[at].Length
	}
	if a.size-from < whole {
		return Range{}, false
	}
	a.used = slices.Insert(a.used, at, Range{from, whole})
	a.high = max(a.high, from+whole)
	return Range{from, n}, true
}

// free makes a range free that alloc returned. It reports false, and does nothing,
// when none that begins there is in use.
func (a *allocator) free(offset uint64) bool {
	at, found := slices.BinarySearchFunc(a.used, offset, func(r Range, offset uint64) int {
		switch {
		case r.Offset < offset:
			return -1
		case r.Offset > offset:
			return 1
		}
		return 0
	})
	if found {
		a.used = slices.Delete(a.used, at, at+1)
	}
	return found
}

// trim returns the memory above keep that was handed out, when none is in use,
// and counts it as given back.
func (a *allocator) trim(keep uint64) (Range, bool) {
	if len(a.used) > 0 || a.high <= keep {
		return Range{}, false
	}
	r := Range{keep, a.high - keep}
	a.high = keep
	return r, true
}

func roundUp(n, unit uint64) uint64 { return (n + unit - 1) / unit * unit }
