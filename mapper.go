package tandem

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// maxChunk bounds how many calls travel together. More would save little.
	maxChunk = 512

	// maxWindow bounds the default window. It covers several chunks of the
	// largest size for each of a few slots.
	maxWindow = 8 * maxChunk

	// linger is how long an input may wait for others to travel with. Longer
	// delays the outcomes of a slow input; shorter sends small chunks.
	linger = time.Millisecond

	// A chunk that is back sooner than growBelow could have been twice as long.
	growBelow = 500 * time.Microsecond

	// chunkTime is how long the calls of a chunk should take at the speed at which
	// outcomes are yielded, which is measured over at least as long. Longer makes
	// more inputs wait for others; shorter sends small chunks.
	chunkTime = time.Millisecond

	// releaseEvery is how many outcomes are yielded between two notes to a
	// feeder that has room. More saves writes to memory shared with it.
	releaseEvery = 32
)

// mapper runs one Map. Three parties meet in it:
//
//	feeder --open chunk--> executor --finished--> consumer --yield--> the loop
//	  ^                                              |
//	  +-------------- room in the window ------------+
//
// The feeder is a goroutine that pulls inputs into the open chunk. The chunk is
// sent when it has reached the target size or there is a free slot for it, or by a
// timer that does not let an input linger; sealing it decides between the two. The
// consumer is the goroutine of the loop.
//
// M1: at most window inputs have been taken and not been yielded.
// M2: chunks are pending in the order of their inputs.
// M3: run returns only when the feeder has ended and every call has finished.
type mapper[In, Out any] struct {
	// Immutable once run has begun.
	outer    context.Context // given to Map
	ctx      context.Context // of the whole Map, below outer; canceled when the loop is left
	executor Executor
	task     Task[In, Out]
	opts     mapOptions
	slots    int
	lender   *callContext // the task that ranges, if any
	halt     context.CancelCauseFunc
	timer    *time.Timer

	feeder  sync.WaitGroup
	sending sync.WaitGroup // sends by the timer
	wake    chan struct{}  // for the consumer: look again
	room    chan struct{}  // for the feeder: look again

	// Read for each element, and seldom written.
	over    atomic.Bool  // ctx has ended
	target  atomic.Int64 // calls a chunk should have
	window  atomic.Int64 // inputs that may be taken and not yielded
	starved atomic.Int64 // how many inputs the feeder had taken when it began to wait for room; 0 when it does not

	_ cacheLine

	// Owned by the feeder, apart from open.
	open  atomic.Pointer[chunk[In, Out]] // being filled, or last filled
	taken int                            // inputs
	limit int                            // taken may grow to this before yielded is read again

	_ cacheLine

	// Owned by the consumer, which lets the feeder read yielded.
	released      int64        // outcomes yielded
	yielded       atomic.Int64 // lags behind released while the feeder does not starve
	retiredAt     time.Time    // when a chunk was last retired
	measuredAt    time.Time    // when the speed was last measured
	measuredUntil int64        // released then

	_ cacheLine

	mu       sync.Mutex
	pending  []*chunk[In, Out]            // sent, and not taken by the consumer
	live     map[*chunk[In, Out]]struct{} // sent, and not wholly yielded
	arrivals []*chunk[In, Out]            // with calls that finished, with Unordered
	spare    []storage[In, Out]           // of chunks whose outcomes have been yielded
	sent     int64                        // calls in chunks that were sent
	ended    bool                         // no more chunks will be sent
	failure  error                        // why the input ended early
}

// cacheLine keeps what one goroutine writes often apart from what others read.
type cacheLine [64]byte

func newMapper[In, Out any](ctx context.Context, ex Executor, task Task[In, Out], opts mapOptions) *mapper[In, Out] {
	m := &mapper[In, Out]{
		outer: ctx, ctx: ctx, executor: ex, task: task, opts: opts,
		slots:  max(1, ex.Stats().Slots),
		lender: lenderOf(ctx),
		wake:   make(chan struct{}, 1),
		room:   make(chan struct{}, 1),
		live:   make(map[*chunk[In, Out]]struct{}),
	}
	m.resize(1)
	return m
}

// yielder takes the outcome of call i of c.
type yielder[In, Out any] func(c *chunk[In, Out], i int32) bool

// run maps inputs and gives each outcome to yield, until that returns false. It
// returns why the input ended early, unless yield returned false.
func (m *mapper[In, Out]) run(inputs iter.Seq[In], yield yielder[In, Out]) error {
	ctx, cancel := context.WithCancelCause(m.ctx)
	m.ctx, m.halt = ctx, cancel
	m.timer = time.AfterFunc(time.Hour, m.sendLate)
	m.timer.Stop()
	canceled := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(canceled)
		m.over.Store(true)
		m.cancelLive()
	})
	if m.opts.handle != nil {
		defer m.opts.handle.attach(m)()
	}
	m.feeder.Go(func() { m.feed(inputs) })
	defer func() {
		if !stop() {
			<-canceled
		}
		m.over.Store(true)
		cancel(nil)
		m.join()
	}()
	consume := m.consumeOrdered
	if m.opts.unordered {
		consume = m.consumeArrivals
	}
	if !consume(yield) {
		return nil
	}
	return m.failure
}

// join returns when nothing of the Map goes on. After a loop that was not left
// early there is nothing to wait for.
func (m *mapper[In, Out]) join() {
	m.feeder.Wait()
	m.sending.Wait()
	m.cancelLive()
	for c := range m.live {
		for i := range c.batch.size {
			m.await(c, i)
		}
		c.count()
	}
}

// feed is the feeder: it pulls inputs until they end, the Map does, or the
// iterator panics.
func (m *mapper[In, Out]) feed(inputs iter.Seq[In]) {
	returned := false
	defer func() {
		var failure error
		if v := recover(); v != nil {
			failure = fmt.Errorf("tandem: input iterator: %w", &PanicError{Value: v, Stack: debug.Stack()})
		} else if !returned {
			failure = fmt.Errorf("tandem: input iterator: %w", &PanicError{Goexit: true})
		} else if cause := m.cause(); cause != nil {
			failure = newCallError(ErrCanceled, NotStarted, cause)
		}
		m.endInput(failure)
	}()
	for in := range inputs {
		if !m.add(in) {
			break
		}
	}
	returned = true
}

// cause returns why the input may have ended early, or nil. An input that watches
// the outer context may end before that has reached the one below.
func (m *mapper[In, Out]) cause() error {
	if cause := context.Cause(m.ctx); cause != nil {
		return cause
	}
	return context.Cause(m.outer)
}

// add puts an input into the open chunk, and reports whether there is room for
// another, for which it waits.
func (m *mapper[In, Out]) add(in In) bool {
	c := m.open.Load()
	first := c == nil || !c.put(in)
	if first {
		c = newChunk(m, m.taken, int(m.target.Load()))
		c.put(in)
		m.open.Store(c)
	}
	m.taken++
	switch {
	case m.taken-c.batch.first == len(c.inputs), first && m.taken-int(m.yielded.Load()) <= m.slots:
		m.sendSealed(c)
	case first:
		m.timer.Reset(linger)
	}
	if m.taken < m.limit {
		return !m.over.Load()
	}
	return m.awaitRoom()
}

// storage returns storage for a chunk of n calls.
func (m *mapper[In, Out]) storage(n int) (s storage[In, Out]) {
	m.mu.Lock()
	if last := len(m.spare) - 1; last >= 0 {
		s, m.spare = m.spare[last], m.spare[:last]
	}
	m.mu.Unlock()
	return s.fitted(n, m.opts.unordered)
}

// awaitRoom blocks while the window is full and reports whether the Map goes on.
func (m *mapper[In, Out]) awaitRoom() bool {
	for !m.over.Load() {
		if m.limit = int(m.yielded.Load() + m.window.Load()); m.taken < m.limit {
			return true
		}
		m.sendOpen()
		m.starved.Store(int64(m.taken))
		if m.taken < int(m.yielded.Load()+m.window.Load()) {
			continue
		}
		select {
		case <-m.room:
		case <-m.ctx.Done():
			return false
		}
	}
	return false
}

// release makes room for one more input. While the feeder finds room, it need
// not know at once.
func (m *mapper[In, Out]) release() {
	m.released++
	if m.released%releaseEvery == 0 || m.starved.Load() != 0 {
		m.feedMore()
	}
}

// feedMore tells the feeder how much has been yielded, and wakes it if it waits
// and half of the window is free. The consumer calls it before it waits itself,
// so that never both do.
func (m *mapper[In, Out]) feedMore() {
	m.yielded.Store(m.released)
	if taken := m.starved.Load(); taken != 0 && taken-m.released <= m.window.Load()/2 {
		m.starved.Store(0)
		signal(m.room)
	}
}

// sendOpen sends the open chunk as it is, if it was not sent.
func (m *mapper[In, Out]) sendOpen() {
	if c := m.open.Load(); c != nil {
		m.sendSealed(c)
	}
}

// sendLate is the timer's sendOpen.
func (m *mapper[In, Out]) sendLate() {
	m.mu.Lock()
	if m.ended {
		m.mu.Unlock()
		return
	}
	m.sending.Add(1)
	m.mu.Unlock()
	defer m.sending.Done()
	m.sendOpen()
}

// sendSealed seals c and sends it, unless that was done. Sealing it and putting
// it among the pending chunks are one step: else the feeder, which finds it
// sealed, could send the next one, or end, before it is there (M2).
func (m *mapper[In, Out]) sendSealed(c *chunk[In, Out]) {
	m.mu.Lock()
	if !c.seal() {
		m.mu.Unlock()
		return
	}
	c.sentAt = time.Now()
	m.live[c] = struct{}{}
	m.sent += int64(c.batch.size)
	if !m.opts.unordered {
		m.pending = append(m.pending, c)
	}
	m.mu.Unlock()
	m.send(c)
}

// send gives a chunk to the executor, or fails its calls when that refuses.
func (m *mapper[In, Out]) send(c *chunk[In, Out]) {
	if err := m.executor.Execute(m.ctx, &c.batch); err != nil {
		c.refuse(err)
	} else if m.ctx.Err() != nil {
		m.executor.Cancel(&c.batch) // cancelLive may have come before the executor had it
	}
	signal(m.wake)
}

// endInput is the feeder's last act. A send by the timer is waited for.
func (m *mapper[In, Out]) endInput(failure error) {
	m.sendOpen()
	m.timer.Stop()
	m.mu.Lock()
	m.ended, m.failure = true, failure
	m.mu.Unlock()
	m.sending.Wait()
	signal(m.wake)
}

// cancelLive cancels all that was sent.
func (m *mapper[In, Out]) cancelLive() {
	m.mu.Lock()
	chunks := slices.Collect(maps.Keys(m.live))
	m.mu.Unlock()
	for _, c := range chunks {
		m.executor.Cancel(&c.batch)
	}
}

// signal leaves a token in ch for whoever looks next.
func signal(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}
