package process

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotandem/tandem"
)

const (
	// firstPause and longestPause bound the growing pause between starts that
	// fail. Shorter burns processor time on what is broken; longer delays what
	// was broken for a moment.
	firstPause   = 50 * time.Millisecond
	longestPause = 5 * time.Second
)

// slot is the executor's place for one worker, across restarts. Its supervisor
// goroutine moves it through its states.
type slot struct {
	executor *Executor
	number   int
	wake     chan struct{} // calls may wait: for the filler, or for an empty slot
	room     atomic.Int32  // free threads; below zero: calls sent in advance; 0 without a ready worker

	mu       sync.Mutex
	state    slotState
	worker   *worker // while one lives
	starts   uint64
	finished uint64 // answered by earlier workers
	lastExit string
}

func newSlot(ex *Executor, number int) *slot {
	return &slot{executor: ex, number: number, wake: make(chan struct{}, 1)}
}

// free returns how many threads are free, or minus how many calls were sent in
// advance of a free thread.
func (s *slot) free() int { return int(s.room.Load()) }

// move applies an event. An impossible one is a fault of this package.
func (s *slot) move(e slotEvent) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.moveLocked(e)
}

func (s *slot) moveLocked(e slotEvent) {
	state, err := next(s.state, e)
	if err != nil {
		panic("tandem: " + err.Error() + ": " + e.String() + " while " + s.state.String())
	}
	s.state = state
}

// supervise keeps a worker in the slot until the executor closes or the restart
// budget is spent.
func (s *slot) supervise() {
	failures := 0
	for s.awaitDemand() {
		s.move(eventSpawn)
		w, err := s.executor.launch(s)
		if err == nil {
			failures, err = s.serve(w, failures)
		} else {
			s.move(eventExit)
			failures++
		}
		if s.isEmpty() {
			continue // it ended because it was told to
		}
		if failures >= s.executor.config.RestartBudget || isFinal(err) {
			s.retire(err)
			return
		}
		if !s.pause(failures) {
			break
		}
		s.move(eventBackoffOver)
	}
	s.retire(nil)
}

func (s *slot) isEmpty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state == slotEmpty
}

func (s *slot) retire(err error) {
	s.move(eventRetire)
	s.executor.noteRetired(err)
}

// awaitDemand blocks until a worker is wanted: at once for the first one, and
// after one was ended for being idle, when calls wait. It returns false when
// the executor closes.
func (s *slot) awaitDemand() bool {
	s.mu.Lock()
	first := s.starts == 0
	s.starts++
	s.mu.Unlock()
	for {
		select {
		case <-s.executor.stopping:
			return false
		case <-s.executor.life.Done():
			return false
		default:
		}
		if first || s.executor.config.IdleTimeout == 0 || s.executor.queue.Waiting() > 0 {
			return true
		}
		select {
		case <-s.wake:
		case <-s.executor.stopping:
		case <-s.executor.life.Done():
		}
	}
}

// pause waits before the next start, longer with each failure, and not at all
// after a worker that did its work. It returns false when the executor closes.
func (s *slot) pause(failures int) bool {
	if failures == 0 {
		return true
	}
	pause := min(firstPause<<min(failures-1, 16), longestPause)
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.executor.stopping:
	case <-s.executor.life.Done():
	}
	return false
}

// serve runs a ready worker until its process has ended and everything it held
// is settled. It returns how many starts in a row have failed, counting this
// one if the worker ended without having been given a call, and why it ended.
func (s *slot) serve(w *worker, failures int) (int, error) {
	s.mu.Lock()
	s.worker = w
	s.moveLocked(eventHello)
	s.room.Store(int32(w.threads))
	s.mu.Unlock()
	s.executor.noteReady()
	signal(s.wake)

	w.goes.Go(w.fill)
	w.goes.Go(w.receive)
	w.watch()
	exit := w.finish()

	s.mu.Lock()
	told := s.state == slotStopping
	s.finished += w.answered
	s.worker = nil
	s.lastExit = exit.Error()
	s.moveLocked(eventExit)
	s.room.Store(0)
	s.mu.Unlock()
	w.settle(exit)
	if told || w.assigned {
		return 0, nil
	}
	return failures + 1, errors.Join(errors.New("worker ended before it was given a call"), exit)
}

// jittered returns n give or take a tenth.
func jittered(n int) uint64 {
	if n == 0 {
		return 0
	}
	return uint64(max(1, int(float64(n)*(0.9+0.2*rand.Float64())))) //nolint:gosec // spreads load, guards nothing
}

// recall asks the worker to give back up to n calls that have not started.
func (s *slot) recall(n int) {
	s.mu.Lock()
	w := s.worker
	if w != nil && !w.recalling {
		w.recalling = true
		w.sendLocked(recallFrame(n))
	}
	s.mu.Unlock()
	signal(s.wake)
}

// cancel passes a cancellation on to the worker.
func (s *slot) cancel(b *tandem.Batch) {
	s.mu.Lock()
	if s.worker != nil {
		s.worker.cancelLocked(b)
	}
	s.mu.Unlock()
	signal(s.wake)
}

// slotStats is a WorkerStats with what only the executor's Stats needs.
type slotStats struct {
	tandem.WorkerStats
	running int
	memory  string
}

func (s *slot) stats() slotStats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := slotStats{WorkerStats: tandem.WorkerStats{
		Slot: s.number, State: s.state.String(), Finished: s.finished, LastExit: s.lastExit,
	}}
	if s.starts > 1 {
		st.Restarts = s.starts - 1
	}
	if w := s.worker; w != nil {
		st.PID = w.process.PID()
		st.Running = w.held
		st.Finished += w.answered
		st.Resident = w.resident
		st.Runtime = w.hello.Runtime
		st.running = min(w.held, w.threads)
		st.memory = w.memory
	}
	return st
}
