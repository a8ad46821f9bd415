//go:build unix

package process

import "syscall"

// continueSignal lets a stopped process go on.
const continueSignal = syscall.SIGCONT
