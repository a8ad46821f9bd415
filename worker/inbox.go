package worker

import (
	"sync"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/fault"
	"github.com/gotandem/tandem/internal/wire"
)

// served is a task under its number.
type served struct {
	tandem.AnyTask
	codec wire.Codec // of its values
}

// call is a call that this worker has accepted.
type call struct {
	id      uint64
	task    *served // nil: this program has no such task
	input   []byte
	timeout time.Duration
}

// inbox holds the calls that have not started, in the order of their ids. Its
// length is bounded by what the parent sends ahead.
type inbox struct {
	mu     sync.Mutex
	filled sync.Cond // the inbox has calls, or is closed
	calls  []call
	closed bool
}

func (b *inbox) init() { b.filled.L = &b.mu }

// put adds calls and wakes as many threads.
func (b *inbox) put(calls []call) {
	b.mu.Lock()
	b.calls = append(b.calls, calls...)
	b.mu.Unlock()
	if len(calls) == 1 {
		b.filled.Signal()
	} else {
		b.filled.Broadcast()
	}
}

// take removes the first call for thread t, which notes it before the lock is
// released: a call is in the inbox or noted, never neither. It blocks while the
// inbox is empty, after idle was called without the lock; ok is false once it
// is closed and empty.
func (b *inbox) take(t *thread) (c call, ok bool) {
	b.mu.Lock()
	for len(b.calls) == 0 {
		if b.closed {
			b.mu.Unlock()
			return call{}, false
		}
		if t.dirty {
			b.mu.Unlock()
			t.idle()
			fault.At(fault.Idle)
			b.mu.Lock()
			continue
		}
		b.filled.Wait()
	}
	c = b.calls[0]
	b.calls[0] = call{}
	b.calls = b.calls[1:]
	t.begin(c)
	b.mu.Unlock()
	return c, true
}

// remove takes out the call with the given id, if it has not started.
func (b *inbox) remove(id uint64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.calls {
		if b.calls[i].id == id {
			b.calls = append(b.calls[:i], b.calls[i+1:]...)
			return true
		}
	}
	return false
}

// removeLast takes out up to n of the latest calls whose ids follow one another,
// and returns the first of them and how many they are.
func (b *inbox) removeLast(n int) (first uint64, count int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for count < n && len(b.calls) > 0 {
		last := len(b.calls) - 1
		if count > 0 && b.calls[last].id+1 != first {
			break
		}
		first = b.calls[last].id
		count++
		b.calls[last] = call{}
		b.calls = b.calls[:last]
	}
	return first, count
}

// close lets the threads end when the inbox is empty.
func (b *inbox) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
	b.filled.Broadcast()
}
