package osproc

import (
	"errors"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// openNameless returns a file in dir that never had a name, where the file system
// can do that: one that [GiveName] can give a name to.
func openNameless(dir string) (*os.File, error) {
	fd, err := openTemporary(dir)
	switch {
	case err == nil:
		return os.NewFile(uintptr(fd), "output in "+dir), nil
	case errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.EISDIR), errors.Is(err, unix.EINVAL):
		return createUnnamed(dir)
	}
	return nil, err
}

// openTemporary opens a file in dir that never had a name. Without O_EXCL it can get one.
func openTemporary(dir string) (fd int, err error) {
	return unix.Open(dir, unix.O_TMPFILE|unix.O_RDWR|unix.O_CLOEXEC, 0o600)
}

// CanGiveName reports whether GiveName can give names to files of output in dir.
func CanGiveName(dir string) bool {
	fd, err := openTemporary(dir)
	if err != nil {
		return false
	}
	_ = unix.Close(fd) // it is empty
	return true
}

// GiveName gives a file that never had a name the given one, which nothing has yet. It
// fails for a file that had one, across file systems, and where the file system has
// no second names.
func GiveName(file *os.File, path string) error {
	own := "/proc/self/fd/" + strconv.Itoa(int(file.Fd()))
	return unix.Linkat(unix.AT_FDCWD, own, unix.AT_FDCWD, path, unix.AT_SYMLINK_FOLLOW)
}
