package tandem_test

import (
	"os"
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/leaktest"
	"github.com/gotandem/tandem/tandemtest"
)

func TestMain(m *testing.M) { os.Exit(leaktest.Main(m)) }

func TestLocalConforms(t *testing.T) {
	tandemtest.RunExecutor(t, tandemtest.Spec{
		New: func(_ testing.TB, o tandemtest.Options) tandem.Executor {
			return tandem.NewLocal(tandem.LocalConfig{Threads: o.Slots, Queue: o.Queue})
		},
		Tasks: tandemtest.Defined(),
		Capabilities: tandemtest.Capabilities{
			SharedMemory: true, Closures: true, NestedSubmit: true, Values: true, Panics: true, Goexit: true,
			CancelRunning: true, ContextErrors: true, ErrorTypes: true,
		},
	})
}
