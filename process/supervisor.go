package process

import (
	"fmt"
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
	vacant   atomic.Bool   // has no worker and waits for a reason to start one

	// Owned by the supervisor.
	cautious bool // the next worker gets one call at a time at first
	reserved bool // its start counts in executor.starting

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

// lifeEnd says how a worker's life ended, for what follows.
type lifeEnd uint8

const (
	endTold       lifeEnd = iota // it was told to end
	endProductive                // it ran calls
	endBarren                    // it was given calls and ran none
	endUnused                    // it could not be started, or was given no call
)

// history is how the lives of a slot's latest workers ended.
type history struct {
	failures int // in a row that count against the restart budget
	pauses   int // in a row that did no work: for the length of the next pause
}

func (h *history) note(how lifeEnd) {
	switch how {
	case endUnused:
		h.failures++
		h.pauses++
	case endBarren:
		h.pauses++ // perhaps because of the call
	default:
		*h = history{}
	}
}

// supervise keeps a worker in the slot until the executor closes or the restart
// budget is spent.
func (s *slot) supervise() {
	var past history
	for s.awaitDemand() {
		how, err := s.live()
		past.note(how)
		if how == endTold {
			continue
		}
		if s.executor.ending() {
			break
		}
		if past.failures >= s.executor.config.RestartBudget || isFinal(err) {
			s.retire(err)
			return
		}
		if !s.pause(past.pauses) {
			break
		}
		s.move(eventBackoffOver)
	}
	s.retire(nil)
}

// live starts a worker and serves with it until it has ended.
func (s *slot) live() (lifeEnd, error) {
	s.move(eventSpawn)
	w, err := s.executor.launch(s)
	if err != nil {
		s.mu.Lock()
		s.lastExit = err.Error()
		s.moveLocked(eventExit)
		s.mu.Unlock()
		s.endReserve()
		return endUnused, err
	}
	return s.serve(w)
}

func (s *slot) retire(err error) {
	s.move(eventRetire)
	s.executor.noteRetired(err)
}

// awaitDemand blocks until a worker is wanted: at once for the first one, unless
// it is to be started on demand, and after one was ended for being idle, when
// calls wait. It returns false when the executor closes.
func (s *slot) awaitDemand() bool {
	s.mu.Lock()
	first := s.starts == 0
	s.mu.Unlock()
	s.vacant.Store(true) // before looking: who leaves calls waiting then tells this slot
	defer s.vacant.Store(false)
	for !s.wanted(first) {
		select {
		case <-s.wake:
		case <-s.executor.stopping.Done():
			return false
		case <-s.executor.life.Done():
			return false
		}
	}
	if s.executor.ending() {
		return false
	}
	s.mu.Lock()
	s.starts++
	s.mu.Unlock()
	return true
}

// wanted reports whether a worker is to be started now.
func (s *slot) wanted(first bool) bool {
	config := &s.executor.config
	switch {
	case first && config.OnDemand:
		s.reserved = s.executor.reserveStart(s.number)
		return s.reserved
	case first || config.IdleTimeout == 0:
		return true
	}
	return s.executor.demand()
}

// reserveStart reports whether the slot with that number is to start its first
// worker on demand: more calls wait, also in workers, than those that are ready or
// being started will take; or as many slots have retired as stand before it, or
// any while no worker has been ready: so that nobody waits for one after the other
// to fail.
func (ex *Executor) reserveStart(number int) bool {
	waiting := ex.queue.Waiting()
	for _, s := range ex.slots {
		waiting -= s.free()
	}
	ex.mu.Lock()
	defer ex.mu.Unlock()
	replaces := number <= ex.retired || ex.retired > 0 && !ex.wasReady()
	if !replaces && waiting <= ex.starting*ex.config.Threads {
		return false
	}
	ex.starting++
	return true
}

// endReserve notes that a reserved start has ended, in whatever way.
func (s *slot) endReserve() {
	if !s.reserved {
		return
	}
	s.reserved = false
	s.executor.mu.Lock()
	s.executor.starting--
	s.executor.mu.Unlock()
	s.executor.wakeFree() // others may have counted on it
}

// pause waits before the next start, longer with each worker in a row that did
// no work, and not at all after one that did. It returns false when the executor
// closes.
func (s *slot) pause(barren int) bool {
	if barren == 0 {
		return true
	}
	timer := time.NewTimer(backOff(barren))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.executor.stopping.Done():
	case <-s.executor.life.Done():
	}
	return false
}

// backOff returns the pause after n workers in a row that did no work.
func backOff(n int) time.Duration {
	return min(firstPause<<min(n-1, 16), longestPause)
}

// serve runs a ready worker until its process has ended and everything it held
// is settled. It returns how it ended and, unless it was told to, why.
func (s *slot) serve(w *worker) (lifeEnd, error) {
	s.mu.Lock()
	s.worker = w
	w.idleSince = time.Now() // not since its start, which may take longer than IdleTimeout
	s.moveLocked(eventHello)
	w.updateRoomLocked()
	s.mu.Unlock()
	s.executor.noteReady()
	s.endReserve()
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
	s.executor.wakeFree() // for the calls that this slot was told of
	lost := w.settle(exit)
	switch {
	case told:
		return endTold, nil
	case lost > 0 || w.answered > 0:
		return endProductive, nil
	case w.assigned:
		return endBarren, fmt.Errorf("worker ended before it ran a call: %w", exit)
	}
	return endUnused, fmt.Errorf("worker ended before it was given a call: %w", exit)
}

// jittered returns n give or take a tenth.
func jittered(n int) uint64 {
	if n == 0 {
		return 0
	}
	return uint64(max(1, int(float64(n)*(0.9+0.2*rand.Float64())))) //nolint:gosec // spreads load, guards nothing
}

// recallable reports whether the worker may have calls to give back. One that had
// none has none until it is sent more.
func (s *slot) recallable() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.worker != nil && !s.worker.recalling && s.worker.drainedTop != s.worker.top
}

// recall asks the worker to give back up to n calls that have not started.
func (s *slot) recall(n int) {
	s.mu.Lock()
	if s.worker != nil && !s.worker.recalling {
		s.worker.recallLocked(n)
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
