package shm

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// createFile makes a file of size zero bytes in memory, with that memory
// reserved, and sparse zero bytes behind it; its size is sealed. Without memfd
// it makes a temporary file, or fails with [ErrUnsupported] when sparse is not 0:
// in a file system that is full, memory that is not reserved is a trap.
func createFile(size, sparse int64) (*os.File, error) {
	fd, err := memfd()
	if errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM) {
		if sparse != 0 {
			return nil, ErrUnsupported
		}
		return createTemp(size)
	}
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	if err := reserve(fd, size, size+sparse); err != nil {
		unix.Close(fd)
		return nil, err
	}
	return os.NewFile(uintptr(fd), "black box"), nil
}

// memfd falls back to the flags of kernels before 6.3.
func memfd() (int, error) {
	const flags = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING
	fd, err := unix.MemfdCreate("tandem-box", flags|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) {
		fd, err = unix.MemfdCreate("tandem-box", flags)
	}
	return fd, err
}

// reserve gives the file its whole size and takes the memory of the first size
// bytes now: a store into a hole is SIGBUS when there is none left.
func reserve(fd int, size, whole int64) error {
	if err := unix.Ftruncate(fd, whole); err != nil {
		return os.NewSyscallError("ftruncate", err)
	}
	err := unix.Fallocate(fd, 0, 0, size)
	if err != nil && !errors.Is(err, unix.EOPNOTSUPP) && !errors.Is(err, unix.ENOSYS) {
		return os.NewSyscallError("fallocate", err)
	}
	const seals = unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_SEAL
	_, err = unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, seals)
	return os.NewSyscallError("seal", err)
}

// giveBack returns the memory of a part of a shared mapping to the system; the
// part reads as zeros from then on. It says whether the system did.
func giveBack(mem []byte) bool { return unix.Madvise(mem, unix.MADV_REMOVE) == nil }
