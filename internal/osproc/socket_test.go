//go:build unix && !aix && !solaris

package osproc_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gotandem/tandem/internal/osproc"
)

// Starting a process with it leaves a description as it was: parent's end
// waits in the poller, the child's end is blocking.
func TestSocketpairEnds(t *testing.T) {
	conn, child, err := osproc.Socketpair()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	defer child.Close()
	if flags := descriptorFlags(t, child, unix.F_GETFL); flags&unix.O_NONBLOCK != 0 {
		t.Error("the child's end is not blocking")
	}
	if flags := descriptorFlags(t, child, unix.F_GETFD); flags&unix.FD_CLOEXEC == 0 {
		t.Error("the child's end is not close-on-exec")
	}
	if err := conn.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read past the deadline = %v", err)
	}
}

func descriptorFlags(t *testing.T, file *os.File, query int) (flags int) {
	t.Helper()
	raw, err := file.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	controlErr := raw.Control(func(fd uintptr) { flags, err = unix.FcntlInt(fd, query, 0) })
	if err := errors.Join(controlErr, err); err != nil {
		t.Fatal(err)
	}
	return flags
}

// The worker's side talks through its end, and the end of the stream ends it.
func TestConnFromFDInAProcess(t *testing.T) {
	p, conn := startTalking(t, newSpawner(t), roleCommand(t, "echo"))
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	expect(t, conn, "hello")
	if err := conn.Close(); err != nil {
		t.Fatal(err)
	}
	if exit := p.Reap(); exit.Code != 0 {
		t.Errorf("exit = %v, want 0", exit)
	}
}

// A refused descriptor is closed all the same.
func TestConnFromFDRefusals(t *testing.T) {
	var pipe, inet int
	var ends [2]int
	if err := unix.Pipe(ends[:]); err != nil {
		t.Fatal(err)
	}
	defer unix.Close(ends[1])
	pipe = ends[0]
	inet, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	for name, fd := range map[string]int{"none": -1, "not open": 1 << 20, "pipe": pipe, "inet": inet} {
		if _, err := osproc.ConnFromFD(fd); err == nil {
			t.Errorf("%s: want an error", name)
		}
		if fd < 0 {
			continue
		}
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); !errors.Is(err, unix.EBADF) {
			t.Errorf("%s: descriptor afterwards: %v, want EBADF", name, err)
		}
	}
}

// What does not fit the socket is written as the other end reads, after waits
// was called once.
func TestWriterWaits(t *testing.T) {
	conn, child, err := osproc.Socketpair()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	defer child.Close()
	waits := make(chan struct{}, 2)
	w, err := osproc.NewWriter(conn, func() { waits <- struct{}{} })
	if err != nil {
		t.Fatal(err)
	}
	if waited, err := w.Write([]byte("short")); waited || err != nil {
		t.Errorf("short: waited %v, %v", waited, err)
	}
	long := bytes.Repeat([]byte("0123456789"), 1<<20)
	got := make(chan []byte, 1)
	go func() {
		<-waits
		all := make([]byte, len("short")+len(long))
		io.ReadFull(child, all) //nolint:errcheck // the bytes are compared
		got <- all
	}()
	if waited, err := w.Write(long); !waited || err != nil {
		t.Errorf("long: waited %v, %v", waited, err)
	}
	if all := <-got; string(all) != "short"+string(long) {
		t.Error("the other end read something else")
	}
	child.Close()
	if _, err := w.Write(long); !errors.Is(err, unix.EPIPE) {
		t.Errorf("nobody reads: %v, want EPIPE", err)
	}
	if len(waits) > 0 {
		t.Error("waits was called more than once")
	}
}
