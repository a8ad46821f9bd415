//go:build unix && !aix && !solaris

package python_test

import (
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/osproc"
	"github.com/gotandem/tandem/python"
	"github.com/gotandem/tandem/tandemtest"
)

var abilities = tandemtest.Capabilities{KillsOnTimeout: true, Observes: true, Crashes: true, ErrorTypes: true}

func newExecutor(t testing.TB, config python.Config) *python.Executor {
	t.Helper()
	config.Dir = "testdata"
	ex, err := python.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return ex
}

// onEachStart runs f as a subtest for every way to start workers.
func onEachStart(t *testing.T, f func(t *testing.T, method python.Start)) {
	for _, method := range []python.Start{python.StartTemplate, python.StartSpawn} {
		t.Run(method.String(), func(t *testing.T) {
			if err := osproc.CanAdopt(); err != nil && method == python.StartTemplate {
				t.Skip(err)
			}
			f(t, method)
		})
	}
}

func TestConformanceWithProcesses(t *testing.T) {
	onEachStart(t, func(t *testing.T, method python.Start) {
		tandemtest.RunExecutor(t, tandemtest.Spec{
			New: func(t testing.TB, options tandemtest.Options) tandem.Executor {
				return newExecutor(t, python.Config{Processes: options.Slots, Queue: options.Queue, Observe: options.Observe, Start: method})
			},
			Tasks:        tandemtest.Declared("suite.py:"),
			Capabilities: abilities,
		})
	})
}

func TestConformanceWithThreads(t *testing.T) {
	// A crash and a timeout cost the calls of the other threads too.
	onEachStart(t, func(t *testing.T, method python.Start) {
		tandemtest.RunExecutor(t, tandemtest.Spec{
			New: func(t testing.TB, options tandemtest.Options) tandem.Executor {
				return newExecutor(t, python.Config{Processes: 1, Threads: options.Slots, Queue: options.Queue, Observe: options.Observe, Start: method})
			},
			Tasks:        tandemtest.Declared("suite.py:"),
			Capabilities: tandemtest.Capabilities{KillsOnTimeout: true, Observes: true, ErrorTypes: true},
		})
	})
}
