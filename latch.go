package tandem

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// latch opens once. Waiting with a context that cannot end allocates nothing.
type latch struct {
	group sync.WaitGroup           // 1 until the latch opens
	state atomic.Pointer[watchers] // nil, or of those that do not block in wait; latchOpen from open on
}

// watchers are those that do not block in wait.
type watchers struct {
	mu    sync.Mutex
	fired bool          // the latch has opened: nobody comes any more
	ch    chan struct{} // made on demand; closed by open
	hooks []*hook
}

// latchOpen is the state of open latches.
var latchOpen = func() *watchers {
	w := &watchers{fired: true, ch: make(chan struct{})}
	close(w.ch)
	return w
}()

// hook is what a latch runs when it opens.
type hook struct{ run func() }

// close makes the zero latch ready. It is called once, before the latch is shared.
func (l *latch) close() { l.group.Add(1) }

// opened reports whether the latch is open.
func (l *latch) opened() bool { return l.state.Load() == latchOpen }

// open opens the latch and runs the hooks. It is called once.
func (l *latch) open() {
	w := l.state.Swap(latchOpen)
	l.group.Done()
	if w == nil {
		return
	}
	w.mu.Lock()
	w.fired = true
	ch, hooks := w.ch, w.hooks
	w.mu.Unlock()
	if ch != nil {
		close(ch)
	}
	for _, h := range hooks {
		h.run()
	}
}

// wait blocks until the latch is open or ctx ends, and reports whether it is open.
func (l *latch) wait(ctx context.Context) bool {
	if l.opened() {
		return true
	}
	done := ctx.Done()
	if done == nil {
		l.group.Wait()
		return true
	}
	select {
	case <-l.channel():
		return true
	case <-done:
		return l.opened()
	}
}

// channel returns a channel that is closed when the latch opens.
func (l *latch) channel() <-chan struct{} {
	if l.opened() {
		return latchOpen.ch
	}
	w := l.watchers()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.fired {
		return latchOpen.ch
	}
	if w.ch == nil {
		w.ch = make(chan struct{})
	}
	return w.ch
}

// then runs h once the latch is open, at once if it is. h must be short and must
// not block: it runs on the goroutine that opens the latch.
func (l *latch) then(h *hook) {
	if l.opened() {
		h.run()
		return
	}
	w := l.watchers()
	w.mu.Lock()
	if !w.fired {
		w.hooks = append(w.hooks, h)
		w.mu.Unlock()
		return
	}
	w.mu.Unlock()
	h.run()
}

// forget drops a hook that was given to then. It may run all the same if the
// latch opens meanwhile.
func (l *latch) forget(h *hook) {
	if l.opened() {
		return
	}
	w := l.watchers()
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.fired {
		w.hooks = slices.DeleteFunc(w.hooks, func(other *hook) bool { return other == h })
	}
}

// watchers returns the state, making it if need be.
func (l *latch) watchers() *watchers {
	if w := l.state.Load(); w != nil {
		return w
	}
	l.state.CompareAndSwap(nil, new(watchers))
	return l.state.Load()
}
