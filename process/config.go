package process

import (
	"errors"
	"fmt"
	"runtime"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/osproc"
	"github.com/gotandem/tandem/internal/wire"
)

// Config describes a process executor. Each field's zero value is usable.
type Config struct {
	// Workers is how many processes run at once. Zero means GOMAXPROCS.
	Workers int

	// Threads is how many calls each worker runs at once. Zero means 1.
	Threads int

	// Queue is how many accepted calls may wait. Zero means tandem.DefaultQueue.
	Queue int

	// Runtime is what the workers are. Nil means this program again, which
	// must call worker.Main first in main.
	Runtime *Runtime

	// Env is added to the environment of the workers, "KEY=value". They get
	// this program's environment otherwise.
	Env []string

	// Dir is the workers' directory. Empty means that of this program.
	Dir string

	// Output gets each line that a worker writes to its standard output or
	// error, from several goroutines. While it blocks, so does the worker's
	// next write. Nil means that lines go to this program's standard error, with
	// the label of the call in front.
	Output func(Line)

	// Observe, if not nil, is called once for each attempt that has ended, also
	// for one that is repeated or was lost with its worker, before the outcome of
	// its call is visible. It is called from several goroutines and must not
	// block. Workers then measure each attempt, which costs some microseconds.
	// What is measured is in docs/guarantees.md.
	Observe func(tandem.Attempt)

	// Memory limits the memory of each worker, in bytes. Zero means no limit.
	// Stats tells what enforces it, if anything does.
	Memory int64

	// Nice is added to the niceness of this process for workers, and so for all that
	// they start, threads and processes: 0 to 19. On Linux a worker has it before its
	// first instruction, as has the template that workers are forked from. Elsewhere
	// it is set right after the start of the worker's process, before the worker is
	// told to serve: a process that init functions, or the start of a Runtime's
	// program, have put into a group of its own by then is not reached.
	//
	// A start is as nice itself. On a busy machine it takes longer, with its imports,
	// within the same HandshakeTimeout; and while the process is made, the garbage
	// collector of this program waits for it.
	Nice int

	// MaxCalls is after how many calls a worker is replaced by a fresh one,
	// give or take a tenth, so that they do not all end together. Zero means
	// never.
	MaxCalls int

	// MaxResident is the resident size in bytes above which a worker is
	// replaced once it is idle. Zero means no bound.
	MaxResident int64

	// IdleTimeout is after how long without calls a worker is ended. Its slot
	// starts another when calls come. Zero means never.
	IdleTimeout time.Duration

	// OnDemand starts a slot's first worker when calls wait that no other can
	// take, instead of in New, where only the first slot's is started. It is for
	// many slots of which few may be used; calls then wait for starts.
	OnDemand bool

	// HandshakeTimeout bounds the time from the start of a worker until it is
	// ready. Zero means 2 s for this program, which has only its init functions
	// to run, and 10 s for another Runtime, which may have imports. It holds for a
	// template, and then for each worker that is forked from it. Longer hides
	// broken workers; shorter kills slow ones. When the first worker is late,
	// none is tried after it.
	HandshakeTimeout time.Duration

	// CancelGrace is how long a call that overstays its timeout has to end
	// after its context was canceled. Zero means 200 ms.
	CancelGrace time.Duration

	// KillGrace is how long a worker has to end after SIGTERM, or after it was
	// told to stop, before it is killed. Zero means 1 s.
	KillGrace time.Duration

	// RestartBudget is how many starts in a row may fail before a slot
	// retires. Zero means 3.
	RestartBudget int

	// MaxFrame is the largest encoded input or result in bytes. Zero means
	// 256 MiB; the most is 4 GiB - 1.
	MaxFrame int64
}

// Runtime describes workers that are not this program.
type Runtime struct {
	Name    string         // for messages: "python"
	Path    string         // the file to execute
	Args    []string       // its arguments
	Env     []string       // added to the environment, before Config.Env
	Codec   tandem.Codec   // how values cross
	Preload []string       // what the worker loads before its first call
	Options map[string]any // passed to the worker as they are
	Prelude string         // what it does before it is ready, for errors: "imports numpy"

	// Preamble is sent to a process that is started before the setup frame: what its
	// arguments tell it to read first, which ps need not show. A worker that is
	// forked gets none.
	Preamble []byte

	// Template, if not nil, lets workers be forked instead of started one by
	// one.
	Template *Template
}

// Template describes the process that workers are forked from: the Runtime's
// program, started once with the Runtime's Preload, told by its options to be
// forked instead of to serve. docs/wire.md has what it must do. It is started with the
// first worker, and again with the next one after it has ended, which ends its
// workers. It needs Linux with pidfd (5.4).
//
// It can be forked if its imports have started no thread. Its output comes as
// that of a worker, without a label.
type Template struct {
	Options map[string]any // for the template, in place of Runtime.Options
	Worker  map[string]any // for the workers, in place of Runtime.Options

	// Optional lets workers be started one by one where there can be no
	// template: Stats says why. Otherwise that is an error.
	Optional bool
}

// Line is one line that a worker wrote.
type Line struct {
	Worker int    // process number
	Label  string // of the call that ran when the line was read; empty when none or several did
	Stderr bool   // from standard error rather than standard output
	Text   []byte // without line end; valid until Output returns
}

// threadsMost is how many calls a worker can run at once, by its black box.
const threadsMost = wire.MaxThreads

func (c Config) validate() error {
	var errs []error
	want := func(ok bool, name string, value any, legal string) {
		if !ok {
			errs = append(errs, fmt.Errorf("%s is %v: want %s", name, value, legal))
		}
	}
	want(c.Workers >= 0, "Workers", c.Workers, "0 or more")
	want(c.Threads >= 0 && c.Threads <= threadsMost, "Threads", c.Threads, fmt.Sprintf("0 to %d", threadsMost))
	want(c.Queue >= 0, "Queue", c.Queue, "0 or more")
	want(c.Memory >= 0, "Memory", c.Memory, "0 or more")
	want(c.Nice >= 0 && c.Nice <= osproc.MostNice, "Nice", c.Nice, fmt.Sprintf("0 to %d", osproc.MostNice))
	want(c.MaxCalls >= 0, "MaxCalls", c.MaxCalls, "0 or more")
	want(c.MaxResident >= 0, "MaxResident", c.MaxResident, "0 or more")
	want(c.RestartBudget >= 0, "RestartBudget", c.RestartBudget, "0 or more")
	want(c.MaxFrame >= 0 && c.MaxFrame < 4<<30, "MaxFrame", c.MaxFrame, "0 to 4 GiB - 1")
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"IdleTimeout", c.IdleTimeout}, {"HandshakeTimeout", c.HandshakeTimeout},
		{"CancelGrace", c.CancelGrace}, {"KillGrace", c.KillGrace},
	} {
		want(d.value >= 0, d.name, d.value, "0 or more")
	}
	if r := c.Runtime; r != nil {
		want(r.Path != "", "Runtime.Path", `""`, "the file to execute")
		want(r.Codec != nil, "Runtime.Codec", r.Codec, "a codec")
	}
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	fill(&c.Workers, runtime.GOMAXPROCS(0))
	fill(&c.Threads, 1)
	fill(&c.Queue, tandem.DefaultQueue)
	if c.Runtime == nil {
		fill(&c.HandshakeTimeout, 2*time.Second)
	}
	fill(&c.HandshakeTimeout, 10*time.Second)
	fill(&c.CancelGrace, 200*time.Millisecond)
	fill(&c.KillGrace, time.Second)
	fill(&c.RestartBudget, 3)
	fill(&c.MaxFrame, wire.DefaultMaxBody)
	return c
}

func fill[T comparable](field *T, value T) {
	var zero T
	if *field == zero {
		*field = value
	}
}
