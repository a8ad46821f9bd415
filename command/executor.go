package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/osproc"
)

var _ tandem.Stopper = (*Executor)(nil)

// Executor runs programs. It implements [tandem.Executor] and [tandem.Stopper].
//
// E1: there are at most as many runners as slots, and each has at most one slot: a
// runner that has got a call finds a free one.
// E2: while there are fewer runners than slots, no call waits, except for the moment
// that an Execute needs between accepting it and starting a runner.
// E3: once closed is set, no runner starts.
type Executor struct {
	config Config      // immutable
	env    []string    // immutable
	nice   osproc.Nice // of programs; immutable
	queue  *tandem.Queue

	forced   atomic.Bool  // set by kill
	dropped  atomic.Int64 // calls that Close ended before they started
	cutShort atomic.Int64 // calls that Close ended while they ran

	released sync.Once

	runners sync.WaitGroup
	mu      sync.Mutex    // taken before that of the queue
	slots   []*slot       // immutable; their fields say what mu guards
	busy    int           // runners; guarded by mu
	settled chan struct{} // guarded by mu: made by Close, closed when nothing runs or waits
	closed  bool          // guarded by mu
}

// New returns an executor. Close it: until then it holds three descriptors for
// each slot. An error names every problem of config, or says why this system
// cannot run commands.
func New(config Config) (*Executor, error) {
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("command: %w", err)
	}
	config = config.withDefaults()
	e := &Executor{
		config: config,
		env:    environment(inherited(os.Environ(), config.ExportNumbers), config.Env),
		queue:  tandem.NewQueue(config.Queue),
	}
	var err error
	if e.nice, err = osproc.NiceBy(config.Nice); err != nil {
		return nil, explainNew(err, config.Processes)
	}
	for i := range config.Processes {
		s, err := newSlot(e, i+1)
		if err != nil {
			e.release()
			return nil, explainNew(err, config.Processes)
		}
		e.slots = append(e.slots, s)
	}
	return e, nil
}

func explainNew(err error, processes int) error {
	if errors.Is(err, osproc.ErrUnsupported) {
		return fmt.Errorf("command: %w: %w", tandem.ErrUnsupported, err)
	}
	if advice := descriptorAdvice(err); advice != "" {
		return fmt.Errorf("command: Processes is %d: %s: %w", processes, advice, err)
	}
	return fmt.Errorf("command: %w", err)
}

// release closes what the slots hold, in which nothing runs.
func (e *Executor) release() {
	for _, s := range e.slots {
		s.thread.Close()
	}
}

// Execute implements [tandem.Executor]. Its calls are those of [Exec] and of the
// tasks in [Config.Programs].
func (e *Executor) Execute(ctx context.Context, b *tandem.Batch) error {
	if err := b.Portable(); err != nil {
		return err
	}
	if err := e.checkTask(b); err != nil {
		return err
	}
	if err := e.queue.Push(ctx, b); err != nil {
		return err
	}
	b.Watch()
	e.start(b.Len())
	return nil
}

// start starts up to n runners.
func (e *Executor) start(n int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return
	}
	for range min(n, len(e.slots)-e.busy) {
		e.busy++
		e.runners.Go(e.run)
	}
}

// run runs calls until there are none. It is the goroutine of a runner.
func (e *Executor) run() {
	for s := e.next(); s != nil; s = e.next() {
		s.runCall()

		// Who waits for the outcome runs here and now. Otherwise another thread is
		// woken for it while this one starts the next program.
		runtime.Gosched()
	}
}

// next puts the next call into the free slot with the lowest number, so that calls
// get low numbers in their order. It returns nil when none waits, and the runner is
// none any more: looking for work and giving up are one step under the lock (E2).
func (e *Executor) next() *slot {
	e.mu.Lock()
	defer e.mu.Unlock()
	calls := e.queue.Claim(1, len(e.slots))
	if calls.Len() == 0 {
		e.busy--
		e.settleLocked()
		return nil
	}
	for _, s := range e.slots {
		if s.call == (tandem.Call{}) {
			s.call = calls.At(0)
			return s
		}
	}
	panic("command: a call and no free slot") // E1
}

// settleLocked tells Close when nothing is left to wait for. The queue drains
// by then, so that this state is final.
func (e *Executor) settleLocked() {
	if e.settled == nil || e.busy > 0 || e.queue.Waiting() > 0 {
		return
	}
	select {
	case <-e.settled:
	default:
		close(e.settled)
	}
}

// Cancel implements [tandem.Executor]. A running program is asked to end.
func (e *Executor) Cancel(b *tandem.Batch) {
	b.MarkCanceled() // first: a slot that starts a call now looks at it
	e.queue.Withdraw(b, tandem.Call.FailCanceled)
	e.cancelRunning(func(c tandem.Call) bool { return c.Batch() == b })
}

// Stop implements [tandem.Stopper]. A running program is asked to end.
func (e *Executor) Stop(c tandem.Call) {
	if e.queue.Remove(c) {
		c.FailCanceled()
	}
	e.cancelRunning(func(other tandem.Call) bool { return other == c })
}

// cancelRunning makes the programs end that run a call of those that match.
func (e *Executor) cancelRunning(match func(tandem.Call) bool) {
	for _, s := range e.noteCanceled(match) {
		s.thread.Wake()
	}
}

// noteCanceled returns the slots that run a call of those that match, which know
// now that it is to stop.
func (e *Executor) noteCanceled(match func(tandem.Call) bool) (running []*slot) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.slots {
		if s.call != (tandem.Call{}) && match(s.call) {
			s.canceled = true
			running = append(running, s)
		}
	}
	e.settleLocked()
	return running
}

// Stats implements [tandem.Executor]. A worker is a slot's program.
func (e *Executor) Stats() tandem.Stats {
	stats := e.queue.Stats()
	stats.Slots = len(e.slots)
	stats.Workers = make([]tandem.WorkerStats, 0, len(e.slots))
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, s := range e.slots {
		worker := s.statsLocked()
		stats.Running += worker.Running
		stats.Workers = append(stats.Workers, worker)
	}
	return stats
}

// Close implements [tandem.Executor]. When ctx ends first, running programs are
// killed without being asked.
func (e *Executor) Close(ctx context.Context) error {
	e.queue.Drain()
	settled := e.settling()
	var err error
	if !waitFor(ctx, settled) {
		err = e.kill(ctx, settled)
	}
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.runners.Wait()
	e.released.Do(e.release)
	return err
}

// waitFor waits until event is closed or ctx ends, and reports whether it is.
func waitFor(ctx context.Context, event <-chan struct{}) bool {
	select {
	case <-event:
		return true
	case <-ctx.Done():
	}
	select {
	case <-event:
		return true
	default:
		return false
	}
}

// settling returns the channel that is closed once nothing runs or waits.
func (e *Executor) settling() <-chan struct{} {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.settled == nil {
		e.settled = make(chan struct{})
	}
	e.settleLocked()
	return e.settled
}

// kill ends what waits and what runs, and returns how much that was, or nil if
// it was nothing.
func (e *Executor) kill(ctx context.Context, settled <-chan struct{}) error {
	e.forced.Store(true)
	for _, s := range e.slots {
		s.thread.Wake()
	}
	e.queue.WithdrawAll(func(c tandem.Call) { c.Fail(e.drop(c)) })
	e.settling()
	<-settled
	dropped, running := e.dropped.Load(), e.cutShort.Load()
	if dropped == 0 && running == 0 {
		return nil
	}
	return fmt.Errorf("command: closed with %d calls waiting and %d running: %w", dropped, running, context.Cause(ctx))
}

// drop returns the error of a call that does not start because of kill. A slot
// that has just become free can claim one before kill withdraws it.
func (e *Executor) drop(c tandem.Call) error {
	e.dropped.Add(1)
	return tandem.NewCallError(tandem.ErrClosed, tandem.NotStarted, c, "", nil)
}
