package shm

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"sync"
)

// keepTouched is how much memory an arena keeps when nothing in it is in use: a
// multiple of every page size. More holds memory that may not be needed again;
// less makes larger values pay for fresh pages each time.
const keepTouched = 64 << 20

// ErrFault reports that memory of an arena could not be accessed, because the
// system had none left.
var ErrFault = errors.New("memory of the arena cannot be accessed")

// Arena is the parent's view of one arena: memory for large values in the file
// of a black box. Ranges of the inbound arena are taken and freed here; those of
// the outbound arena by the worker, which is not believed.
//
// All methods may be called from any goroutine, until the box is closed.
type Arena struct {
	mem []byte // immutable

	mu   sync.Mutex
	free allocator // guarded by mu; of the inbound arena only
}

// arenas are the two arenas of one box, or none.
type arenas struct {
	mem               []byte
	inbound, outbound *Arena
}

func (a *arenas) close() error {
	mem := a.mem
	*a = arenas{}
	if mem == nil {
		return nil
	}
	return unmap(mem)
}

// CreateWithArenas makes a box as [Create] does, with an arena of at least arena
// bytes for each direction. Where that is not possible, the box has none: memory
// is taken as it is touched, which only a sealed file in memory allows safely.
func CreateWithArenas(threads, size int, arena int64) (*Box, error) {
	if err := checkShape(threads, size); err != nil {
		return nil, fmt.Errorf("create black box: %w", err)
	}
	if b := createWithArenas(threads, size, arena); b != nil {
		return b, nil
	}
	return Create(threads, size)
}

// createWithArenas returns nil where there are no arenas.
func createWithArenas(threads, size int, arena int64) *Box {
	if arena <= 0 || arena > mostArena || strconv.IntSize < 64 {
		return nil
	}
	page := uint64(os.Getpagesize())
	each := roundUp(uint64(arena), page)
	start := arenaStart(size)
	file, err := createFile(bufOffset+int64(size), int64(start+2*each)-bufOffset-int64(size))
	if err != nil {
		return nil
	}
	mem, err := mapFile(file, int64(start), int(2*each))
	if err != nil {
		file.Close()
		return nil
	}
	b, err := create(file, threads, size)
	if err != nil {
		unmap(mem)
		return nil
	}
	b.arenas = arenas{
		mem:      mem,
		inbound:  &Arena{mem: mem[:each:each], free: allocator{size: each, page: page}},
		outbound: &Arena{mem: mem[each:]},
	}
	b.header.inbound, b.header.outbound = each, each
	return b
}

// mostArena is the largest arena: no value is larger than 4 GiB.
const mostArena = 4 << 30

// arenaStart is where the arenas begin in the file, for a buffer of size bytes.
func arenaStart(size int) uint64 {
	return roundUp(bufOffset+uint64(size), uint64(os.Getpagesize()))
}

// fileSize is how large a file with such a buffer and arenas is.
func fileSize(size int, inbound, outbound uint64) uint64 {
	if inbound == 0 && outbound == 0 {
		return bufOffset + uint64(size)
	}
	return arenaStart(size) + inbound + outbound
}

// Inbound returns the arena that the parent allocates in, or nil.
func (b *Box) Inbound() *Arena { return b.arenas.inbound }

// Outbound returns the arena that the worker allocates in, or nil.
func (b *Box) Outbound() *Arena { return b.arenas.outbound }

func (a *Arena) size() uint64 {
	if a == nil {
		return 0
	}
	return uint64(len(a.mem))
}

// Put takes a range of n bytes and has fill write it: fill appends to dst, which
// has room for n bytes, and returns it. It reports false when there is no room,
// no memory, or fill did not append exactly n bytes; nothing is taken then. The
// error is that of fill.
func (a *Arena) Put(n uint64, fill func(dst []byte) ([]byte, error)) (Range, bool, error) {
	if n == 0 {
		return Range{}, false, nil
	}
	a.mu.Lock()
	r, ok := a.free.alloc(n)
	a.mu.Unlock()
	if !ok {
		return Range{}, false, nil
	}
	dst := a.mem[r.Offset : r.Offset : r.Offset+n]
	fits := false
	err := a.guard(func() error {
		filled, err := fill(dst)
		fits = err == nil && uint64(len(filled)) == n && &filled[0] == &a.mem[r.Offset]
		return err
	})
	if fits && err == nil {
		return r, true, nil
	}
	a.Free(r)
	if errors.Is(err, ErrFault) {
		err = nil
	}
	return Range{}, false, err
}

// Free makes a range free that Put returned. When the arena is empty then,
// memory beyond 64 MiB that was touched goes back to the system.
func (a *Arena) Free(r Range) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.free.free(r.Offset)
	if idle, ok := a.free.trim(keepTouched); ok {
		giveBack(a.mem[idle.Offset : idle.Offset+idle.Length])
	}
}

// InUse returns how many ranges are taken.
func (a *Arena) InUse() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.free.used)
}

// Read calls use with the bytes of a range that the worker named. The worker may
// change them at any time: use must copy what it needs before it checks it. The
// error is that of use, or wraps [ErrInvalid] when the range is not in the arena,
// or [ErrFault].
func (a *Arena) Read(r Range, use func(src []byte) error) error {
	if size := a.size(); a == nil || r.Offset > size || r.Length > size-r.Offset {
		return fmt.Errorf("%w: buffer at %d with %d bytes, the arena has %d", ErrInvalid, r.Offset, r.Length, size)
	}
	return a.guard(func() error {
		return use(a.mem[r.Offset : r.Offset+r.Length : r.Offset+r.Length])
	})
}

// guard calls f, which accesses the arena, and turns an access that the system
// refuses for want of memory into [ErrFault]. Without it that would end the
// program.
func (a *Arena) guard(f func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if _, fault := cause.(interface{ Addr() uintptr }); !fault {
			panic(cause)
		}
		err = ErrFault
	}()
	return f()
}
