package command_test

import (
	"errors"
	"os"
	"syscall"
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/command"
	"github.com/gotandem/tandem/internal/leaktest"
)

// A system short of descriptors refuses calls that have not started, at
// whichever descriptor it runs out, and nothing is left of them.
func TestNoDescriptors(t *testing.T) {
	leaktest.Check(t)
	e := newExecutor(t, command.Config{Processes: 1})
	spec := command.Spec{Args: []string{"true"}, Stdin: []byte("x")}
	if _, err := run(t, e, spec); err != nil {
		t.Fatal(err)
	}
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	refused := 0
	for more := range uint64(12) {
		err := withDescriptors(t, old, more, func() error {
			_, err := run(t, e, spec)
			return err
		})
		if err == nil {
			continue
		}
		refused++
		if !errors.Is(err, syscall.EMFILE) {
			t.Errorf("%d descriptors more: error %v, want EMFILE", more, err)
		}
		expectFailure(t, err, tandem.ErrWorkerStart, tandem.NotStarted)
	}
	if refused < 3 {
		t.Errorf("%d calls refused, want 3 or more", refused)
	}
	if _, err := run(t, e, spec); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

// withDescriptors calls do while this process may open as many descriptors as
// fit below its first free number and more.
func withDescriptors(t *testing.T, old syscall.Rlimit, more uint64, do func() error) error {
	t.Helper()
	free, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	limit := syscall.Rlimit{Cur: uint64(free.Fd()) + more, Max: old.Max}
	free.Close()
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
			t.Fatal(err)
		}
	}()
	return do()
}
