//go:build unix && !aix && !solaris

package command_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/command"
	"github.com/gotandem/tandem/internal/codec"
	"github.com/gotandem/tandem/tandemtest"
)

// serveRole is the role of a program that runs one task of the suite.
const serveRole = "serve"

// Programs pass the suite for executors. They have no closures and share no
// memory; a panic and the end of a process are exit statuses like any other.
func TestConformance(t *testing.T) {
	tandemtest.RunExecutor(t, tandemtest.Spec{
		New: func(t testing.TB, options tandemtest.Options) tandem.Executor {
			e, err := command.New(command.Config{
				Processes: options.Slots,
				Queue:     options.Queue,
				Programs:  suitePrograms(t),
				Observe:   options.Observe,
			})
			if err != nil {
				t.Fatal(err)
			}
			return e
		},
		Tasks:        tandemtest.Defined(),
		Large:        100,
		Capabilities: tandemtest.Capabilities{CancelRunning: true, KillsOnTimeout: true, Observes: true},
	})
}

// suitePrograms runs each task of the suite by this test binary.
func suitePrograms(t testing.TB) map[string]command.Program {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	programs := map[string]command.Program{}
	for _, task := range tandemtest.Tasks() {
		programs[task.Name()] = command.Program{
			Args: []string{self, task.Name()},
			Env:  []string{roleVariable + "=" + serveRole, "GORACE=atexit_sleep_ms=0"},
		}
	}
	return programs
}

// serve runs the task called name from standard input to standard output and
// returns the exit status. SIGTERM ends the task's context.
func serve(name string) int {
	// The signal is not given back: one that comes late must not end the program.
	ctx, _ := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	input, err := io.ReadAll(os.Stdin)
	if err != nil {
		panic(err)
	}
	for _, task := range tandemtest.Tasks() {
		if task.Name() != name {
			continue
		}
		result, err := task.Serve(ctx, codec.JSON{}, input, nil)
		if err != nil && !errors.Is(err, tandem.ErrBadResult) {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		os.Stdout.Write(result) // nothing for a bad result
		return 0
	}
	fmt.Fprintf(os.Stderr, "there is no task %q\n", name)
	return 1
}
