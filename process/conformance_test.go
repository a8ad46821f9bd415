//go:build unix

package process_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/process"
	"github.com/gotandem/tandem/tandemtest"
)

func TestConformance(t *testing.T) {
	shapes := map[string]func(slots int) process.Config{
		"one thread each": func(slots int) process.Config { return process.Config{Workers: slots} },
		"one worker":      func(slots int) process.Config { return process.Config{Workers: 1, Threads: slots} },
	}
	for name, shape := range shapes {
		t.Run(name, func(t *testing.T) {
			tandemtest.RunExecutor(t, tandemtest.Spec{
				New: func(t testing.TB, o tandemtest.Options) tandem.Executor {
					config := shape(o.Slots)
					config.Queue, config.Observe, config.HandshakeTimeout = o.Queue, o.Observe, 30*time.Second
					config.Output = func(l process.Line) { fmt.Printf("%s\n", l.Text) }
					ex, err := process.New(config)
					if err != nil {
						t.Fatal(err)
					}
					return ex
				},
				Tasks: tandemtest.Defined(),
				Capabilities: tandemtest.Capabilities{
					Panics: true, Goexit: true, CancelRunning: true, ContextErrors: true, ErrorTypes: true,
					KillsOnTimeout: true, Observes: true, Crashes: costsItsCallOnly(name),
				},
			})
		})
	}
}

// costsItsCallOnly tells whether a task that ends its process costs its own call only:
// where no other shares the worker.
func costsItsCallOnly(shape string) bool { return shape != "one worker" }
