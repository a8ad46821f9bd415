package worker

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/fault"
	"github.com/gotandem/tandem/internal/wire"
)

// Main serves the given tasks if this process was started as a worker, and
// then never returns. Otherwise it returns at once. It panics if two tasks have
// the same name or one has none.
//
// It is to be called first in main, with every task that is given to a process
// executor: what runs before it runs in each worker as well.
func Main(tasks ...tandem.AnyTask) {
	byName := index(tasks)
	value, set := os.LookupEnv(wire.EnvName)
	if !set {
		return
	}
	runtime.LockOSThread()    // for endBySocket
	os.Unsetenv(wire.EnvName) // or our own children would become workers
	fault.At(fault.Spawn)
	gate, err := wire.ParseGate(value)
	if err != nil {
		fail(err)
	}
	s, err := open(gate, byName)
	if err != nil {
		fail(err)
	}
	err = s.serve(gate.Nonce)
	if errors.Is(err, errParentGone) {
		endGroup()
	}
	if err != nil {
		fail(err)
	}
	os.Exit(0)
}

// IsWorker reports whether this process was started as a worker. It is meant
// for code that runs before [Main], which ends what it looks at.
func IsWorker() bool {
	_, set := os.LookupEnv(wire.EnvName)
	return set
}

func index(tasks []tandem.AnyTask) map[string]tandem.AnyTask {
	byName := make(map[string]tandem.AnyTask, len(tasks))
	for _, t := range tasks {
		if t == nil {
			panic("tandem: worker.Main: a task is nil")
		}
		name := t.Name()
		if name == "" {
			panic("tandem: worker.Main: a task without a name: make it with tandem.Define")
		}
		if byName[name] != nil {
			panic(fmt.Sprintf("tandem: worker.Main: two tasks are named %q", name))
		}
		byName[name] = t
	}
	return byName
}

func fail(err error) {
	fmt.Fprintf(os.Stderr, "tandem worker: %v\n", err)
	os.Exit(1)
}
