package tandem

import "time"

// finished tells the consumer, which awaits one call of c or any, that it has an
// outcome.
func (m *mapper[In, Out]) finished(c *chunk[In, Out], awaited int32) {
	if !c.awaited.CompareAndSwap(awaited, noCall) {
		return // another one told it
	}
	if awaited == anyCall {
		m.mu.Lock()
		m.arrivals = append(m.arrivals, c)
		m.mu.Unlock()
	}
	signal(m.wake)
}

// consumeOrdered yields outcomes in the order of the inputs. It returns false
// when the loop was left.
func (m *mapper[In, Out]) consumeOrdered(yield yielder[In, Out]) bool {
	for c := m.next(); c != nil; c = m.next() {
		for i := range c.batch.size {
			if !c.finished(i) {
				m.await(c, i)
			}
			if i == c.batch.size-1 {
				m.retire(c)
			}
			m.release()
			if !yield(c, i) {
				return false
			}
		}
		m.recycle(c)
	}
	return true
}

// next returns the next chunk in order, or nil when there are no more.
func (m *mapper[In, Out]) next() *chunk[In, Out] {
	for {
		m.mu.Lock()
		if len(m.pending) > 0 {
			c := m.pending[0]
			m.pending[0] = nil
			m.pending = m.pending[1:]
			m.mu.Unlock()
			return c
		}
		over := m.ended && len(m.pending) == 0
		m.mu.Unlock()
		if over {
			return nil
		}
		m.park()
	}
}

// await blocks until call i of c has finished.
func (m *mapper[In, Out]) await(c *chunk[In, Out], i int32) {
	for !c.finished(i) {
		c.awaited.Store(i)
		if c.finished(i) {
			c.awaited.Store(noCall)
			return
		}
		m.park()
	}
}

// consumeArrivals yields outcomes as they finish. It returns false when the
// loop was left.
func (m *mapper[In, Out]) consumeArrivals(yield yielder[In, Out]) bool {
	var batch, spare []*chunk[In, Out]
	for {
		m.mu.Lock()
		batch, m.arrivals = m.arrivals, spare[:0]
		over := m.ended && m.released == m.sent
		m.mu.Unlock()
		if over {
			return true
		}
		if len(batch) == 0 {
			m.park()
		}
		for _, c := range batch {
			if !m.consumeChunk(c, yield) {
				return false
			}
		}
		clear(batch)
		spare = batch
	}
}

// consumeChunk yields what has finished of c, of which the consumer was told. What
// finishes later it is told again.
func (m *mapper[In, Out]) consumeChunk(c *chunk[In, Out], yield yielder[In, Out]) bool {
	for {
		for i := c.next(); i != noCall; i = c.next() {
			c.yielded++
			last := c.yielded == c.batch.size
			if last {
				m.retire(c)
			}
			m.release()
			if !yield(c, i) {
				return false
			}
			if last {
				m.recycle(c)
				return true
			}
		}
		c.awaited.Store(anyCall)
		if c.next() == noCall || !c.awaited.CompareAndSwap(anyCall, noCall) {
			return true
		}
	}
}

// park waits for a token, lending the slot of the task that ranges.
func (m *mapper[In, Out]) park() {
	select {
	case <-m.wake:
		return
	default:
	}
	m.feedMore()
	m.hurry()
	m.lender.lend()
	<-m.wake
	m.lender.reclaim()
}

// hurry has the open chunk sent if there is a free slot for it: its inputs need not
// linger. It comes after feedMore: either the consumer sees the chunk, or the feeder
// sees that a slot is free.
func (m *mapper[In, Out]) hurry() {
	if c := m.open.Load(); c == nil || c.sealed() {
		return
	}
	m.mu.Lock()
	free := m.sent-m.released < int64(m.slots) && !m.ended
	m.mu.Unlock()
	if free {
		m.timer.Reset(0)
	}
}

// retire forgets a chunk whose last outcome is being yielded, and learns from
// it how long chunks should be.
func (m *mapper[In, Out]) retire(c *chunk[In, Out]) {
	c.count()
	m.mu.Lock()
	delete(m.live, c)
	m.mu.Unlock()
	m.adapt(c)
}

// adapt learns from a chunk that is being retired how long chunks should be. How
// long it was under way says little when many are: only a short time is a
// reason for longer ones. Otherwise what counts is how fast outcomes come.
func (m *mapper[In, Out]) adapt(c *chunk[In, Out]) {
	now, target := time.Now(), m.target.Load()
	full := int64(c.batch.size) >= target
	if c.sentAt.After(m.retiredAt) { // nothing else was under way: measure from there
		m.measuredAt, m.measuredUntil = c.sentAt, m.released+1-int64(c.batch.size)
	}
	m.retiredAt = now
	if full && now.Sub(c.sentAt) < growBelow {
		m.resize(min(2*target, maxChunk))
		return
	}
	took, n := now.Sub(m.measuredAt), m.released+1-m.measuredUntil
	if took < chunkTime || n <= 0 {
		return
	}
	m.measuredAt, m.measuredUntil = now, m.released+1
	switch want := n * int64(chunkTime) / int64(took); {
	case want >= 2*target && full:
		m.resize(min(2*target, maxChunk))
	case want <= target/2:
		m.resize(max(1, target/2))
	}
}

// recycle takes the storage of a chunk whose outcomes have all been yielded.
func (m *mapper[In, Out]) recycle(c *chunk[In, Out]) {
	if m.opts.call.limited() {
		return // a call that was given up may go on
	}
	c.storage.clear(c.batch.size)
	m.mu.Lock()
	m.spare = append(m.spare, c.storage)
	m.mu.Unlock()
}

// resize sets the target size of chunks and the window that goes with it.
func (m *mapper[In, Out]) resize(target int64) {
	m.target.Store(target)
	window := int64(m.opts.window)
	if window == 0 {
		window = max(4*int64(m.slots), min(8*target, maxWindow))
	}
	m.window.Store(window)
}
