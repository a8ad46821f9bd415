package process

import (
	"errors"
	"fmt"
	"io"
	"syscall"
	"time"

	"github.com/gotandem/tandem/internal/osproc"
	"github.com/gotandem/tandem/internal/shm"
)

const (
	// memoryEvery and residentEvery are how often the resident size is read,
	// where nothing notifies. Memory that grows faster is noticed late.
	memoryEvery   = 50 * time.Millisecond
	residentEvery = time.Second

	// never is a wait that does not end by itself.
	never = time.Duration(1<<63 - 1)
)

// escalation is how far the ending of an overdue call has come.
type escalation struct {
	step  escalationStep
	since time.Time
}

type escalationStep uint8

const (
	notEscalated escalationStep = iota
	contextCanceled
	terminated
	killed
)

// nextEscalation returns what follows when a call is overdue at a time, and how
// long until the step after that is due.
func nextEscalation(e escalation, now time.Time, cancelGrace, killGrace time.Duration) (escalation, time.Duration) {
	passed := now.Sub(e.since)
	switch {
	case e.step == notEscalated:
		return escalation{contextCanceled, now}, cancelGrace
	case e.step == contextCanceled && passed >= cancelGrace:
		return escalation{terminated, now}, killGrace
	case e.step == contextCanceled:
		return e, cancelGrace - passed
	case e.step == terminated && passed >= killGrace:
		return escalation{killed, now}, never
	case e.step == terminated:
		return e, killGrace - passed
	}
	return e, never
}

// watch is the supervisor's part while the worker lives: deadlines, memory,
// idleness, closing. It returns when the process has ended.
func (w *worker) watch() {
	ex := w.slot.executor
	timer := time.NewTimer(0)
	defer timer.Stop()
	var overdue escalation
	stopping, life, broken := ex.stopping, ex.life.Done(), w.broken
	var stopBy, streamEnd time.Time
	var streamErr error
	for {
		select {
		case <-w.process.Exited():
			return
		case <-w.look:
		case <-timer.C:
		case <-stopping:
			stopping = nil
			w.expire()
		case <-life:
			life = nil
			w.process.KillGroup()
		case streamErr = <-broken:
			broken, streamEnd = nil, time.Now()
		}
		now := time.Now()
		wait := w.checkDeadlines(&overdue, now)
		wait = min(wait, w.checkMemory(), w.checkIdle(now), w.checkStop(&stopBy, now), w.checkStream(streamErr, now.Sub(streamEnd)))
		w.lookAgain(now, wait)
		timer.Reset(wait)
	}
}

// lookAgain notes when the supervisor looks at deadlines next, so that a call
// with a shorter timeout can tell it to look sooner.
func (w *worker) lookAgain(now time.Time, wait time.Duration) {
	w.slot.mu.Lock()
	defer w.slot.mu.Unlock()
	w.lookAt = now.Add(min(wait, 24*time.Hour))
}

func (w *worker) expire() {
	w.slot.mu.Lock()
	defer w.slot.mu.Unlock()
	w.expireLocked()
}

// checkStream kills a worker whose stream has ended, or made no sense, while its
// process lives on: by itself neither means that the process is dying. It
// returns when to look again.
func (w *worker) checkStream(err error, since time.Duration) time.Duration {
	if err == nil {
		return never
	}
	grace := w.slot.executor.config.CancelGrace
	w.slot.mu.Lock()
	stopping := w.slot.state == slotStopping
	w.slot.mu.Unlock()
	switch {
	case stopping:
		return never // it is on its way out; checkStop bounds that
	case isEnd(err) && since < grace:
		return grace - since // its exit is about to be noticed
	}
	w.noteBroken(err)
	w.process.KillGroup()
	return never
}

// isEnd reports whether err is the end of a stream. A process that dies with
// frames unread resets the connection.
func isEnd(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}

// checkStop kills a worker that was told to stop and does not. It returns when
// to look again.
func (w *worker) checkStop(stopBy *time.Time, now time.Time) time.Duration {
	w.slot.mu.Lock()
	stopping := w.slot.state == slotStopping
	w.slot.mu.Unlock()
	switch {
	case !stopping:
		return never
	case stopBy.IsZero():
		*stopBy = now.Add(w.slot.executor.config.KillGrace)
	case !now.Before(*stopBy):
		w.process.KillGroup()
		return never
	}
	return stopBy.Sub(now)
}

// checkIdle ends a worker that has had nothing to do for long.
func (w *worker) checkIdle(now time.Time) time.Duration {
	limit := w.slot.executor.config.IdleTimeout
	if limit == 0 {
		return never
	}
	w.slot.mu.Lock()
	defer w.slot.mu.Unlock()
	if w.slot.state != slotIdle {
		return never
	}
	left := limit - now.Sub(w.idleSince)
	if left <= 0 {
		w.expireLocked()
		return never
	}
	return left
}

// checkMemory reads the resident size where that is how memory is bounded.
func (w *worker) checkMemory() time.Duration {
	config := w.slot.executor.config
	sampled := w.memory == "sampling"
	if !sampled && config.MaxResident == 0 {
		return never
	}
	size, err := osproc.ResidentSize(w.process.PID())
	if err != nil {
		return residentEvery
	}
	w.slot.mu.Lock()
	defer w.slot.mu.Unlock()
	w.resident = size
	if sampled && size > config.Memory {
		w.overLimit = size
		w.process.KillGroup()
		return never
	}
	if config.MaxResident > 0 && size > config.MaxResident {
		w.expireLocked()
	}
	if sampled {
		return memoryEvery
	}
	return residentEvery
}

// checkDeadlines finds calls that overstay their timeout, and ends them step by
// step. It returns when to look again.
func (w *worker) checkDeadlines(e *escalation, now time.Time) time.Duration {
	config := w.slot.executor.config
	overdue, wait := w.markOverdue()
	if !overdue {
		*e = escalation{}
		return wait
	}
	before := e.step
	var escalated time.Duration
	*e, escalated = nextEscalation(*e, now, config.CancelGrace, config.KillGrace)
	if e.step != before {
		switch e.step {
		case terminated:
			w.process.Signal(syscall.SIGTERM)
			w.process.Signal(syscall.SIGCONT) // a stopped process takes no other signal
		case killed:
			w.process.KillGroup()
		}
	}
	return min(wait, escalated)
}

// markOverdue marks the running calls whose time is over and asks the worker to
// cancel them. It reports whether any is still running, and when the next can
// be due.
func (w *worker) markOverdue() (overdue bool, wait time.Duration) {
	s := w.slot
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.timed == 0 {
		return false, never
	}
	clock, wait := shm.MonotonicNow(), never
	running := 0
	for t := range w.threads {
		id, started := w.box.Running(t)
		h := &w.ring[id%mostHeld]
		if id == 0 || h.id != id || h.timeout == 0 {
			continue
		}
		running++
		left := h.timeout - time.Duration(clock-started)
		if left > 0 {
			wait = min(wait, left)
			continue
		}
		overdue = true
		if !h.overdue {
			h.overdue = true
			w.sendLocked(cancelFrame(id))
			signal(s.wake)
		}
	}
	if running < w.timed {
		wait = min(wait, w.shortestLocked())
	}
	return overdue, wait
}

// shortestLocked returns the shortest timeout of the held calls: none that
// starts from now on can be overdue sooner.
func (w *worker) shortestLocked() time.Duration {
	shortest := never
	for id := w.base; id <= w.top; id++ {
		if h := w.ring[id%mostHeld]; h.id == id && h.timeout > 0 {
			shortest = min(shortest, h.timeout)
		}
	}
	return shortest
}

// String names the worker in errors.
func (w *worker) String() string { return fmt.Sprintf("pid %d", w.pid.Load()) }
