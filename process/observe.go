package process

import (
	"fmt"
	"math"
	"runtime"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/shm"
	"github.com/gotandem/tandem/internal/wire"
)

// observed reports whether attempts are measured and shown to Config.Observe.
func (ex *Executor) observed() bool { return ex.config.Observe != nil }

// cutMeasure takes what the worker measured off a frame and keeps it for seen.
func (w *worker) cutMeasure(h wire.Header, body []byte) (wire.Header, []byte, error) {
	w.said = nil
	if h.Flags&wire.FlagMeasured == 0 {
		return h, body, nil
	}
	m, h, body, err := wire.CutMeasure(h, body)
	if err == nil && m.Thread >= uint64(w.threads) {
		err = fmt.Errorf("measure of thread %d, of which the worker has %d", m.Thread, w.threads)
	}
	w.said = &m
	return h, body, err
}

// seen returns what ends the attempt of h and shows it, by what the frame at hand
// says: nil when nobody observes.
func (w *worker) seen(h *held) *tandem.Observation {
	if !w.slot.executor.observed() {
		return nil
	}
	m := wire.Measure{Wall: math.MaxInt64} // a worker that does not measure: all that can be
	if w.said != nil {
		m = *w.said
	}
	return w.observation(h, m)
}

// seenLost is seen for a call that was running when its worker ended.
func (w *worker) seenLost(h *held, exit *ExitError) *tandem.Observation {
	if !w.slot.executor.observed() {
		return nil
	}
	m := wire.Measure{Wall: math.MaxInt64, Peak: exit.Resident}
	for t := range w.threads {
		if id, started := w.box.Running(t); id == h.id {
			m.Start, m.Thread = uint64(max(0, started)), uint64(t)
		}
	}
	return w.observation(h, m)
}

// observation shows an attempt as its worker says, within what is known here.
func (w *worker) observation(h *held, m wire.Measure) *tandem.Observation {
	now := time.Now()
	clock := shm.MonotonicAt(now)
	start, wall := clampSpan(m, h.sent, clock)
	return &tandem.Observation{
		Observe: w.slot.executor.config.Observe,
		Attempt: tandem.Attempt{
			Slot: w.slot.number + 1, Thread: int(m.Thread), PID: int(w.pid.Load()),
			Start: now.Add(time.Duration(start - clock)), Wall: wall,
			CPU: min(m.CPU, wall*time.Duration(runtime.NumCPU())), PeakRSS: m.Peak,
		},
	}
}

// clampSpan returns when an attempt started and how long it took: not before it
// was sent, and not beyond the time when its end is known. Both are times of
// [shm.MonotonicNow].
func clampSpan(m wire.Measure, sent, known int64) (start int64, wall time.Duration) {
	start = known
	if m.Start < uint64(known) {
		start = max(sent, int64(m.Start))
	}
	return start, min(m.Wall, time.Duration(known-start))
}
