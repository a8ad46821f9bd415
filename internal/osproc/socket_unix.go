//go:build unix && !aix && !solaris

package osproc

import (
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
