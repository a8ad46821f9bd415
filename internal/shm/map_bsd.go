//go:build unix && !linux && !aix && !solaris

package shm

import "os"

func createFile(size int64) (*os.File, error) { return createTemp(size) }
