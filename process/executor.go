package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"sync/atomic"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/codec"
	"github.com/gotandem/tandem/internal/osproc"
	"github.com/gotandem/tandem/internal/wire"
)

var _ tandem.Executor = (*Executor)(nil)

// Executor runs calls in worker processes. Make one with [New].
type Executor struct {
	// Immutable after New.
	config  Config
	codec   tandem.Codec
	types   *types
	queue   *tandem.Queue
	spawner *osproc.Spawner
	nursery *nursery
	slots   []*slot
	life    context.Context // ends when everything is to be killed
	kill    context.CancelCauseFunc

	stopping context.Context // ends when accepted calls have: workers are to end
	stop     context.CancelFunc

	supervisors sync.WaitGroup
	unfinished  atomic.Int64  // calls accepted and not finished
	cut         atomic.Int64  // calls ended because of Close
	draining    atomic.Bool   // Close has begun
	drained     chan struct{} // closed when draining and nothing is unfinished
	closed      chan struct{} // closed when nothing is left
	closeOnce   sync.Once
	drainOnce   sync.Once
	closeErr    error         // set before closed is closed
	ready       chan struct{} // closed when a worker is ready, or none can be
	readyOnce   sync.Once
	failed      atomic.Pointer[error] // why no slot is left; nil while one is
	suspects    suspects
	details     atomic.Pointer[map[string]any] // of the worker that was ready last

	mu       sync.Mutex
	starting int // first workers that are being started on demand
	retired  int
	startErr error // why a slot retired
}

// New returns an executor and begins to start its workers; it does not wait for
// them. The error joins everything that is wrong with config, or says why this
// platform or program cannot have workers; it matches tandem.ErrUnsupported in
// the first case. The caller must call Close.
func New(config Config) (*Executor, error) {
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	if err := refuseInWorker(); err != nil {
		return nil, err
	}
	config = config.withDefaults()
	spawner, err := newSpawner(config.Nice)
	if err != nil {
		return nil, err
	}
	ex := &Executor{
		config:  config,
		codec:   codec.Binary{},
		queue:   tandem.NewQueue(config.Queue),
		spawner: spawner,
		drained: make(chan struct{}),
		closed:  make(chan struct{}),
		ready:   make(chan struct{}),
	}
	if config.Runtime != nil {
		ex.codec = config.Runtime.Codec
	}
	ex.types = &types{codec: ex.codec}
	if ex.nursery, err = newNursery(ex); err != nil {
		return nil, errors.Join(err, spawner.Close())
	}
	ex.life, ex.kill = context.WithCancelCause(context.Background())
	ex.stopping, ex.stop = context.WithCancel(context.Background())
	for i := range config.Workers {
		ex.slots = append(ex.slots, newSlot(ex, i))
	}
	for _, s := range ex.slots {
		ex.supervisors.Go(s.supervise)
	}
	return ex, nil
}

// newSpawner returns what starts workers with more niceness than ours.
func newSpawner(more int) (*osproc.Spawner, error) {
	nice, err := osproc.NiceBy(more)
	if err == nil {
		var spawner *osproc.Spawner
		if spawner, err = osproc.NewSpawner(nice); err == nil {
			return spawner, nil
		}
	}
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, errors.Join(tandem.ErrUnsupported, err)
	}
	return nil, fmt.Errorf("process: %w", err)
}

// refuseInWorker tells a parent that this program, started as its worker, came
// to New without having called worker.Main.
func refuseInWorker() error {
	value, set := os.LookupEnv(wire.EnvName)
	if !set {
		return nil
	}
	refusal := errors.New("process: this program was started as a worker and calls process.New: call worker.Main(tasks...) first in main, and in TestMain")
	gate, err := wire.ParseGate(value)
	if err != nil {
		return refusal
	}
	os.Setenv(wire.EnvName, "refused") // the descriptor can be taken over once
	conn, err := osproc.ConnFromFD(gate.Socket)
	if err != nil {
		return refusal
	}
	defer conn.Close()
	frame, start := wire.BeginFrame(nil)
	frame = wire.Failure{Kind: wire.KindStart, Message: noMain}.Append(frame)
	conn.Write(wire.EndFrame(frame, start, wire.Header{Type: wire.TypeFatal}))
	return refusal
}

const noMain = "the program does not call worker.Main before process.New: call worker.Main(tasks...) first in main, and in TestMain"

// Execute implements [tandem.Executor].
func (ex *Executor) Execute(ctx context.Context, b *tandem.Batch) error {
	if err := b.Portable(); err != nil {
		return err
	}
	if err := ex.failedToStart(); err != nil && !ex.draining.Load() {
		return tandem.NewCallError(tandem.ErrWorkerStart, tandem.NotStarted, b.All().At(0), "", err)
	}
	n := int64(b.Len())
	ex.unfinished.Add(n)
	if err := ex.queue.Push(ctx, b); err != nil {
		ex.finished(n)
		return err
	}
	b.Watch()
	if ex.failedToStart() != nil {
		ex.failWaiting() // the last slot retired meanwhile
	}
	ex.wake(b.Len())
	return nil
}

// Cancel implements [tandem.Executor].
func (ex *Executor) Cancel(b *tandem.Batch) {
	b.MarkCanceled()
	ex.queue.Withdraw(b, ex.failCanceled)
	for _, s := range ex.slots {
		s.cancel(b)
	}
}

// Stats implements [tandem.Executor].
func (ex *Executor) Stats() tandem.Stats {
	st := ex.queue.Stats()
	st.Slots = ex.config.Workers * ex.config.Threads
	st.StartMethod = ex.nursery.method()
	for _, s := range ex.slots {
		w := s.stats()
		st.Workers = append(st.Workers, w.WorkerStats)
		st.Running += w.running
		st.Waiting += w.Running - w.running
		st.Restarts += w.Restarts
		if w.memory != "" {
			st.MemoryLimit = w.memory
		}
	}
	return st
}
