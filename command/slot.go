package command

import (
	"errors"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/osproc"
)

// slot is a place for one running program.
type slot struct {
	// immutable
	executor *Executor
	number   int // from 1

	thread *osproc.Thread
	env    numberedEnv // owned by the runner that has the slot

	// guarded by executor.mu
	call     tandem.Call // in the slot; the zero value when it is free
	canceled bool        // that call is to stop
	pid      int         // of its program; 0 before and after
	finished uint64
	lastExit *osproc.Exit
}

func newSlot(e *Executor, number int) (*slot, error) {
	thread, err := osproc.NewThread()
	if err != nil {
		return nil, err
	}
	return &slot{
		executor: e, number: number, thread: thread,
		env: newNumberedEnv(e.env, number, e.config.ExportNumbers),
	}, nil
}

// runCall makes one attempt of the slot's call and settles it. The slot is free
// before the outcome is visible. A Cancel or Stop that comes between leave and settle
// finds the call neither here nor waiting and has no effect but its mark, which the
// next attempt, if there is one, looks at.
func (s *slot) runCall() {
	c := s.call // nobody but this goroutine changes it now
	if c.Canceled() != nil {
		s.leave(nil)
		c.FailCanceled()
		return
	}
	output, exit, err := s.attempt(c)
	s.leave(exit)
	seen := s.executor.seen(&output)
	var ending tandem.Ending
	if err == nil {
		ending = s.executor.succeed(c, output, seen)
	} else {
		ending = seen.Fail(c, err)
	}
	if ending == tandem.Again {
		output.Close() // nobody gets it
		s.executor.queue.Return(c.Only())
	}
}

// attempt runs the program of c once. exit is nil when there was none.
func (s *slot) attempt(c tandem.Call) (output Output, exit *osproc.Exit, err error) {
	if s.executor.forced.Load() {
		return output, nil, s.executor.drop(c)
	}
	spec, err := s.executor.specOf(c)
	if err != nil {
		return output, nil, err
	}
	a := &attempt{slot: s, call: c, spec: spec}
	if err := a.start(); err != nil {
		return output, nil, startError(c, err)
	}
	s.started(a.child.PID())
	why := a.supervise()
	end := a.finish()
	return a.output, &end, a.outcome(why, end)
}

// startError returns the error of an attempt whose program was not started, or
// not left running.
func startError(c tandem.Call, err error) error {
	switch {
	case errors.Is(err, errBadSpec):
		return tandem.NewCallError(tandem.ErrBadInput, tandem.NotStarted, c, "", err)
	case errors.Is(err, osproc.ErrConstrain):
		return tandem.NewCallError(tandem.ErrWorkerStart, tandem.MayHaveRun, c, "", err)
	}
	return tandem.NewCallError(tandem.ErrWorkerStart, tandem.NotStarted, c, "", err)
}

// started notes the program.
func (s *slot) started(pid int) {
	s.executor.mu.Lock()
	defer s.executor.mu.Unlock()
	s.pid = pid
}

// leave makes the slot free. What asked the call to stop does not reach the next.
func (s *slot) leave(exit *osproc.Exit) {
	s.executor.mu.Lock()
	defer s.executor.mu.Unlock()
	s.call, s.canceled, s.pid = tandem.Call{}, false, 0
	if exit != nil {
		s.finished++
		s.lastExit = exit
	}
}

// told says what a Wake was for, notEnded twice when it was for an earlier call.
func (s *slot) told() (asked, killed reason) {
	if s.executor.forced.Load() {
		return notEnded, closedByForce
	}
	s.executor.mu.Lock()
	defer s.executor.mu.Unlock()
	if s.canceled {
		return canceled, notEnded
	}
	return notEnded, notEnded
}

func (s *slot) statsLocked() tandem.WorkerStats {
	stats := tandem.WorkerStats{
		Slot:     s.number,
		State:    "empty",
		PID:      s.pid,
		Finished: s.finished,
		Runtime:  "command",
	}
	switch {
	case s.pid != 0:
		stats.State, stats.Running = "busy", 1
	case s.call != tandem.Call{}:
		stats.State, stats.Running = "starting", 1
	}
	if s.lastExit != nil {
		stats.LastExit = s.lastExit.String()
	}
	return stats
}
