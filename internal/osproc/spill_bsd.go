//go:build unix && !linux && !aix && !solaris

package osproc

import "os"

// openNameless returns a file in dir without a name.
func openNameless(dir string) (*os.File, error) { return createUnnamed(dir) }

// CanGiveName returns false.
func CanGiveName(string) bool { return false }

// GiveName fails: a file that has lost its name cannot get another one.
func GiveName(*os.File, string) error { return ErrUnsupported }
