package shm

import (
	"syscall"
	"testing"
)

// Poison takes away the arena's memory, as a system that has none left does.
func Poison(t testing.TB, a *Arena) {
	t.Helper()
	if err := syscall.Mprotect(a.mem, syscall.PROT_NONE); err != nil {
		t.Fatal(err)
	}
}
