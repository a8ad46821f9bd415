package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
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
	slots   []*slot
	life    context.Context // ends when everything is to be killed
	kill    context.CancelFunc

	supervisors sync.WaitGroup
	unfinished  atomic.Int64  // calls accepted and not finished
	draining    atomic.Bool   // Close has begun
	drained     chan struct{} // closed when draining and nothing is unfinished
	stopping    chan struct{} // closed by Close: workers are to end
	closed      chan struct{} // closed when nothing is left
	closeOnce   sync.Once
	drainOnce   sync.Once
	closeErr    error // set before closed is closed

	mu       sync.Mutex
	ready    chan struct{} // closed when a worker is ready, or all slots have retired
	retired  int
	startErr error // why the last slot retired
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
	spawner, err := osproc.NewSpawner()
	if errors.Is(err, errors.ErrUnsupported) {
		return nil, errors.Join(tandem.ErrUnsupported, err)
	}
	if err != nil {
		return nil, fmt.Errorf("process: %w", err)
	}
	config = config.withDefaults()
	ex := &Executor{
		config:   config,
		codec:    codec.Binary{},
		queue:    tandem.NewQueue(config.Queue),
		spawner:  spawner,
		drained:  make(chan struct{}),
		stopping: make(chan struct{}),
		closed:   make(chan struct{}),
		ready:    make(chan struct{}),
	}
	if config.Runtime != nil {
		ex.codec = config.Runtime.Codec
	}
	ex.types = &types{codec: ex.codec}
	ex.life, ex.kill = context.WithCancel(context.Background())
	for i := range config.Workers {
		ex.slots = append(ex.slots, newSlot(ex, i))
	}
	for _, s := range ex.slots {
		ex.supervisors.Go(s.supervise)
	}
	return ex, nil
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
	if err := ex.failedToStart(); err != nil {
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

// failedToStart returns why no slot is left, or nil.
func (ex *Executor) failedToStart() error {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	if ex.retired < len(ex.slots) {
		return nil
	}
	return ex.startErr
}

// failWaiting fails every waiting call, because no slot is left to run it.
func (ex *Executor) failWaiting() {
	err := ex.failedToStart()
	ex.queue.WithdrawAll(func(c tandem.Call) {
		for c.Fail(tandem.NewCallError(tandem.ErrWorkerStart, tandem.NotStarted, c, "", err)) == tandem.Again {
		}
		ex.finished(1)
	})
}

// wake tells slots that n calls wait: those with a free thread first, and when
// there are fewer, those that take calls in advance.
func (ex *Executor) wake(n int) {
	for _, s := range ex.slots {
		if n <= 0 {
			return
		}
		if free := s.free(); free > 0 {
			n -= free
			signal(s.wake)
		}
	}
	if n > 0 {
		for _, s := range ex.slots {
			signal(s.wake)
		}
	}
}

// othersFree reports whether a slot other than s has a ready worker with a free
// thread: then s takes no calls in advance.
func (ex *Executor) othersFree(s *slot) bool {
	for _, other := range ex.slots {
		if other != s && other.free() > 0 {
			return true
		}
	}
	return false
}

// recall asks the slot with the most calls that have not started to give back
// half of them, for a slot that has run dry.
func (ex *Executor) recall() {
	var fullest *slot
	most := 0
	for _, s := range ex.slots {
		if n := -s.free(); n > most {
			fullest, most = s, n
		}
	}
	if fullest != nil {
		fullest.recall((most + 1) / 2)
	}
}

// Cancel implements [tandem.Executor].
func (ex *Executor) Cancel(b *tandem.Batch) {
	b.MarkCanceled()
	ex.queue.Withdraw(b, func(c tandem.Call) {
		c.FailCanceled()
		ex.finished(1)
	})
	for _, s := range ex.slots {
		s.cancel(b)
	}
}

// ended settles an attempt: the call is finished, or goes back to the queue.
func (ex *Executor) ended(c tandem.Call, how tandem.Ending) {
	if how == tandem.Again {
		ex.giveBack(c.Only())
		return
	}
	ex.finished(1)
}

// giveBack returns calls to the queue for another slot, or ends them when none
// may run them any more.
func (ex *Executor) giveBack(calls tandem.Calls) {
	if calls.Batch.Canceled() != nil {
		for i := range calls.Len() {
			calls.At(i).FailCanceled()
			ex.finished(1)
		}
		return
	}
	ex.queue.Return(calls)
	switch {
	case ex.life.Err() != nil:
		ex.closeWaiting()
	case ex.failedToStart() != nil:
		ex.failWaiting()
	}
	ex.wake(calls.Len())
}

// finished notes that n calls have ended.
func (ex *Executor) finished(n int64) {
	if ex.unfinished.Add(-n) == 0 && ex.draining.Load() {
		ex.drainOnce.Do(func() { close(ex.drained) })
	}
}

// WaitReady blocks until a worker is ready to run calls, or none can be started,
// or ctx ends. The error says why there is none.
func (ex *Executor) WaitReady(ctx context.Context) error {
	select {
	case <-ex.ready:
		return ex.failedToStart()
	case <-ex.closed:
		return tandem.ErrClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// noteReady lets WaitReady return.
func (ex *Executor) noteReady() {
	ex.mu.Lock()
	defer ex.mu.Unlock()
	ex.noteReadyLocked()
}

func (ex *Executor) noteReadyLocked() {
	select {
	case <-ex.ready:
	default:
		close(ex.ready)
	}
}

// noteRetired counts a slot that will not start a worker again. With the last
// one, calls cannot run any more.
func (ex *Executor) noteRetired(err error) {
	ex.mu.Lock()
	ex.retired++
	last := ex.retired == len(ex.slots)
	if err != nil || ex.startErr == nil {
		ex.startErr = err
	}
	if last {
		ex.noteReadyLocked()
	}
	ex.mu.Unlock()
	if last && err != nil {
		ex.failWaiting()
	}
}

// Stats implements [tandem.Executor].
func (ex *Executor) Stats() tandem.Stats {
	st := ex.queue.Stats()
	st.Slots = ex.config.Workers * ex.config.Threads
	for _, s := range ex.slots {
		w := s.stats()
		st.Workers = append(st.Workers, w.WorkerStats)
		st.Running += w.running
		st.Waiting += w.Running - w.running
		st.Restarts += w.Restarts
		if w.memory != "" && !slices.Contains([]string{st.MemoryLimit}, w.memory) {
			st.MemoryLimit = w.memory
		}
	}
	return st
}

// Close implements [tandem.Executor]. When ctx ends before the accepted calls
// have, the workers are killed: waiting calls fail with fate NotStarted, running
// ones with MayHaveRun. Afterwards no process, descriptor or goroutine is left.
func (ex *Executor) Close(ctx context.Context) error {
	ex.queue.Drain()
	ex.draining.Store(true)
	ex.finished(0)
	ex.closeOnce.Do(func() {
		ex.closeErr = ex.close(ctx)
		close(ex.closed)
	})
	<-ex.closed
	return ex.closeErr
}

func (ex *Executor) close(ctx context.Context) error {
	var cut error
	select {
	case <-ex.drained:
	case <-ctx.Done():
		cut = fmt.Errorf("process: closed with %d calls unfinished: %w", ex.unfinished.Load(), context.Cause(ctx))
	}
	close(ex.stopping)
	if cut != nil {
		ex.kill()
		ex.closeWaiting()
	}
	stop := context.AfterFunc(ctx, ex.kill)
	ex.supervisors.Wait()
	stop()
	ex.closeWaiting() // what was given back by the last slot
	ex.kill()
	return errors.Join(cut, ex.spawner.Close())
}

// closeWaiting fails every waiting call, because the executor is being closed.
func (ex *Executor) closeWaiting() {
	ex.queue.WithdrawAll(func(c tandem.Call) {
		c.Fail(tandem.NewCallError(tandem.ErrClosed, tandem.NotStarted, c, "", nil))
		ex.finished(1)
	})
}

// signal leaves a token in ch for whoever looks next.
func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
