//go:build !unix || aix || solaris

package command

import (
	"os"
	"syscall"

	"github.com/gotandem/tandem/internal/osproc"
)

// Nothing here is called: New returns tandem.ErrUnsupported.

const sigContinue = syscall.Signal(0)

func openOutput() (ours, child *os.File, err error) { return nil, nil, osproc.ErrUnsupported }

func openInput() (ours, child *os.File, err error) { return nil, nil, osproc.ErrUnsupported }

func drain(*os.File, []byte, func([]byte) bool) {}

// argumentLimits is 0, 0: unknown.
func argumentLimits() (all, one int) { return 0, 0 }
