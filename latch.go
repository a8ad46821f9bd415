package tandem

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
)

// latch opens once. Waiting with a context that cannot end allocates nothing.
type latch struct {
	opened atomic.Bool
	group  sync.WaitGroup // 1 until the latch opens

	mu      sync.Mutex
	waiting *watchers // made on demand
}

// watchers are those that do not block in wait.
type watchers struct {
	ch    chan struct{} // made on demand; closed by open
	hooks []*hook
}

// hook is what a latch runs when it opens.
type hook struct{ run func() }

// close makes the zero latch ready. It is called once, before the latch is shared.
func (l *latch) close() { l.group.Add(1) }

// open opens the latch and runs the hooks. It is called once.
func (l *latch) open() {
	l.mu.Lock()
	l.opened.Store(true)
	w := l.waiting
	l.mu.Unlock()
	l.group.Done()
	if w == nil {
		return
	}
	if w.ch != nil {
		close(w.ch)
	}
	for _, h := range w.hooks {
		h.run()
	}
}

// wait blocks until the latch is open or ctx ends, and reports whether it is open.
func (l *latch) wait(ctx context.Context) bool {
	if l.opened.Load() {
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
		return l.opened.Load()
	}
}

// channel returns a channel that is closed when the latch opens.
func (l *latch) channel() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	w := l.watchersLocked()
	if w.ch == nil {
		w.ch = make(chan struct{})
		if l.opened.Load() {
			close(w.ch)
		}
	}
	return w.ch
}

// then runs h once the latch is open, at once if it is. h must be short and must
// not block: it runs on the goroutine that opens the latch.
func (l *latch) then(h *hook) {
	l.mu.Lock()
	if !l.opened.Load() {
		w := l.watchersLocked()
		w.hooks = append(w.hooks, h)
		l.mu.Unlock()
		return
	}
	l.mu.Unlock()
	h.run()
}

// forget drops a hook that was given to then. It may run all the same if the
// latch opens meanwhile.
func (l *latch) forget(h *hook) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting != nil && !l.opened.Load() {
		l.waiting.hooks = slices.DeleteFunc(l.waiting.hooks, func(other *hook) bool { return other == h })
	}
}

func (l *latch) watchersLocked() *watchers {
	if l.waiting == nil {
		l.waiting = new(watchers)
	}
	return l.waiting
}
