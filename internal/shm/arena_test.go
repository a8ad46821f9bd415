//go:build linux

package shm_test

import (
	"bytes"
	"errors"
	"math"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/gotandem/tandem/internal/shm"
)

func newArenas(t *testing.T, size int64) *shm.Box {
	t.Helper()
	b, err := shm.CreateWithArenas(1, 1000, size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeBox(t, b) })
	if b.Inbound() == nil || b.Outbound() == nil {
		t.Fatal("no arenas")
	}
	return b
}

func put(t *testing.T, a *shm.Arena, data []byte) (shm.Range, bool) {
	t.Helper()
	r, ok, err := a.Put(uint64(len(data)), func(dst []byte) ([]byte, error) { return append(dst, data...), nil })
	if err != nil {
		t.Fatal(err)
	}
	return r, ok
}

func TestArenaHoldsWhatWasPut(t *testing.T) {
	a := newArenas(t, 1<<20).Inbound()
	first, second := bytes.Repeat([]byte("a"), 100_000), bytes.Repeat([]byte("b"), 5000)
	r1, ok1 := put(t, a, first)
	r2, ok2 := put(t, a, second)
	if !ok1 || !ok2 || r1.Length != 100_000 || r2.Offset%4096 != 0 {
		t.Fatalf("%v %v, %v %v", r1, ok1, r2, ok2)
	}
	for r, want := range map[shm.Range][]byte{r1: first, r2: second} {
		err := a.Read(r, func(src []byte) error {
			if !bytes.Equal(src, want) {
				t.Errorf("%v holds %.10q", r, src)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	if _, ok := put(t, a, make([]byte, 1<<20)); ok {
		t.Error("more was put than there is room")
	}
	a.Free(r1)
	a.Free(r2)
	if r, ok := put(t, a, make([]byte, 1<<20)); !ok || r.Offset != 0 {
		t.Errorf("an empty arena does not hold its size: %v %v", r, ok)
	}
}

func TestArenaPutTakesNothingInVain(t *testing.T) {
	a := newArenas(t, 1<<20).Inbound()
	broken := errors.New("broken")
	for name, fill := range map[string]func([]byte) ([]byte, error){
		"error": func(dst []byte) ([]byte, error) { return dst, broken },
		"short": func(dst []byte) ([]byte, error) { return append(dst, 1), nil },
		"long":  func(dst []byte) ([]byte, error) { return append(dst, make([]byte, 101)...), nil },
		"other": func([]byte) ([]byte, error) { return make([]byte, 100), nil },
	} {
		_, ok, err := a.Put(100, fill)
		if ok || (name == "error") != errors.Is(err, broken) || a.InUse() != 0 {
			t.Errorf("%s: %v, %v, %d in use", name, ok, err, a.InUse())
		}
	}
	if _, ok, err := a.Put(0, nil); ok || err != nil {
		t.Errorf("nothing: %v, %v", ok, err)
	}
	if _, ok, err := a.Put(math.MaxUint64, nil); ok || err != nil {
		t.Errorf("everything: %v, %v", ok, err)
	}
}

func TestArenaReadChecksBounds(t *testing.T) {
	a := newArenas(t, 1<<20).Outbound()
	for _, r := range []shm.Range{
		{0, 1<<20 + 1}, {1 << 20, 1}, {1<<20 + 1, 0}, {math.MaxUint64, 1}, {math.MaxUint64, math.MaxUint64},
		{1, math.MaxUint64}, {1 << 63, 1 << 63},
	} {
		err := a.Read(r, func([]byte) error { t.Errorf("%v was read", r); return nil })
		if !errors.Is(err, shm.ErrInvalid) {
			t.Errorf("%v: error is %v", r, err)
		}
	}
	if err := a.Read(shm.Range{Offset: 1 << 20}, func([]byte) error { return nil }); err != nil {
		t.Error(err)
	}
}

// A worker can neither cut the file nor make it longer.
func TestArenaFileIsSealed(t *testing.T) {
	b := newArenas(t, 1<<20)
	for _, size := range []int64{0, 4096, 1 << 30} {
		if err := unix.Ftruncate(int(b.File().Fd()), size); !errors.Is(err, unix.EPERM) {
			t.Errorf("size %d: error is %v", size, err)
		}
	}
}

// An access that the system refuses is an error, not the end of the program.
func TestArenaSurvivesFaults(t *testing.T) {
	a := newArenas(t, 1<<20).Inbound()
	shm.Poison(t, a)
	r, ok, err := a.Put(100, func(dst []byte) ([]byte, error) { return append(dst, make([]byte, 100)...), nil })
	if ok || err != nil || a.InUse() != 0 {
		t.Errorf("%v %v, %v", r, ok, err)
	}
	err = a.Read(shm.Range{Length: 10}, func(src []byte) error { _ = bytes.Clone(src); return nil })
	if !errors.Is(err, shm.ErrFault) {
		t.Errorf("error is %v", err)
	}
	defer func() {
		if cause := recover(); cause != "own" {
			t.Errorf("recovered %v", cause)
		}
	}()
	_ = a.Read(shm.Range{Length: 10}, func([]byte) error { panic("own") })
}

// Memory beyond the bound goes back to the system once nothing is in use.
func TestArenaGivesMemoryBack(t *testing.T) {
	b := newArenas(t, 100<<20)
	small, _ := put(t, b.Inbound(), make([]byte, 4096))
	large, ok := put(t, b.Inbound(), bytes.Repeat([]byte("x"), 90<<20))
	if !ok {
		t.Fatal("no room")
	}
	before := blocks(t, b.File())
	b.Inbound().Free(large)
	if n := blocks(t, b.File()); n != before {
		t.Errorf("%d bytes are held while some are in use, %d before", n, before)
	}
	b.Inbound().Free(small)
	if n := blocks(t, b.File()); n > 65<<20 {
		t.Errorf("%d bytes are held, want at most 64 MiB and the box", n)
	}
	err := b.Inbound().Read(shm.Range{Offset: 90 << 20, Length: 1}, func(src []byte) error {
		if src[0] != 0 {
			t.Errorf("given back memory holds %d", src[0])
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func blocks(t *testing.T, file *os.File) int64 {
	t.Helper()
	var stat unix.Stat_t
	if err := unix.Fstat(int(file.Fd()), &stat); err != nil {
		t.Fatal(err)
	}
	return stat.Blocks * 512
}

func TestBoxWithArenasOpens(t *testing.T) {
	b := newArenas(t, 5000)
	w, err := shm.Open(duplicate(t, b.File()))
	if err != nil {
		t.Fatal(err)
	}
	defer closeBox(t, w)
	w.Append([]byte("frame"))
	if got := b.Salvage(0); string(got) != "frame" {
		t.Errorf("salvaged %q", got)
	}
	for _, size := range []int64{0, -1, 5 << 30} {
		plain, err := shm.CreateWithArenas(1, 1000, size)
		if err != nil || plain.Inbound() != nil || plain.Outbound() != nil {
			t.Errorf("size %d: %v, %v", size, plain, err)
			continue
		}
		closeBox(t, plain)
	}
}

func TestNoArenaHasNoRange(t *testing.T) {
	b, err := shm.Create(1, 1000)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeBox(t, b) })
	err = b.Outbound().Read(shm.Range{}, func([]byte) error { return nil })
	if !errors.Is(err, shm.ErrInvalid) {
		t.Errorf("read of nothing where there is no arena: %v", err)
	}
}
