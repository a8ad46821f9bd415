//go:build unix && !aix && !solaris

package shm

import (
	"os"
	"syscall"
)

// adopt takes over a descriptor that this process was started with. Nothing can
// have forked between the start and this call if it comes first.
func adopt(fd int) (*os.File, error) {
	if fd < 0 {
		return nil, syscall.EBADF
	}
	syscall.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), "black box"), nil
}

// mapFile maps size bytes of file from offset, shared, to read and write.
func mapFile(file *os.File, offset int64, size int) (mem []byte, err error) {
	conn, err := file.SyscallConn()
	if err != nil {
		return nil, err
	}
	controlErr := conn.Control(func(fd uintptr) {
		mem, err = syscall.Mmap(int(fd), offset, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	})
	if controlErr != nil {
		return nil, controlErr
	}
	return mem, os.NewSyscallError("mmap", err)
}

func unmap(mem []byte) error { return os.NewSyscallError("munmap", syscall.Munmap(mem)) }

// createTemp makes a file of size zero bytes that no longer has a name.
func createTemp(size int64) (*os.File, error) {
	file, err := os.CreateTemp("", "tandem-box-*")
	if err != nil {
		return nil, err
	}
	err = os.Remove(file.Name())
	if err == nil {
		err = file.Truncate(size)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}
