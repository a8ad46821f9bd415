package process

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/gotandem/tandem/internal/osproc"
)

const (
	// memoryEvery and residentEvery are how often the resident size is read,
	// where nothing notifies. Memory that grows faster is noticed late.
	memoryEvery   = 50 * time.Millisecond
	residentEvery = time.Second

	// never is a wait that does not end by itself.
	never = time.Duration(1<<63 - 1)
)

// watch is the supervisor's part while the worker lives: deadlines, memory,
// idleness, closing. It returns when the process has ended.
func (w *worker) watch() {
	ex := w.slot.executor
	timer := time.NewTimer(0)
	defer timer.Stop()
	var overdue escalation
	stopping, life, broken := ex.stopping.Done(), ex.life.Done(), w.broken
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
		timer.Reset(min(w.checkDeadlines(&overdue, now), w.checkMemory(), w.checkIdle(now),
			w.checkStop(&stopBy, now), w.checkStream(streamErr, now.Sub(streamEnd))))
	}
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
	w.slot.mu.Lock()
	w.closedEarly = isEnd(err)
	w.slot.mu.Unlock()
	w.process.KillGroup()
	return never
}

// isEnd reports whether err is the end of a stream. A process that dies with
// frames unread resets the connection; writes then fail before or after reads
// do, at the latest when finish ends them.
func isEnd(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, syscall.ECONNRESET, syscall.EPIPE, os.ErrDeadlineExceeded} {
		if errors.Is(err, end) {
			return true
		}
	}
	return false
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
		w.slot.mu.Lock()
		w.unwilling = true
		w.slot.mu.Unlock()
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
	wanted := w.slot.executor.demand() // its filler is about to take a call
	w.slot.mu.Lock()
	defer w.slot.mu.Unlock()
	if w.slot.state != slotIdle {
		return never
	}
	left := limit - now.Sub(w.idleSince)
	switch {
	case left > 0:
		return left
	case wanted:
		return limit
	}
	w.expireLocked()
	return never
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

// String names the worker in errors.
func (w *worker) String() string { return fmt.Sprintf("pid %d", w.pid.Load()) }
