//go:build unix && !aix && !solaris

package osproc

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// SendFiles writes data, which is not empty, and passes files along with its
// first byte. The other end gets descriptors of its own; the files stay the
// caller's. It blocks while the other end does not read, until the write deadline
// of conn. After an error the other end may have part of data, and the files.
func SendFiles(conn *net.UnixConn, data []byte, files ...*os.File) error {
	n := 0
	err := withDescriptors(files, make([]uintptr, 0, len(files)), func(fds []uintptr) (err error) {
		numbers := make([]int, len(fds))
		for i, fd := range fds {
			numbers[i] = int(fd)
		}
		n, _, err = conn.WriteMsgUnix(data, unix.UnixRights(numbers...), nil)
		return err
	})
	if err == nil && n < len(data) {
		_, err = conn.Write(data[n:])
	}
	if err != nil {
		return fmt.Errorf("send files: %w", err)
	}
	return nil
}
