package process

import (
	"fmt"
	"math"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/shm"
	"github.com/gotandem/tandem/internal/wire"
)

// sendAbove is how many bytes of frames are written at once, when there are so
// many. More delays the first call; fewer cost more system calls.
const sendAbove = 64 << 10

// fill is the filler: it sends control frames and calls until the worker is gone.
func (w *worker) fill() {
	for {
		select {
		case <-w.slot.wake:
		case <-w.gone:
			return
		}
		for more := true; more; {
			var err error
			if more, err = w.fillOnce(); err != nil {
				w.turnDeaf(err)
				return
			}
		}
	}
}

// turnDeaf notes that the worker cannot be sent anything any more. Others take
// the calls that its slot was told of.
func (w *worker) turnDeaf(err error) {
	w.slot.mu.Lock()
	w.deaf = true
	w.updateRoomLocked()
	w.slot.mu.Unlock()
	w.breakOff(fmt.Errorf("socket cannot be written: %w", err))
	w.slot.executor.wakeFree()
}

// fillOnce sends what can be sent in one write, and reports whether it is worth
// trying again at once. The error is the socket's.
func (w *worker) fillOnce() (more bool, err error) {
	s := w.slot
	s.mu.Lock()
	buf := append(w.frames[:0], w.control...)
	w.control = w.control[:0]
	s.mu.Unlock()

	buf, more = w.claim(buf)
	if len(buf) > 0 {
		var waited bool
		if waited, err = w.writer.Write(buf); waited {
			w.setBlocked(false)
			more = true
		}
	}
	if cap(buf) <= keepBuffer {
		w.frames = buf
	}
	return more, err
}

// turnBlocked notes that the worker does not read fast enough. Others take the
// calls that its slot was told of.
func (w *worker) turnBlocked() {
	w.setBlocked(true)
	w.slot.executor.wakeFree()
}

func (w *worker) setBlocked(blocked bool) {
	w.slot.mu.Lock()
	defer w.slot.mu.Unlock()
	w.blocked = blocked
	w.updateRoomLocked()
}

// keepBuffer is the largest buffer kept for the next frames.
const keepBuffer = 1 << 20

// claim appends frames with calls from the queue. The calls are held before the
// frames are written.
func (w *worker) claim(buf []byte) (_ []byte, more bool) {
	s, ex := w.slot, w.slot.executor
	w.inArena = 0
	for int64(len(buf))+w.inArena < sendAbove {
		room, freer := w.allowance()
		if freer != nil {
			if ex.demand() {
				signal(freer.wake)
			}
			return buf, false
		}
		if room <= 0 {
			ex.passOn(s)
			return buf, false
		}
		calls := ex.queue.Claim(room, ex.config.Workers)
		switch {
		case calls.Len() > 0:
			buf = w.appendCalls(buf, calls)
			continue
		case s.free() < 0:
			ex.passOn(s)
		case s.free() > 0 && len(ex.slots) > 1:
			ex.recall()
		}
		return buf, false
	}
	return buf, true
}

// allowance returns how many calls may be sent now: as many as threads are free
// while another slot has a free thread too, and otherwise some in advance. While
// another slot has more free threads, it is the one to take calls. The state may
// change at any time, so this is asked before every claim.
func (w *worker) allowance() (room int, freer *slot) {
	s := w.slot
	freest, free := s.executor.freestOther(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	most := w.threadsLocked()
	switch {
	case !s.state.assignable():
		return 0, nil
	case free > max(0, most-w.held):
		return 0, freest
	case free == 0 && most == w.threads:
		most = w.lastLocked(w.credit)
	}
	return most - w.held, nil
}

// appendCalls appends one frame with the calls that can be sent and holds them.
func (w *worker) appendCalls(buf []byte, calls tandem.Calls) []byte {
	ex := w.slot.executor
	b := calls.Batch
	if calls.Canceled() {
		ex.giveBack(calls)
		return buf
	}
	key := ex.types.key(b)
	number, define, err := w.number(key)
	if err != nil {
		w.refuse(calls, tandem.ErrUnknownTask, err)
		return buf
	}
	before := len(buf)
	frame, sent := w.appendFrame(append(buf, define...), calls, number)
	if rest := calls.From(sent); rest.Len() > 0 {
		ex.giveBack(rest)
	}
	switch {
	case len(w.holds) == 0:
		return frame
	case w.hold(w.holds):
		w.nextID += uint64(len(w.holds))
		if b.Canceled() != nil {
			w.slot.cancel(b) // Cancel may have looked before they were held
		} else if calls.Canceled() {
			w.stopMarked(w.holds) // and so may Stop
		}
		return frame
	}
	for _, h := range w.holds {
		w.freeInput(h.placed)
	}
	ex.giveBackAll(w.holds) // the worker is to be ended: others take the calls
	if define != nil {
		delete(w.numbers, key)
	}
	return buf[:before]
}

// appendFrame appends a frame with calls, as many as fit, leaves them in
// w.holds, and returns how many of calls were dealt with. Calls whose input
// cannot be encoded fail and are not part of the frame.
func (w *worker) appendFrame(buf []byte, calls tandem.Calls, task uint16) (_ []byte, dealt int) {
	ex, b := w.slot.executor, calls.Batch
	w.holds = w.holds[:0]
	buf, start := wire.BeginFrame(buf)
	in, _ := b.Types()
	h := wire.Header{Type: wire.TypeCall, ID: w.nextID, Task: task, Attempt: uint16(min(calls.At(0).Attempt(), math.MaxUint16)), Codec: ex.types.of(in).format}
	array := h.Codec == wire.CodecJSON
	if array {
		h.Flags |= wire.FlagArray
	}
	limit, sent := b.Timeout(), int64(0)
	if limit > 0 {
		h.Flags |= wire.FlagTimeout
		buf = wire.AppendTimeout(buf, limit)
	}
	if ex.observed() {
		sent = shm.MonotonicNow()
	}
	body := len(buf)
	for dealt < calls.Len() && len(buf)-start < sendAbove {
		c := calls.At(dealt)
		dealt++
		longer, err := w.appendInput(buf, c, array)
		if err == errNotAlone {
			dealt-- // it gets the next frame
			break
		}
		if size := len(longer) - start - wire.HeaderSize; err == nil && int64(size) > ex.config.MaxFrame-frameSlack {
			if len(w.holds) > 0 {
				dealt-- // it begins the next frame
				break
			}
			err = tooLarge{size, ex.config.MaxFrame}
		}
		if err != nil {
			w.refuseInput(c, err)
			continue
		}
		buf = longer
		w.holds = append(w.holds, held{id: w.nextID + uint64(len(w.holds)), call: c, timeout: limit, sent: sent})
		if w.placer != nil && w.placer.needed() {
			return w.finishParts(buf, start, body, h), dealt
		}
	}
	if len(w.holds) == 0 {
		return buf[:start], dealt
	}
	if array {
		buf = append(buf, ']')
	}
	h.Count = uint32(len(w.holds))
	return wire.EndFrame(buf, start, h), dealt
}

// appendInput appends the input of c: an element of a JSON array, or a payload
// with its length.
func (w *worker) appendInput(buf []byte, c tandem.Call, array bool) (_ []byte, err error) {
	mark := 0
	switch {
	case !array:
		buf, mark = wire.BeginPayload(buf)
	case len(w.holds) == 0:
		buf = append(buf, '[')
	default:
		buf = append(buf, ',')
	}
	if w.placer != nil {
		w.placer.alone = len(w.holds) == 0
	}
	if buf, err = c.AppendInput(buf, w.encoder); err != nil {
		return nil, err
	}
	if !array {
		buf = wire.EndPayload(buf, mark)
	}
	return buf, nil
}

// frameSlack is room for what closes a frame after its last input was counted.
const frameSlack = 16

// hold notes calls as sent, unless the worker is to be ended.
func (w *worker) hold(holds []held) bool {
	s := w.slot
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.state.assignable() {
		return false
	}
	s.moveLocked(eventAssign)
	for _, h := range holds {
		w.holdLocked(h)
	}
	w.updateRoomLocked()
	return true
}

// number returns the number of a task in this worker. For a new one, define is
// the frame that gives it. The error says how the worker's idea of it differs.
func (w *worker) number(key taskKey) (number uint16, define []byte, err error) {
	if n, known := w.numbers[key]; known {
		return n, nil, nil
	}
	if err := w.compare(key); err != nil {
		return 0, nil, err
	}
	if w.lastNumber == math.MaxUint16 {
		clear(w.numbers) // numbers are given again, in the order of the stream
		w.lastNumber = 0
	}
	w.lastNumber++
	w.numbers[key] = w.lastNumber
	frame, start := wire.BeginFrame(nil)
	frame = wire.Define{Name: key.name, In: key.in, Out: key.out}.Append(frame)
	return w.lastNumber, wire.EndFrame(frame, start, wire.Header{Type: wire.TypeDefine, Task: w.lastNumber}), nil
}

// compare says how the worker's task of that name differs from the parent's.
func (w *worker) compare(key taskKey) error {
	if w.offers == nil {
		return nil // it takes any name, and says itself what it lacks
	}
	offer, known := w.offers[key.name]
	if !known {
		return fmt.Errorf("the worker has no task %q: it has %s; give all tasks to worker.Main", key.name, names(w.offers))
	}
	if offer.In != key.in || offer.Out != key.out {
		return fmt.Errorf("task %q differs: here %s → %s, in the worker %s → %s", key.name, key.in, key.out, offer.In, offer.Out)
	}
	return nil
}

// refuse fails calls that were not sent.
func (w *worker) refuse(calls tandem.Calls, kind, err error) {
	for i := range calls.Len() {
		c := calls.At(i)
		w.slot.executor.ended(c, c.Fail(tandem.NewCallError(kind, tandem.NotStarted, c, w.String(), err)))
	}
}

func (w *worker) refuseInput(c tandem.Call, err error) {
	kind := tandem.ErrBadInput
	if _, large := err.(tooLarge); large {
		kind = tandem.ErrTooLarge
	}
	w.refuse(c.Only(), kind, err)
}

// tooLarge says that an input does not fit a frame.
type tooLarge struct {
	size  int
	limit int64
}

func (e tooLarge) Error() string {
	return fmt.Sprintf("input has %d bytes, the frame limit (MaxFrame) is %d", e.size, e.limit)
}
