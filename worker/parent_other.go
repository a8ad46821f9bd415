//go:build !linux

package worker

// endBySocket does nothing where the kernel does not tell children of the end
// of their parent.
func endBySocket() {}
