//go:build unix && !aix && !solaris

package shm_test

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/gotandem/tandem/internal/shm"
)

// roleVariable makes the re-executed test binary a worker.
const roleVariable = "SHM_TEST_ROLE"

func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) == "worker" {
		workerMain()
	}
	os.Exit(m.Run())
}

// newPair returns both sides of one box, in this process.
func newPair(t *testing.T, threads, size int) (parent, worker *shm.Box) {
	t.Helper()
	parent, err := shm.Create(threads, size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeBox(t, parent) })
	worker, err = shm.Open(duplicate(t, parent.File()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeBox(t, worker) })
	return parent, worker
}

func closeBox(t *testing.T, b *shm.Box) {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func duplicate(t *testing.T, file *os.File) int {
	t.Helper()
	fd, err := unix.Dup(int(file.Fd()))
	if err != nil {
		t.Fatal(err)
	}
	return fd
}
