//go:build unix && !aix && !solaris

package shm_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/gotandem/tandem/internal/shm"
)

func TestCreateRefusesBadShapes(t *testing.T) {
	for _, shape := range [][2]int{{0, 64}, {-1, 64}, {253, 64}, {1, 0}, {1, -1}, {1, shm.MaxSize + 1}} {
		if b, err := shm.Create(shape[0], shape[1]); err == nil {
			b.Close()
			t.Errorf("Create(%d, %d): want an error", shape[0], shape[1])
		}
	}
}

// Each thread's slot is its own, and the parent sees what the worker stored.
func TestRunningFollowsStartAndClear(t *testing.T) {
	parent, worker := newPair(t, shm.MaxThreads, 64)
	for thread := range shm.MaxThreads {
		worker.Start(thread, uint64(thread)+1, int64(thread)*10)
	}
	for thread := range shm.MaxThreads {
		id, started := parent.Running(thread)
		if id != uint64(thread)+1 || started != int64(thread)*10 {
			t.Fatalf("Running(%d) = %d, %d", thread, id, started)
		}
	}
	worker.Start(3, 99, 0)
	if id, started := parent.Running(3); id != 99 || started != 0 {
		t.Errorf("Running after an untimed start = %d, %d, want 99, 0", id, started)
	}
	worker.Clear(3)
	if id, _ := parent.Running(3); id != 0 {
		t.Errorf("Running after Clear = %d, want 0", id)
	}
}

// The room comes back only when everything pending was sent.
func TestAppendRefusesWhatDoesNotFit(t *testing.T) {
	_, worker := newPair(t, 1, 10)
	if worker.Append(make([]byte, 11)) {
		t.Error("Append of 11 bytes into 10 = true")
	}
	if !worker.Append([]byte("0123456")) || !worker.Append([]byte("789")) {
		t.Fatal("Append into free room = false")
	}
	worker.Sent(9)
	if worker.Append([]byte("x")) {
		t.Error("Append with one byte unsent = true")
	}
	if got := string(worker.Pending()); got != "9" {
		t.Errorf("Pending = %q, want 9", got)
	}
	worker.Sent(1)
	if !worker.Append(make([]byte, 10)) {
		t.Error("Append into an emptied box = false")
	}
}

func TestMisusePanics(t *testing.T) {
	cases := map[string]func(*shm.Box){
		"Sent more than pending":    func(b *shm.Box) { b.Sent(4) },
		"Sent a negative number":    func(b *shm.Box) { b.Sent(-1) },
		"Direct with bytes pending": func(b *shm.Box) { b.Direct(1) },
		"Start of an absent thread": func(b *shm.Box) { b.Start(1, 1, 0) },
	}
	for name, misuse := range cases {
		t.Run(name, func(t *testing.T) {
			_, worker := newPair(t, 1, 64)
			worker.Append([]byte("abc"))
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			misuse(worker)
		})
	}
}

// Everything that Open refuses is refused before it is mapped, and the
// descriptor is closed.
func TestOpenRefusesForeignFiles(t *testing.T) {
	good := func() []byte {
		raw := make([]byte, 4096+64)
		binary.NativeEndian.PutUint32(raw[0:], 0x31424254)
		binary.NativeEndian.PutUint32(raw[4:], 2)
		binary.NativeEndian.PutUint64(raw[24:], 64)
		return raw
	}
	cases := map[string]func([]byte) []byte{
		"empty":        func([]byte) []byte { return nil },
		"short header": func(b []byte) []byte { return b[:31] },
		"short file":   func(b []byte) []byte { return b[:len(b)-1] },
		"long file":    func(b []byte) []byte { return append(b, 0) },
		"magic":        func(b []byte) []byte { b[0]++; return b },
		"no threads":   func(b []byte) []byte { binary.NativeEndian.PutUint32(b[4:], 0); return b },
		"many threads": func(b []byte) []byte { binary.NativeEndian.PutUint32(b[4:], 253); return b },
		"no size":      func(b []byte) []byte { binary.NativeEndian.PutUint64(b[24:], 0); return b },
		"huge size":    func(b []byte) []byte { binary.NativeEndian.PutUint64(b[24:], math.MaxUint64); return b },
		"used":         func(b []byte) []byte { b[16] = 1; return b },
	}
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			fd := fileWith(t, spoil(good()))
			b, err := shm.Open(fd)
			if !errors.Is(err, shm.ErrInvalid) {
				t.Errorf("error = %v, want ErrInvalid", err)
			}
			if b != nil {
				b.Close()
			}
			if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); !errors.Is(err, unix.EBADF) {
				t.Errorf("descriptor after Open: %v, want EBADF", err)
			}
		})
	}
	b, err := shm.Open(fileWith(t, good()))
	if err != nil {
		t.Fatalf("good file: %v", err)
	}
	closeBox(t, b)
}

func TestOpenRefusesBadDescriptors(t *testing.T) {
	var pipe [2]int
	if err := unix.Pipe(pipe[:]); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(pipe[1])
	for _, fd := range []int{-1, 1 << 20, pipe[0]} {
		if _, err := shm.Open(fd); err == nil {
			t.Errorf("Open(%d): want an error", fd)
		}
	}
}

func fileWith(t *testing.T, content []byte) int {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "box"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := file.Write(content); err != nil {
		t.Fatal(err)
	}
	return duplicate(t, file)
}

// On Linux a worker can neither cut nor grow the file, so no read of the
// parent's faults.
func TestFileIsSealed(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // no seals: a stated limit of the package
	}
	parent, _ := newPair(t, 1, 64)
	for _, size := range []int64{0, 1 << 20} {
		if err := parent.File().Truncate(size); !errors.Is(err, os.ErrPermission) {
			t.Errorf("Truncate(%d) = %v, want a permission error", size, err)
		}
	}
}

// Neither side keeps a descriptor or a mapping.
func TestCloseLeavesNothing(t *testing.T) {
	if runtime.GOOS != "linux" {
		return // needs /proc
	}
	use := func() {
		parent, err := shm.Create(4, 4096)
		if err != nil {
			t.Fatal(err)
		}
		worker, err := shm.Open(duplicate(t, parent.File()))
		if err != nil {
			t.Fatal(err)
		}
		closeBox(t, worker)
		if err := errors.Join(parent.CloseFile(), parent.CloseFile()); err != nil {
			t.Errorf("CloseFile: %v", err)
		}
		closeBox(t, parent)
		closeBox(t, parent)
	}
	use()
	before := descriptors(t)
	for range 50 {
		use()
	}
	if after := descriptors(t); after != before {
		t.Errorf("descriptors: %d before, %d after", before, after)
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(maps, []byte("tandem-box")) {
		t.Error("a box is still mapped")
	}
}

func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

func TestHotPathDoesNotAllocate(t *testing.T) {
	_, worker := newPair(t, 1, 4096)
	frame := make([]byte, 40)
	allocs := testing.AllocsPerRun(100, func() {
		worker.Start(0, 7, shm.MonotonicNow())
		worker.Append(frame)
		worker.Clear(0)
		worker.Sent(len(worker.Pending()))
	})
	if allocs != 0 {
		t.Errorf("allocations = %v, want 0", allocs)
	}
}
