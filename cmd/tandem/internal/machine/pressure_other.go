//go:build !linux

package machine

// RunningThreads does not know: this system is not asked.
func RunningThreads() (n int, known bool) { return 0, false }

// FreeMemory does not know: this system is not asked.
func FreeMemory() (bytes int64, known bool) { return 0, false }
