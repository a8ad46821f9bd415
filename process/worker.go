package process

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/osproc"
	"github.com/gotandem/tandem/internal/shm"
	"github.com/gotandem/tandem/internal/wire"
)

// mostHeld is how many calls a worker can hold: a power of two.
const mostHeld = 1024

// worker is one living worker process and what was sent to it.
//
// Its mutex is that of its slot: state and calls change together.
type worker struct {
	// Immutable.
	slot     *slot
	process  *osproc.Process
	template *template // that it was forked from; nil when it was started
	readyBy  time.Time // when it must have said hello
	socket   *net.UnixConn
	box      *shm.Box
	stdout   *osproc.Output
	stderr   *osproc.Output
	threads  int
	hello    wire.Hello
	pid      atomic.Int64             // 0 before the process was started
	memory   string                   // what enforces the memory limit
	offers   map[string]wire.TaskInfo // the worker's tasks; nil when it takes any name

	goes   sync.WaitGroup // filler and receiver
	gone   chan struct{}  // closed when the process has ended
	broken chan error     // from the receiver: the stream ended or made no sense
	look   chan struct{}  // for the supervisor: a call with a timeout was sent, or the worker is to expire

	cautious  bool        // is sent one call at a time until it has answered one
	exhausted atomic.Bool // it wrote that it gets no more memory

	// Owned by the filler.
	writer     *osproc.Writer
	nextID     uint64
	numbers    map[taskKey]uint16
	lastNumber uint16
	frames     []byte       // reused
	holds      []held       // reused: the calls of the frame being built
	encoder    tandem.Codec // for inputs: placer, unless nothing needs it
	placer     *placer
	inArena    int64 // bytes of inputs put into the arena since the last write

	crashLines int // owned by the reader of standard error: how many lines of a crash are still kept

	// Owned by the receiver, and after it has ended by the supervisor.
	reader *wire.Reader
	pace   pace
	ended  []held        // reused: the calls of the frame being handled
	said   *wire.Measure // what that frame says of the attempt; nil when it says nothing

	trusted bool // by the supervisor: the box proves what it says

	// Guarded by slot.mu.
	ring        [mostHeld]held     // by id, from base
	late        map[uint64]*held   // by id, below base: calls that many later ones have overtaken
	base        uint64             // the lowest id that may be in the ring
	top         uint64             // the highest id that was held
	held        int                // calls sent and not answered
	kept        map[uint64]*placed // inputs in the arena that tasks use beyond their calls, by id
	timed       int                // of which have a timeout
	stops       int                // of which are to stop
	credit      int                // how many may be held
	control     []byte             // frames to be sent before others
	recalling   bool               // a recall is not answered yet
	recallTop   uint64             // top when it was sent
	drainedTop  uint64             // a recall found nothing among the calls up to this one
	blocked     bool               // cannot be sent anything for now
	deaf        bool               // cannot be sent anything any more
	assigned    bool               // was given a call
	answered    uint64
	expireAt    uint64 // after how many answers to be replaced; 0: never
	idleSince   time.Time
	lookAt      time.Time // when the supervisor looks at deadlines next
	crash       string    // the first line of a crash that it wrote, and some that followed
	stall       stall
	resident    int64
	overLimit   int64         // resident size that exceeded the memory limit; 0: did not
	stalled     time.Duration // for how long it had not started a call when it was killed for that
	brokenBy    error         // why its stream is of no use
	closedEarly bool          // it was killed because its stream had ended
	unwilling   bool          // it was killed because it did not stop
}

// stall is since when a worker that runs nothing has not started a call.
type stall struct {
	since    time.Time
	id       uint64 // the first call it holds
	answered uint64
}

// held is a call that was sent to the worker. A zero id means none.
type held struct {
	id      uint64
	call    tandem.Call
	timeout time.Duration
	placed  *placed   // its input, or parts of it, in the arena; nil for most
	overdue bool      // it overstayed its timeout
	stopped bool      // it is to stop
	asked   time.Time // when its worker was asked to cancel it for one of these, while it ran
	sent    int64     // when it was sent (shm.MonotonicNow); only when attempts are observed
}

// findLocked returns the held call with the given id, or nil. The id may be
// anything: a worker said it.
func (w *worker) findLocked(id uint64) *held {
	if id < w.base {
		return w.late[id]
	}
	if h := &w.ring[id%mostHeld]; h.id == id {
		return h
	}
	return nil
}

// eachLocked calls f for every held call, in the order in which they were sent.
func (w *worker) eachLocked(f func(*held)) {
	for _, id := range slices.Sorted(maps.Keys(w.late)) {
		f(w.late[id])
	}
	for id := w.base; id <= w.top; id++ {
		if h := &w.ring[id%mostHeld]; h.id == id {
			f(h)
		}
	}
}

// makeWayLocked frees the place of id in the ring.
func (w *worker) makeWayLocked(id uint64) {
	for ; id-w.base >= mostHeld; w.base++ {
		if h := w.ring[w.base%mostHeld]; h.id == w.base {
			if w.late == nil {
				w.late = make(map[uint64]*held)
			}
			w.late[h.id] = &h
			w.ring[w.base%mostHeld] = held{}
		}
	}
}

// holdLocked notes that a call is about to be sent.
func (w *worker) holdLocked(h held) {
	w.makeWayLocked(h.id)
	w.ring[h.id%mostHeld] = h
	w.top = h.id
	w.held++
	w.assigned = true
	if h.timeout > 0 {
		w.timed++
		if time.Now().Add(h.timeout).Before(w.lookAt) {
			signal(w.look)
		}
	}
}

// takenFor says why a call is taken from its worker.
type takenFor bool

const (
	answered   takenFor = true  // the worker ended it
	notStarted takenFor = false // the worker gave it back
)

// take removes the call with the given id, if it is held, notes what follows for
// the slot's state, and frees its memory in the arena.
func (w *worker) take(id uint64, why takenFor) (held, bool) {
	h, ok := w.takeHeld(id, why)
	if h.placed != nil {
		w.freeInput(h.placed) // without the lock: it may give much memory back
	}
	return h, ok
}

func (w *worker) takeHeld(id uint64, why takenFor) (held, bool) {
	w.slot.mu.Lock()
	defer w.slot.mu.Unlock()
	h, ok := w.removeLocked(id)
	if ok {
		w.takenLocked(1, why)
	}
	return h, ok
}

// takeAnswered removes n calls with consecutive ids from first on, which the
// worker ended, and appends them to dst. When one of them is not held, which is
// the error, it removes those before it. Their memory in the arena is not freed.
func (w *worker) takeAnswered(dst []held, first uint64, n int) ([]held, error) {
	w.slot.mu.Lock()
	defer w.slot.mu.Unlock()
	before := len(dst)
	var err error
	for id := first; id-first < uint64(n); id++ {
		h, ok := w.removeLocked(id)
		if !ok {
			err = fmt.Errorf("result of call %d, which the worker does not have", id)
			break
		}
		dst = append(dst, h)
	}
	if taken := len(dst) - before; taken > 0 {
		w.takenLocked(taken, answered)
	}
	return dst, err
}

// removeLocked removes the call with the given id, if it is held.
func (w *worker) removeLocked(id uint64) (held, bool) {
	at := w.findLocked(id)
	if at == nil || id == 0 {
		return held{}, false
	}
	h := *at
	*at = held{}
	if id < w.base {
		delete(w.late, id)
	}
	w.held--
	if h.timeout > 0 {
		w.timed--
	}
	if h.stopped {
		w.stops--
	}
	return h, true
}

// takenLocked notes what follows for the slot's state when n calls were removed.
func (w *worker) takenLocked(n int, why takenFor) {
	for w.base <= w.top && w.ring[w.base%mostHeld].id == 0 {
		w.base++
	}
	if why == answered {
		w.answered += uint64(n)
		if w.expireAt > 0 && w.answered >= w.expireAt {
			w.expireLocked()
		}
	}
	w.emptiedLocked()
	w.updateRoomLocked()
}

// emptiedLocked moves the slot on when its worker holds nothing any more.
func (w *worker) emptiedLocked() {
	s := w.slot
	if w.held > 0 || (s.state != slotBusy && s.state != slotDraining) {
		return
	}
	s.moveLocked(eventEmptied)
	if s.state == slotStopping {
		w.stopLocked()
	} else if s.executor.config.IdleTimeout > 0 {
		w.idleSince = time.Now()
		signal(w.look)
	}
}

// expireLocked ends the worker as soon as it holds nothing.
func (w *worker) expireLocked() {
	s := w.slot
	if s.state == slotStopping || s.state == slotDraining {
		return
	}
	s.moveLocked(eventExpire)
	w.updateRoomLocked()
	s.executor.wakeFree() // for the calls that this slot was told of
	if s.state == slotStopping {
		w.stopLocked()
	}
}

func (w *worker) stopLocked() {
	w.sendLocked(wire.AppendHeader(nil, wire.Header{Type: wire.TypeStop}))
	signal(w.slot.wake)
	signal(w.look)
}

// updateRoomLocked publishes how many threads are free for calls that are sent now.
func (w *worker) updateRoomLocked() {
	room := 0
	if w.slot.state.assignable() && !w.blocked && !w.deaf {
		room = w.threadsLocked() - w.held
	}
	w.slot.room.Store(int32(room))
}

// threadsLocked returns how many calls the worker may run at once: one, until it
// has shown that it can answer, when the worker before it could not.
func (w *worker) threadsLocked() int {
	if w.cautious && w.answered == 0 {
		return 1
	}
	return w.lastLocked(w.threads)
}

// lastLocked returns n, or how many calls the worker has before it is replaced
// when that is less: what it is sent it runs, so more would outlast MaxCalls.
func (w *worker) lastLocked(n int) int {
	if w.expireAt == 0 {
		return n
	}
	return int(min(uint64(n), w.expireAt-min(w.expireAt, w.answered)))
}

// sendLocked leaves a frame for the filler to send before others.
func (w *worker) sendLocked(frame []byte) { w.control = append(w.control, frame...) }

// recallLocked asks the worker to give back up to n calls.
func (w *worker) recallLocked(n int) {
	w.recalling, w.recallTop = true, w.top
	w.sendLocked(wire.AppendHeader(nil, wire.Header{Type: wire.TypeRecall, Count: uint32(n)}))
}

func cancelFrame(id uint64) []byte {
	return wire.AppendHeader(nil, wire.Header{Type: wire.TypeCancel, ID: id, Count: 1})
}

// cancelLocked asks the worker to cancel the calls of b that it holds.
func (w *worker) cancelLocked(b *tandem.Batch) {
	w.eachLocked(func(h *held) {
		if h.call.Batch() == b {
			w.sendLocked(cancelFrame(h.id))
		}
	})
}

// label returns what names the call that thread 0 runs, when that is the only thread.
func (w *worker) label() string {
	if w.threads != 1 {
		return ""
	}
	id, _ := w.box.Running(0)
	w.slot.mu.Lock()
	defer w.slot.mu.Unlock()
	if h := w.findLocked(id); id != 0 && h != nil {
		return h.call.Label()
	}
	return ""
}
