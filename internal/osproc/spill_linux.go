package osproc

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// openNameless returns a file in dir that never had a name, where the file system
// can do that.
func openNameless(dir string) (*os.File, error) {
	fd, err := unix.Open(dir, unix.O_TMPFILE|unix.O_EXCL|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
	switch {
	case err == nil:
		return os.NewFile(uintptr(fd), "output in "+dir), nil
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EISDIR), errors.Is(err, unix.EINVAL):
		return createUnnamed(dir)
	}
	return nil, err
}
