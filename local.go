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
	killed    atomic.Bool   // Close gives up what runs
	free      atomic.Int32  // slots not in use; written under mu
	wanted    atomic.Int32  // len(reclaims); written under mu
	looks     atomic.Uint64 // how often a free slot has looked for calls; written under mu

	mu       sync.Mutex
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
	l := &Local{threads: config.Threads, queue: NewQueue(config.Queue)}
	l.free.Store(int32(l.threads))
	return l
}

// Execute implements [Executor].
func (l *Local) Execute(ctx context.Context, b *Batch) error {
	if !b.body.runnable() {
		return b.refusal(ErrUnknownTask, fmt.Errorf("%s has no function in this process: it needs another executor", b.name))
	}
	if b.size == 1 && l.direct(ctx, b) {
		return nil
	}
	if err := l.queue.Push(ctx, b); err != nil {
		return err
	}
	if l.free.Load() > 0 { // else who frees a slot looks for calls after that
		l.start(b.Len())
	}
	if b.span.left() > 0 {
		b.Watch() // nobody looks at its context until a slot is free
	}
	return nil
}

// direct puts a single call on a free slot without a stay in the queue, if it
// would be the first there. It reports whether it has.
func (l *Local) direct(ctx context.Context, b *Batch) bool {
	if l.free.Load() == 0 || ctx.Err() != nil {
		return false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.free.Load() == 0 || !l.queue.pass(b) {
		return false
	}
	l.free.Add(-1)
	l.goLocked(b.All())
	return true
}

// start puts runners on up to n free slots, as far as there are calls for them.
func (l *Local) start(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for ; n > 0 && l.free.Load() > 0; n-- {
		next := l.findLocked()
		if next.Len() == 0 {
			break
		}
		l.free.Add(-1)
		l.goLocked(next)
	}
	l.settleLocked()
}

// takeBack returns calls to the queue, and has free slots look there: one may have
// become free after the calls had been claimed (L2).
func (l *Local) takeBack(calls Calls) {
	l.queue.Return(calls)
	if l.free.Load() > 0 {
		l.start(calls.Len())
	}
}

// findLocked returns calls for a free slot: of the queue, or else half of what a
// runner has claimed and not started.
func (l *Local) findLocked() Calls {
	if next := l.queue.Claim(maxShare, l.threads); next.Len() > 0 {
		return next
	}
	l.looks.Add(1) // after the queue and before the shares: see runShare
	for _, r := range l.runners {
		if r.share.left() > 0 {
			if next := r.share.half(); next.Len() > 0 {
				return next
			}
		}
	}
	return Calls{}
}

// goLocked starts a runner, which owns a slot until it retires.
func (l *Local) goLocked(next Calls) {
	var r *runner
	if n := len(l.spare); n > 0 {
		r, l.spare = l.spare[n-1], l.spare[:n-1]
	} else {
		r = &runner{local: l}
		r.loop = r.run
	}
	r.next, r.looks = next, l.looks.Load()
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
	if !l.grantLocked() {
		l.free.Add(1)
		if next = l.findLocked(); next.Len() > 0 {
			l.free.Add(-1)
			r.looks = l.looks.Load()
			return next, false
		}
	}
	last := len(l.runners) - 1
	l.runners[r.place] = l.runners[last]
	l.runners[r.place].place = r.place
	l.runners = l.runners[:last]
	l.spare = append(l.spare, r)
	l.settleLocked()
	return Calls{}, true
}

// grantLocked passes a slot on to the first wait that wants one again.
func (l *Local) grantLocked() bool {
	if len(l.reclaims) == 0 {
		return false
	}
	close(l.reclaims[0])
	l.reclaims = slices.Delete(l.reclaims, 0, 1)
	l.wanted.Add(-1)
	return true
}

// lendSlot gives up the slot of a task that waits: to a wait that wants one
// again, to a new runner for waiting calls, or back.
func (l *Local) lendSlot() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.grantLocked() {
		return
	}
	l.free.Add(1)
	if next := l.findLocked(); next.Len() > 0 {
		l.free.Add(-1)
		l.goLocked(next)
	}
}

// claimSlot closes granted when the task that waited has a slot again. Others
// hold slots only while they run or until they lend theirs, so that moment
// comes when they do.
func (l *Local) claimSlot(granted chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.free.Load() > 0 {
		l.free.Add(-1)
		close(granted)
		return
	}
	l.reclaims = append(l.reclaims, granted)
	l.wanted.Add(1)
}

// Cancel implements [Executor].
func (l *Local) Cancel(b *Batch) {
	b.MarkCanceled()
	l.queue.Withdraw(b, Call.FailCanceled)
}

// Stop implements [Stopper]. A running call has its context canceled.
func (l *Local) Stop(c Call) {
	if l.queue.Remove(c) {
		c.FailCanceled()
		return
	}
	c.endRun()
}

// Stats implements [Executor].
func (l *Local) Stats() Stats {
	s := l.queue.Stats()
	s.Slots = l.threads
	s.Abandoned = int(l.abandoned.Load())
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.runners {
		if r.batch.Load() != nil {
			s.Running++
		}
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
	drop := func(c Call) {
		dropped++
		c.Fail(NewCallError(ErrClosed, NotStarted, c, "", nil))
	}
	l.queue.WithdrawAll(drop)
	for _, calls := range l.claimed() {
		for i := range calls.Len() {
			drop(calls.At(i))
		}
	}
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
	l.settleLocked()
	return l.settled
}

// settleLocked tells Close when nothing is left to wait for. The queue drains
// by then, so that this state is final.
func (l *Local) settleLocked() {
	if l.settled == nil || len(l.runners) > 0 || l.queue.Waiting() > 0 {
		return
	}
	select {
	case <-l.settled:
	default:
		close(l.settled)
	}
}

// claimed takes the calls away that runners have claimed and not started.
func (l *Local) claimed() []Calls {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []Calls
	for _, r := range l.runners {
		all = append(all, r.share.rest())
	}
	return all
}

// giveUp cancels the contexts of running calls, finishes those that have a
// future, and returns how many were running.
func (l *Local) giveUp() int {
	l.killed.Store(true) // before looking: a batch that comes meanwhile sees it
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
		if b.mapped {
			b.body.halt(ErrClosed)
			continue
		}
		l.abandoned.Add(1) // before the claim, whose loser takes it back
		if !b.body.claim(0) {
			l.abandoned.Add(-1)
			continue
		}
		c := Call{b, 0}
		c.publish(NewCallError(ErrClosed, MayHaveRun, c, "", nil))
	}
	return len(running)
}
