package command

import "syscall"

const sigContinue = syscall.SIGCONT

// Limits of execve(2): a quarter of the stack limit, within bounds, for all
// arguments and the environment, and 32 pages of 4 KiB for each string.
const (
	leastArguments = 128 << 10
	mostArguments  = 6 << 20
	maxArgument    = 128 << 10
)

// argumentLimits returns how many bytes this system allows for all arguments
// with the environment, and for one of them. 0 is unknown.
func argumentLimits() (all, one int) {
	var stack syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_STACK, &stack); err != nil {
		return 0, maxArgument
	}
	return int(min(max(stack.Cur/4, leastArguments), mostArguments)), maxArgument
}
