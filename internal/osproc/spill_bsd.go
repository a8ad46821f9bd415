//go:build unix && !linux && !aix && !solaris

package osproc

import "os"

// openNameless returns a file in dir without a name.
func openNameless(dir string) (*os.File, error) { return createUnnamed(dir) }
