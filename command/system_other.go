//go:build !unix || aix || solaris

package command

import "syscall"

// Nothing here is called: New returns tandem.ErrUnsupported.

const sigContinue = syscall.Signal(0)

// argumentLimits is 0, 0: unknown.
func argumentLimits() (all, one int) { return 0, 0 }
