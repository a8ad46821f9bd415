package demo

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/process"
	"github.com/gotandem/tandem/python"
)

//go:embed demo.py
var program []byte

// closeWithin bounds the end of idle workers.
const closeWithin = 5 * time.Second

// startWithin bounds the start of a worker. This program certainly serves, so
// that a late one only says that the machine is busy.
const startWithin = 15 * time.Second

// language runs workloads in one language, in every mode.
type language struct {
	name      string
	runtime   string // what its workers say they are
	loop      func(ctx context.Context, workload string, works []Work) ([]int, error)
	task      func(workload string) tandem.Task[Work, int]
	executors [modes]tandem.Executor // none for Sequential
	remove    func() error           // what is left when the executors are closed
}

// close ends all workers of the language.
func (l *language) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeWithin)
	defer cancel()
	var errs []error
	for _, ex := range l.executors {
		if ex != nil {
			errs = append(errs, ex.Close(ctx))
		}
	}
	if l.remove != nil {
		errs = append(errs, l.remove())
	}
	return errors.Join(errs...)
}

// run runs works in a mode and returns the values in order.
func (l *language) run(ctx context.Context, m Mode, workload string, works []Work) ([]int, error) {
	if m == Sequential {
		return l.loop(ctx, workload, works)
	}
	var values []int
	for value, err := range tandem.Map(ctx, l.executors[m], l.task(workload), slices.Values(works)) {
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

// newGo returns Go, with workers that are this program.
func newGo(shape shape) (*language, error) {
	l := &language{
		name: "Go",
		loop: loopInGo,
		task: func(workload string) tandem.Task[Work, int] { return goTasks[workload] },
	}
	l.executors[Threads] = tandem.NewLocal(tandem.LocalConfig{Threads: shape.threads})
	var err error
	for _, c := range []struct {
		mode    Mode
		threads int
	}{{Processes, 1}, {Hybrid, shape.threads}} {
		ex, failure := process.New(process.Config{Workers: shape.processes, Threads: c.threads, HandshakeTimeout: startWithin})
		if failure != nil {
			err = failure
			break
		}
		l.executors[c.mode] = ex
	}
	if err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// loopInGo is the plain loop.
func loopInGo(ctx context.Context, workload string, works []Work) ([]int, error) {
	var values []int
	for _, work := range works {
		value, err := goFunctions[workload](ctx, work)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
	return values, nil
}

// newPython returns Python. Its program lives in a directory of its own until
// the language is closed.
func newPython(ctx context.Context, shape shape, interpreter string) (*language, error) {
	dir, err := os.MkdirTemp("", "tandem-demo-")
	if err != nil {
		return nil, err
	}
	l := &language{name: "Python", remove: func() error { return os.RemoveAll(dir) }}
	file := filepath.Join(dir, "demo.py")
	if err := os.WriteFile(file, program, 0o600); err != nil {
		return nil, errors.Join(err, l.close())
	}
	l.task = func(workload string) tandem.Task[Work, int] { return tandem.Declare[Work, int](file + ":" + workload) }
	l.loop = func(ctx context.Context, workload string, works []Work) ([]int, error) {
		return tandem.Run(ctx, l.executors[Threads], tandem.Declare[Plan, []int](file+":loop"), Plan{workload, works})
	}
	if err := l.startPython(ctx, shape, interpreter, file); err != nil {
		return nil, errors.Join(err, l.close())
	}
	return l, nil
}

// startPython starts the interpreters. That of one process with threads also
// runs the plain loop.
func (l *language) startPython(ctx context.Context, shape shape, interpreter, file string) error {
	for _, c := range []struct {
		mode               Mode
		processes, threads int
	}{{Threads, 1, shape.threads}, {Processes, shape.processes, 1}, {Hybrid, shape.processes, shape.threads}} {
		ex, err := python.New(python.Config{
			Processes: c.processes, Threads: c.threads, Interpreter: interpreter, Preload: []string{file + ":loop"},
		})
		if err != nil {
			return err
		}
		l.executors[c.mode] = ex
		if err := ex.WaitReady(ctx); err != nil {
			return err
		}
	}
	return nil
}

// warmUp waits until every worker of the language serves, and has fetched a page.
func (l *language) warmUp(ctx context.Context, p *pages, shape shape) error {
	works := make([]Work, shape.processes*shape.threads)
	for i := range works {
		works[i] = Work{URL: p.page(5 * time.Millisecond)}
	}
	for m := Threads; m < modes; m++ {
		for ready := false; !ready; ready = serving(l.executors[m].Stats()) {
			if _, err := l.run(ctx, m, "waiting", works); err != nil {
				return fmt.Errorf("%s, %v: %w", l.name, m, err)
			}
		}
		if workers := l.executors[m].Stats().Workers; len(workers) > 0 {
			l.runtime = workers[0].Runtime
		}
	}
	return nil
}

// serving reports whether no worker is still starting.
func serving(s tandem.Stats) bool {
	for _, w := range s.Workers {
		if w.State == "starting" || w.State == "empty" {
			return false
		}
	}
	return true
}
