//go:build unix && !aix && !solaris

package shm_test

import (
	"os"
	"testing"

	"github.com/gotandem/tandem/internal/shm"
)

func benchBox(b *testing.B) *shm.Box {
	b.Helper()
	if os.Getenv(roleVariable) != "" {
		b.Fatal("in a worker")
	}
	box, err := shm.Create(2, 1<<16)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { box.Close() })
	return box
}

func BenchmarkStart(b *testing.B) {
	box := benchBox(b)
	var id uint64
	for b.Loop() {
		id++
		box.Start(0, id, 0)
	}
}

func BenchmarkStartTimed(b *testing.B) {
	box := benchBox(b)
	var id uint64
	for b.Loop() {
		id++
		box.Start(0, id, int64(id))
	}
}

func BenchmarkClear(b *testing.B) {
	box := benchBox(b)
	for b.Loop() {
		box.Clear(0)
	}
}

func BenchmarkAppend40(b *testing.B) {
	box := benchBox(b)
	frame := make([]byte, 40)
	for b.Loop() {
		if !box.Append(frame) {
			box.Sent(len(box.Pending()))
		}
	}
}

func BenchmarkMonotonicNow(b *testing.B) {
	for b.Loop() {
		shm.MonotonicNow()
	}
}
