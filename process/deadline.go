package process

import (
	"syscall"
	"time"

	"github.com/gotandem/tandem/internal/shm"
)

// escalation is how far the ending of a worker with an overdue call has come.
type escalation struct {
	step  escalationStep
	since time.Time
}

type escalationStep uint8

const (
	notEscalated escalationStep = iota // overdue calls were asked to end, if there are any
	terminated
	killed
)

// nextEscalation returns what follows at a time when the longest overdue call
// was asked to end at another, or at none when no call is to end, and how long
// until it is to be asked again.
func nextEscalation(e escalation, asked, now time.Time, cancelGrace, killGrace time.Duration) (escalation, time.Duration) {
	switch {
	case asked.IsZero():
		return escalation{}, never
	case e.step == notEscalated:
		if left := cancelGrace - now.Sub(asked); left > 0 {
			return e, left
		}
		return escalation{terminated, now}, killGrace
	case e.step == terminated:
		if left := killGrace - now.Sub(e.since); left > 0 {
			return e, left
		}
		return escalation{killed, now}, never
	}
	return e, never
}

// checkDeadlines finds running calls that overstay their timeout or are to stop,
// and ends them step by step. It returns when to look again.
func (w *worker) checkDeadlines(e *escalation, now time.Time) time.Duration {
	config := w.slot.executor.config
	asked, wait, stalled := w.markOverdue(now)
	if stalled {
		w.process.KillGroup()
		return never
	}
	before := e.step
	var escalated time.Duration
	*e, escalated = nextEscalation(*e, asked, now, config.CancelGrace, config.KillGrace)
	if e.step != before {
		switch e.step {
		case terminated:
			w.retreat()
			w.process.Signal(syscall.SIGTERM)
			w.process.Signal(continueSignal) // a stopped process takes no other signal
		case killed:
			w.process.KillGroup()
		}
	}
	return min(wait, escalated)
}

// retreat takes away what the worker has not started: it is about to end, and
// if not, is not to be relied on after SIGTERM.
func (w *worker) retreat() {
	w.slot.mu.Lock()
	defer w.slot.mu.Unlock()
	w.expireLocked()
	w.recallLocked(mostHeld)
	signal(w.slot.wake)
}

// markOverdue marks the running calls whose time is over and asks the worker to
// cancel them, and those that are to stop. It returns since when the longest of
// these was asked, and when the next can be due. stalled tells that the worker is to be killed,
// because it does not start its calls.
func (w *worker) markOverdue(now time.Time) (asked time.Time, wait time.Duration, stalled bool) {
	w.slot.mu.Lock()
	defer w.slot.mu.Unlock()
	wait = never
	defer func() { w.lookAt = now.Add(min(wait, 24*time.Hour)) }() // holdLocked tells of what is due before
	if w.timed == 0 && w.stops == 0 {
		w.stall = stall{}
		return asked, wait, false
	}
	if w.stops > 0 {
		wait = w.slot.executor.config.CancelGrace // one may start before the worker reads that it is not to
	}
	clock, running, timed := shm.MonotonicNow(), 0, 0
	for t := range w.threads {
		id, started := w.box.Running(t)
		h := w.findLocked(id)
		if id == 0 || h == nil {
			continue
		}
		running++
		left := never
		if h.timeout > 0 {
			timed++
			left = h.timeout - time.Duration(clock-started)
		}
		if left > 0 && !h.stopped {
			wait = min(wait, left)
			continue
		}
		if !h.stopped {
			h.overdue = true
		}
		if h.asked.IsZero() {
			h.asked = now
			w.sendLocked(cancelFrame(id))
			signal(w.slot.wake)
		}
		if asked.IsZero() || h.asked.Before(asked) {
			asked = h.asked
		}
	}
	if timed < w.timed {
		shortest := w.shortestLocked()
		stalled, left := w.stalledLocked(now, running, shortest)
		return asked, min(wait, shortest, left), stalled
	}
	return asked, wait, false
}

// stalledLocked reports whether a worker that runs nothing has not started the
// first of its calls for longer than a timeout and the handshake may take: it is
// stopped, or does not read. Otherwise it returns when it can be so.
func (w *worker) stalledLocked(now time.Time, running int, shortest time.Duration) (bool, time.Duration) {
	first := uint64(0)
	w.eachLocked(func(h *held) {
		if first == 0 {
			first = h.id
		}
	})
	if running > 0 || w.stall.id != first || w.stall.answered != w.answered {
		w.stall = stall{now, first, w.answered}
	}
	limit := max(shortest, w.slot.executor.config.HandshakeTimeout)
	if left := limit - now.Sub(w.stall.since); left > 0 {
		return false, left
	}
	w.stalled = limit
	return true, never
}

// shortestLocked returns the shortest timeout of the held calls: none that
// starts from now on can be overdue sooner.
func (w *worker) shortestLocked() time.Duration {
	shortest := never
	w.eachLocked(func(h *held) {
		if h.timeout > 0 {
			shortest = min(shortest, h.timeout)
		}
	})
	return shortest
}
