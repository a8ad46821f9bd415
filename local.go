package tandem

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// LocalConfig describes a [Local] executor. Each field's zero value is usable.
type LocalConfig struct {
	// Threads is how many calls run at once. Zero means GOMAXPROCS, which
	// suits computing; waiting work wants as many as may wait together.
	Threads int

	// Queue is how many accepted calls may wait for a slot. Zero means 1024.
	// More smooths bursts; fewer make submitters feel sooner that calls pile up.
	Queue int
}

// DefaultQueue is the length of an executor's queue when its Config names none.
const DefaultQueue = 1024

// Local runs calls on goroutines of this process, which share its memory. It is
// the reference for all executors.
//
// A goroutine lives while there is work for it: an idle Local has none, so one
// that is never closed holds only memory.
//
// L1: at most Threads runners own a slot. One whose task waits has lent its own.
// L2: while a slot is free, no call waits, neither in the queue nor in a share.
// L3: a lent slot is taken again before the waiting task goes on.
type Local struct {
	threads   int // immutable
	queue     *Queue
	abandoned atomic.Int64
	wanted    atomic.Int32 // len(reclaims), for runners to see without the lock

	mu       sync.Mutex
	inUse    int             // slots in use
	runners  []*runner       // with a slot, or with one lent
	spare    []*runner       // retired, for reuse
	reclaims []chan struct{} // waits that want a slot again, first come first served
	settled  chan struct{}   // made by Close; closed when nothing runs or waits
}

// NewLocal returns an executor that runs calls on goroutines. It panics if a
// field of config is negative.
func NewLocal(config LocalConfig) *Local {
	if config.Threads < 0 || config.Queue < 0 {
		panic(fmt.Sprintf("tandem: NewLocal(%+v): want 0 or more in each field", config))
	}
	if config.Threads == 0 {
		config.Threads = runtime.GOMAXPROCS(0)
	}
	if config.Queue == 0 {
		config.Queue = DefaultQueue
	}
	return &Local{threads: config.Threads, queue: NewQueue(config.Queue)}
}

// Execute implements [Executor].
func (l *Local) Execute(ctx context.Context, b *Batch) error {
	if !b.body.runnable() {
		return b.refusal(ErrUnknownTask, fmt.Errorf("%s has no function in this process: it needs another executor", b.name))
	}
	if err := l.queue.Push(ctx, b); err != nil {
		return err
	}
	if !l.start(b.Len()) {
		b.Watch() // nobody looks at its context until a slot is free
	}
	return nil
}

// start puts runners on up to n free slots and reports whether it found n.
func (l *Local) start(n int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for ; n > 0 && l.inUse < l.threads; n-- {
		l.inUse++
		l.goLocked()
	}
	return n == 0
}

// goLocked starts a runner, which owns a slot until it retires.
func (l *Local) goLocked() {
	var r *runner
	if n := len(l.spare); n > 0 {
		r, l.spare = l.spare[n-1], l.spare[:n-1]
	} else {
		r = &runner{local: l}
		r.loop = r.run
	}
	r.place = len(l.runners)
	l.runners = append(l.runners, r)
	go r.loop()
}

// retire ends r, unless it finds calls to do next. Looking for work and giving
// up the slot are one step under the lock, so that calls pushed meanwhile find
// a runner that will see them or a free slot.
func (l *Local) retire(r *runner) (next Calls, retired bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.reclaims) == 0 {
		if next = l.queue.Claim(maxShare, l.threads); next.Len() > 0 {
			return next, false
		}
		if next = l.stealLocked(); next.Len() > 0 {
			return next, false
		}
	}
	last := len(l.runners) - 1
	l.runners[r.place] = l.runners[last]
	l.runners[r.place].place = r.place
	l.runners = l.runners[:last]
	l.spare = append(l.spare, r)
	l.releaseLocked()
	if len(l.runners) == 0 {
		l.settleLocked()
	}
	return Calls{}, true
}

// stealLocked takes half of what another runner has claimed and not started.
func (l *Local) stealLocked() Calls {
	for _, r := range l.runners {
		if r.share.left() > 0 {
			return r.share.half()
		}
	}
	return Calls{}
}

// releaseLocked passes a slot on: to a wait that wants one again, to a new
// runner for waiting calls, or back.
func (l *Local) releaseLocked() {
	switch {
	case len(l.reclaims) > 0:
		close(l.reclaims[0])
		l.reclaims = slices.Delete(l.reclaims, 0, 1)
		l.wanted.Add(-1)
	case l.queue.head.Load() != nil:
		l.goLocked()
	default:
		l.inUse--
	}
}

// lendSlot gives up the slot of a task that waits.
func (l *Local) lendSlot() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.releaseLocked()
}

// reclaimSlot blocks until the task that waited has a slot again. Others hold
// slots only while they run or until they lend theirs, so it ends when they do.
func (l *Local) reclaimSlot() {
	l.mu.Lock()
	if l.inUse < l.threads {
		l.inUse++
		l.mu.Unlock()
		return
	}
	granted := make(chan struct{})
	l.reclaims = append(l.reclaims, granted)
	l.wanted.Add(1)
	l.mu.Unlock()
	<-granted
}

// Cancel implements [Executor].
func (l *Local) Cancel(b *Batch) {
	b.MarkCanceled()
	l.queue.Withdraw(b, Call.FailCanceled)
}

// Stats implements [Executor].
func (l *Local) Stats() Stats {
	s := l.queue.Stats()
	s.Slots = l.threads
	s.Abandoned = int(l.abandoned.Load())
	l.mu.Lock()
	defer l.mu.Unlock()
	s.Running = len(l.runners)
	for _, r := range l.runners {
		s.Waiting += r.share.left()
	}
	return s
}

// Close implements [Executor]. Goroutines cannot be killed: when ctx ends while
// tasks run, their contexts are canceled with [ErrClosed] as the cause. Calls
// made by [Submit] are given up at once, with fate [MayHaveRun]; those of a
// [Map] finish when their tasks return.
func (l *Local) Close(ctx context.Context) error {
	l.queue.Drain()
	select {
	case <-l.settling():
		return nil
	case <-ctx.Done():
	}
	dropped := 0
	l.queue.WithdrawAll(func(c Call) {
		dropped++
		c.settle(NewCallError(ErrClosed, NotStarted, c, "", nil))
	})
	running := l.giveUp()
	if dropped+running == 0 {
		return nil
	}
	return fmt.Errorf("tandem: closed with %d calls waiting and %d running: %w", dropped, running, context.Cause(ctx))
}

// settling returns the channel that is closed once nothing runs or waits.
func (l *Local) settling() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.settled == nil {
		l.settled = make(chan struct{})
	}
	if len(l.runners) == 0 && l.queue.Waiting() == 0 {
		l.settleLocked()
	}
	return l.settled
}

// settleLocked tells Close that nothing is left to wait for. The queue drains
// by then, so that this state is final.
func (l *Local) settleLocked() {
	if l.settled == nil {
		return
	}
	select {
	case <-l.settled:
	default:
		close(l.settled)
	}
}

// giveUp cancels the contexts of running calls, finishes those that have a
// future, and returns how many were running.
func (l *Local) giveUp() int {
	var running []*Batch
	l.mu.Lock()
	for _, r := range l.runners {
		if b := r.batch.Load(); b != nil {
			running = append(running, b)
		}
	}
	l.mu.Unlock()
	for _, b := range running {
		b.cancelWith(ErrClosed)
		if !b.mapped && b.body.claim(0) {
			l.abandoned.Add(1)
			c := Call{b, 0}
			c.settle(NewCallError(ErrClosed, MayHaveRun, c, "", nil))
		}
	}
	return len(running)
}
