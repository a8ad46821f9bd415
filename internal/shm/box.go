package shm

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"unsafe"
)

// Layout of the file, from docs/wire.md.
const (
	magic       = 0x31424254 // "TBB1"
	slotsOffset = 64
	slotSize    = 16
	bufOffset   = 4096

	// MaxThreads is how many threads a box has room for.
	MaxThreads = (bufOffset - slotsOffset) / slotSize

	// MaxSize is the largest buffer in bytes. A larger one would only hold
	// frames that should have gone straight to the socket.
	MaxSize = 1 << 30
)

// ErrUnsupported reports that this operating system has no black box. It wraps
// [errors.ErrUnsupported].
var ErrUnsupported = fmt.Errorf("black boxes are not supported on %s: no shared mapping yet (%w)",
	runtime.GOOS, errors.ErrUnsupported)

// ErrInvalid reports that a box holds what no worker that follows the protocol
// can have written, or that a file is not a box.
var ErrInvalid = errors.New("black box is not valid")

// header is the start of the file. magic, threads and size are written once,
// before the worker starts.
type header struct {
	magic     uint32
	threads   uint32
	base      atomic.Uint64
	committed atomic.Uint64
	size      uint64
	inbound   uint64 // sizes of the arenas behind the buffer; 0: there are none
	outbound  uint64
}

// shape is the header as plain values.
type shape struct {
	magic, threads        uint32
	base, committed, size uint64
	inbound, outbound     uint64
}

func parseHeader(raw [unsafe.Sizeof(header{})]byte) shape {
	word := func(offset uintptr) uint64 { return binary.NativeEndian.Uint64(raw[offset:]) }
	return shape{
		magic:     binary.NativeEndian.Uint32(raw[unsafe.Offsetof(header{}.magic):]),
		threads:   binary.NativeEndian.Uint32(raw[unsafe.Offsetof(header{}.threads):]),
		base:      word(unsafe.Offsetof(header{}.base)),
		committed: word(unsafe.Offsetof(header{}.committed)),
		size:      word(unsafe.Offsetof(header{}.size)),
		inbound:   word(unsafe.Offsetof(header{}.inbound)),
		outbound:  word(unsafe.Offsetof(header{}.outbound)),
	}
}

// slot is one thread's call.
type slot struct {
	id      atomic.Uint64 // 0: none
	started atomic.Uint64
}

// Box is one side's view of a black box. Which methods are whose, and what may
// run together, is in the package comment.
type Box struct {
	// immutable until Close
	mem    []byte
	header *header
	slots  []slot
	buf    []byte
	file   *os.File // parent only; nil after CloseFile
	arenas arenas   // parent only

	// Worker side, guarded by the caller's lock. The worker's own copies of its
	// words, and how much of the buffer the socket has taken.
	base, committed uint64
	sent            uint64
}

// Create makes a box with room for threads calls and a buffer of size bytes, and
// maps it. This is the parent's side. The caller owns it and ends it with Close.
func Create(threads int, size int) (*Box, error) {
	if err := checkShape(threads, size); err != nil {
		return nil, fmt.Errorf("create black box: %w", err)
	}
	file, err := createFile(bufOffset+int64(size), 0)
	if err != nil {
		return nil, fmt.Errorf("create black box: %w", err)
	}
	return create(file, threads, size)
}

// create maps the start of file and writes the header.
func create(file *os.File, threads, size int) (*Box, error) {
	mem, err := mapFile(file, 0, bufOffset+size)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("create black box: %w", err)
	}
	b := newBox(mem, threads, size)
	b.file = file
	b.header.magic = magic
	b.header.threads = uint32(threads)
	b.header.size = uint64(size)
	return b, nil
}

// Open maps the box behind descriptor fd, which this process was started with.
// This is the worker's side. It takes fd over: fd is closed, also on an error.
// It returns an error that wraps [ErrInvalid] when the file is not a fresh box.
func Open(fd int) (*Box, error) {
	file, err := adopt(fd)
	if err != nil {
		return nil, fmt.Errorf("open black box: %w", err)
	}
	defer file.Close()
	threads, size, err := readShape(file)
	if err != nil {
		return nil, fmt.Errorf("open black box: %w", err)
	}
	mem, err := mapFile(file, 0, bufOffset+size)
	if err != nil {
		return nil, fmt.Errorf("open black box: %w", err)
	}
	return newBox(mem, threads, size), nil
}

func checkShape(threads, size int) error {
	if threads < 1 || threads > MaxThreads {
		return fmt.Errorf("threads is %d: want 1 to %d", threads, MaxThreads)
	}
	if size < 1 || size > MaxSize {
		return fmt.Errorf("size is %d: want 1 to %d", size, MaxSize)
	}
	return nil
}

// readShape reads and checks the header before anything is mapped.
func readShape(file *os.File) (threads, size int, err error) {
	stat, err := file.Stat()
	if err != nil {
		return 0, 0, err
	}
	var raw [unsafe.Sizeof(header{})]byte
	if n, err := file.ReadAt(raw[:], 0); n < len(raw) {
		return 0, 0, fmt.Errorf("%w: header: %w", ErrInvalid, err)
	}
	h := parseHeader(raw)
	if h.magic != magic {
		return 0, 0, fmt.Errorf("%w: magic is %#x: want %#x", ErrInvalid, h.magic, magic)
	}
	if h.size > MaxSize || h.threads > MaxThreads {
		return 0, 0, fmt.Errorf("%w: %d threads, %d bytes", ErrInvalid, h.threads, h.size)
	}
	threads, size = int(h.threads), int(h.size)
	if err := checkShape(threads, size); err != nil {
		return 0, 0, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if want := fileSize(size, h.inbound, h.outbound); uint64(stat.Size()) != want {
		return 0, 0, fmt.Errorf("%w: file has %d bytes: want %d", ErrInvalid, stat.Size(), want)
	}
	if h.base != 0 || h.committed != 0 {
		return 0, 0, fmt.Errorf("%w: already used: base %d, committed %d", ErrInvalid, h.base, h.committed)
	}
	return threads, size, nil
}

// newBox lays a box over mem, which is page aligned.
func newBox(mem []byte, threads, size int) *Box {
	return &Box{
		mem:    mem,
		header: (*header)(unsafe.Pointer(&mem[0])),
		slots:  unsafe.Slice((*slot)(unsafe.Pointer(&mem[slotsOffset])), threads),
		buf:    mem[bufOffset : bufOffset+size : bufOffset+size],
	}
}

// File returns the file, to be passed to the worker. The box owns it. It is nil
// after CloseFile and on the worker's side.
func (b *Box) File() *os.File { return b.file }

// CloseFile closes the parent's descriptor, once the worker has its own. The
// mapping stays. It may be called any number of times.
func (b *Box) CloseFile() error {
	file := b.file
	b.file = nil
	if file == nil {
		return nil
	}
	return file.Close()
}

// Close unmaps the box and closes its file. Afterwards only CloseFile, File and
// Close may be called. It may be called any number of times.
func (b *Box) Close() error {
	mem := b.mem
	b.mem, b.header, b.slots, b.buf = nil, nil, nil, nil
	err := errors.Join(b.CloseFile(), b.arenas.close())
	if mem == nil {
		return err
	}
	return errors.Join(unmap(mem), err)
}
