//go:build unix && !linux && !aix && !solaris

package osproc

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// CanAdopt returns why this system does not let [Adopt] work, or nil.
func CanAdopt() error {
	return fmt.Errorf("this system has no pidfd: %w", ErrUnsupported)
}

func openChild(int, int) (*os.File, error) { return nil, CanAdopt() }

func awaitStranger(*os.File) {}

func (*adopted) signal(int, syscall.Signal, bool) error { return CanAdopt() }

// ExitOf returns an unknown exit: nothing is adopted here.
func ExitOf(int, time.Duration, time.Duration, int64) Exit { return Exit{Code: CodeUnknown} }
