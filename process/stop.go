package process

import (
	"context"
	"errors"
	"fmt"

	"github.com/gotandem/tandem"
)

var _ tandem.Stopper = (*Executor)(nil)

// Stop implements [tandem.Stopper]. A worker that runs the call is asked to cancel
// it, and ended when the call goes on after CancelGrace.
func (ex *Executor) Stop(c tandem.Call) {
	if ex.queue.Remove(c) {
		ex.failCanceled(c)
		return
	}
	for _, s := range ex.slots {
		s.stopCall(c)
	}
}

// stopCall asks the slot's worker to give c back, or to cancel it, if it has it.
func (s *slot) stopCall(c tandem.Call) {
	s.mu.Lock()
	found := s.worker != nil && s.worker.stopLockedCall(c)
	w := s.worker
	s.mu.Unlock()
	if found {
		signal(s.wake)
		signal(w.look)
	}
}

// stopLockedCall marks c as stopped, for the supervisor, and leaves its cancel
// frame for the filler. It reports whether the worker holds it.
func (w *worker) stopLockedCall(c tandem.Call) bool {
	found := false
	w.eachLocked(func(h *held) {
		if h.call != c || h.stopped {
			return
		}
		found, h.stopped = true, true
		w.stops++
		w.sendLocked(cancelFrame(h.id))
	})
	return found
}

// stopMarked stops the calls just held that were marked before Stop could find
// them here.
func (w *worker) stopMarked(holds []held) {
	for i := range holds {
		if holds[i].call.Canceled() != nil {
			w.slot.stopCall(holds[i].call)
		}
	}
}

// stoppedBy is the cause of a call's error whose worker was ended because the
// call was stopped.
func stoppedBy(c tandem.Call, exit *ExitError) error {
	cause := c.Canceled()
	if !errors.Is(cause, context.Canceled) {
		cause = context.Canceled
	}
	return fmt.Errorf("%w: its worker was ended: %w", cause, exit)
}

// failStopped ends those of calls that are to stop by themselves and gives back
// the others, which travel together as before.
func (ex *Executor) failStopped(calls tandem.Calls) {
	var others []held
	for i := range calls.Len() {
		if c := calls.At(i); c.Canceled() != nil {
			ex.failCanceled(c)
		} else {
			others = append(others, held{call: c})
		}
	}
	ex.giveBackAll(others)
}

// stopWaiting ends those of calls, which were given back, that were marked
// before: Stop may have looked for them too early.
func (ex *Executor) stopWaiting(calls tandem.Calls) {
	for i := range calls.Len() {
		if c := calls.At(i); c.Canceled() != nil && ex.queue.Remove(c) {
			ex.failCanceled(c)
		}
	}
}
