//go:build !unix

package process

import "syscall"

// continueSignal is not used: there are no workers here.
const continueSignal = syscall.SIGTERM
