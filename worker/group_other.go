//go:build !unix || aix || solaris

package worker

// endGroup does nothing where there are no process groups; workers do not run
// there.
func endGroup() {}
