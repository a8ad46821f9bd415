//go:build !unix

package mapping

import (
	"os"

	"github.com/gotandem/tandem/cmd/tandem/internal/stopping"
)

// watchedSignals are those that a session knows an answer to.
var watchedSignals = []os.Signal{os.Interrupt}

// eventOf returns what a signal means for a run, and whether it is one that ends
// runs.
func eventOf(os.Signal) (stopping.Event, bool) { return stopping.Interrupt, true }

// answer does what is asked by a signal that ends nothing: there is none.
func (s *Session) answer(os.Signal) {}
