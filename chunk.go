package tandem

import (
	"context"
	"reflect"
	"sync"
	"sync/atomic"
	"time"
)

// chunk is a batch of a Map: consecutive inputs and what became of them.
//
// C1: while a chunk is open, only the feeder writes it. Sending it hands the
// calls to the executor.
// C2: values[i] is written by the owner of call i before state[i] is set, and
// read by the consumer after.
// C3: with Unordered, each call that finishes takes the next place in order. The
// consumer is told of the chunk when awaited is anyCall, so once for all that it
// has not seen.
type chunk[In, Out any] struct {
	mapper *mapper[In, Out]
	batch  Batch
	storage[In, Out]
	sentAt time.Time

	filled  atomic.Int32 // inputs that have been put in; sealed when no more will be
	awaited atomic.Int32 // the call the consumer waits for, noCall, or anyCall
	arrived atomic.Int32 // with Unordered: calls that have a place in order
	yielded int32        // with Unordered: outcomes yielded; owned by the consumer

	mu   sync.Mutex
	errs map[int32]error
}

// storage holds the calls of a chunk.
type storage[In, Out any] struct {
	inputs []In
	values []Out
	state  []atomic.Uint32 // callOpen, callClaimed, callSucceeded, callFailed
	order  []atomic.Int32  // with Unordered: the calls as they finished, each plus 1; nil otherwise
}

// fitted returns s cut or made anew for n calls.
func (s storage[In, Out]) fitted(n int, unordered bool) storage[In, Out] {
	if cap(s.inputs) < n {
		s = storage[In, Out]{inputs: make([]In, n), values: make([]Out, n), state: make([]atomic.Uint32, n)}
		if unordered {
			s.order = make([]atomic.Int32, n)
		}
	}
	s.inputs, s.values, s.state = s.inputs[:n], s.values[:n], s.state[:n]
	if unordered {
		s.order = s.order[:n]
	}
	return s
}

// clear makes s ready for other calls after n, and keeps nothing of those alive.
// The feeder may just be writing an input behind them, for which it comes too late.
func (s storage[In, Out]) clear(n int32) {
	clear(s.inputs[:n])
	clear(s.values[:n])
	clear(s.state[:n])
	if s.order != nil {
		clear(s.order[:n])
	}
}

// sealedBit is the bit of filled that closes the chunk to further inputs.
const sealedBit int32 = 1 << 30

func newChunk[In, Out any](m *mapper[In, Out], first, room int) *chunk[In, Out] {
	c := &chunk[In, Out]{mapper: m, storage: m.storage(room)}
	c.awaited.Store(noCall)
	if m.opts.unordered {
		c.awaited.Store(anyCall)
	}
	c.batch = Batch{name: m.task.name, body: c, ctx: m.ctx, opts: &m.opts.call, first: first, mapped: true, executor: m.executor}
	return c
}

// put adds an input, unless the chunk was sealed. Only the feeder puts.
func (c *chunk[In, Out]) put(in In) bool {
	n := c.filled.Load()
	if n&sealedBit != 0 {
		return false
	}
	c.inputs[n] = in
	if !c.filled.CompareAndSwap(n, n+1) {
		clear(c.inputs[n : n+1]) // sealed meanwhile: nobody else looks at this place
		return false
	}
	return true
}

// seal closes the chunk and makes it ready to be sent. It reports false when
// that was done before.
func (c *chunk[In, Out]) seal() bool {
	n := c.filled.Or(sealedBit)
	if n&sealedBit != 0 {
		return false
	}
	c.batch.size = n
	return true
}

// sealed reports whether no more inputs will be put in.
func (c *chunk[In, Out]) sealed() bool { return c.filled.Load()&sealedBit != 0 }

// refuse fails all calls of a chunk that no executor has accepted.
func (c *chunk[In, Out]) refuse(err error) {
	for i := range c.batch.size {
		c.publish(i, err)
	}
}

// count adds the outcomes, which must be complete, to the executor's counters.
func (c *chunk[In, Out]) count() {
	n := c.batch.counters
	if n == nil {
		return // refused
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	n.succeeded.Add(uint64(int(c.batch.size) - len(c.errs)))
	for _, err := range c.errs {
		n.count(err)
	}
}

const (
	callOpen uint32 = iota
	callClaimed
	callSucceeded
	callFailed
)

// Indexes that stand for no call and for each.
const (
	noCall  = -1
	anyCall = -2
)

// finished reports whether call i has an outcome.
func (c *chunk[In, Out]) finished(i int32) bool { return c.state[i].Load() >= callSucceeded }

// outcome returns what became of call i, which has finished.
func (c *chunk[In, Out]) outcome(i int32) (value Out, err error) {
	if c.state[i].Load() == callSucceeded {
		return c.values[i], nil
	}
	return value, c.failure(i)
}

func (c *chunk[In, Out]) failure(i int32) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.errs[i]
}

func (c *chunk[In, Out]) invoke(ctx context.Context, i int32) error {
	out, err := c.mapper.task.fn(ctx, c.inputs[i])
	if !c.claim(i) {
		return errGivenUp
	}
	c.values[i] = out
	return err
}

// serve is typed, so that a short call costs little more than its function.
func (c *chunk[In, Out]) serve(r *runner) error {
	fn, inputs, values := c.mapper.task.fn, c.inputs, c.values
	for r.begin(&c.batch) {
		i := r.index
		r.inTask = true
		out, err := fn(r.call, inputs[i])
		r.returned()
		if err != nil {
			return err
		}
		values[i] = out
		c.finish(i, callSucceeded)
	}
	return nil
}

// claim needs no atomic step without a timeout: then nobody else claims.
func (c *chunk[In, Out]) claim(i int32) bool {
	return !c.batch.opts.limited() || c.state[i].CompareAndSwap(callOpen, callClaimed)
}

func (c *chunk[In, Out]) unclaim(i int32)  { c.state[i].Store(callOpen) }
func (c *chunk[In, Out]) halt(cause error) { c.mapper.halt(cause) }

func (c *chunk[In, Out]) publish(i int32, err error) {
	if err == nil {
		c.finish(i, callSucceeded)
		return
	}
	c.mu.Lock()
	if c.errs == nil {
		c.errs = make(map[int32]error)
	}
	c.errs[i] = err
	c.mu.Unlock()
	c.finish(i, callFailed)
}

// finish makes the outcome of call i visible.
func (c *chunk[In, Out]) finish(i int32, state uint32) {
	c.state[i].Store(state)
	if c.order != nil {
		c.order[c.arrived.Add(1)-1].Store(i + 1)
	}
	if a := c.awaited.Load(); a == i || a == anyCall {
		c.mapper.finished(c, a)
	}
}

// next returns the call that finished after those that were yielded, or noCall.
func (c *chunk[In, Out]) next() int32 { return c.order[c.yielded].Load() - 1 }

func (c *chunk[In, Out]) runnable() bool                { return c.mapper.task.fn != nil }
func (c *chunk[In, Out]) types() (in, out reflect.Type) { return c.mapper.task.Types() }
func (c *chunk[In, Out]) input(i int32) any             { return c.inputs[i] }

func (c *chunk[In, Out]) appendInput(dst []byte, codec Codec, i int32) ([]byte, error) {
	return codec.Append(dst, &c.inputs[i])
}

func (c *chunk[In, Out]) decode(codec Codec, src []byte, i int32) error {
	return codec.Decode(src, &c.values[i])
}

func (c *chunk[In, Out]) setValue(v any, i int32) error { return assign(&c.values[i], v) }

func (c *chunk[In, Out]) context(r *runner) *callContext {
	return &callContext{parent: c.batch.ctx, runner: r}
}
