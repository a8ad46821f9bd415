//go:build unix && !aix && !solaris

package osproc

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
)

// Socketpair returns two connected Unix stream sockets, both close-on-exec:
// parent waits in the runtime's poller, child is blocking and is meant for
// [Command.Files]. The caller owns both. It should close child right after
// Start, or it never sees the end of the stream.
func Socketpair() (parent *net.UnixConn, child *os.File, err error) {
	fds, err := socketpair()
	if err != nil {
		return nil, nil, fmt.Errorf("socket pair: %w", err)
	}
	child = os.NewFile(uintptr(fds[1]), "worker socket")
	parent, err = connFrom(fds[0])
	if err != nil {
		child.Close()
		return nil, nil, fmt.Errorf("socket pair: %w", err)
	}
	return parent, child, nil
}

// ConnFromFD makes a connection of descriptor fd, a Unix socket that this
// process was started with, and takes fd over: fd is closed, also on an error.
// The connection is close-on-exec, so children of this process do not keep it
// open.
func ConnFromFD(fd int) (*net.UnixConn, error) {
	if fd < 0 {
		return nil, fmt.Errorf("socket from descriptor %d: %w", fd, syscall.EBADF)
	}
	syscall.CloseOnExec(fd) // before anything else can fork
	conn, err := connFrom(fd)
	if err != nil {
		return nil, fmt.Errorf("socket from descriptor %d: %w", fd, err)
	}
	return conn, nil
}

// connFrom replaces fd by a connection, which duplicates it.
func connFrom(fd int) (*net.UnixConn, error) {
	file := os.NewFile(uintptr(fd), "socket")
	defer file.Close()
	conn, err := net.FileConn(file)
	if err != nil {
		return nil, err
	}
	unixConn, ok := conn.(*net.UnixConn)
	if !ok {
		conn.Close()
		return nil, fmt.Errorf("%s socket: want a Unix socket", conn.LocalAddr().Network())
	}
	return unixConn, nil
}

// Writer writes to a socket and tells when that has to wait. It is for one
// goroutine.
type Writer struct {
	conn   syscall.RawConn
	waits  func()
	try    func(fd uintptr) bool // made once: a call does not allocate
	rest   []byte
	waited bool
	err    error
}

// NewWriter returns a writer to conn, which stays the caller's. Write calls waits
// when it begins to wait for the other end to read.
func NewWriter(conn *net.UnixConn, waits func()) (*Writer, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, fmt.Errorf("write to socket: %w", err)
	}
	w := &Writer{conn: raw, waits: waits}
	w.try = w.writeSome
	return w, nil
}

// Write writes all of p, unless the socket fails or its write deadline passes. It
// reports whether it had to wait.
func (w *Writer) Write(p []byte) (waited bool, err error) {
	w.rest, w.waited, w.err = p, false, nil
	if err := w.conn.Write(w.try); err != nil {
		return w.waited, err
	}
	return w.waited, os.NewSyscallError("write", w.err)
}

// writeSome writes until everything is written, the socket fails, or it takes no
// more for now: then it returns false.
func (w *Writer) writeSome(fd uintptr) bool {
	for len(w.rest) > 0 {
		n, err := syscall.Write(int(fd), w.rest)
		switch {
		case err == nil:
			w.rest = w.rest[n:]
		case errors.Is(err, syscall.EINTR):
		case errors.Is(err, syscall.EAGAIN):
			if !w.waited {
				w.waited = true
				w.waits()
			}
			return false
		default:
			w.err = err
			return true
		}
	}
	return true
}
