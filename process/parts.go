package process

import (
	"errors"
	"fmt"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/codec"
	"github.com/gotandem/tandem/internal/shm"
	"github.com/gotandem/tandem/internal/wire"
)

// placed is the memory of one call's input in the inbound arena.
type placed struct {
	ranges []shm.Range
	kept   bool // the worker said that a task still uses it
}

// placer is the codec of one worker for inputs: it puts those that are large into
// the arena, and leaves what belongs beside the payload. It belongs to the filler.
type placer struct {
	tandem.Codec
	sizer    codec.Sizer    // nil: the codec is none
	buffered codec.Buffered // nil: the codec is none
	arena    *shm.Arena     // nil: the worker uses none
	max      int64          // the frame limit: of an input with its buffers, wherever they are

	alone bool // for the next input: its frame has no other

	// Of the last input.
	moved   bool        // the payload is at placed.ranges[0]
	placed  *placed     // nil: nothing is in the arena
	buffers [][]byte    // beside the payload
	bytes   int64       // in the arena
	table   []shm.Range // reused
}

// errNotAlone says that an input needs a frame of its own.
var errNotAlone = errors.New("this input needs a frame of its own")

func newPlacer(c tandem.Codec, max int64) *placer {
	p := &placer{Codec: c, max: max}
	p.sizer, _ = c.(codec.Sizer)
	p.buffered, _ = c.(codec.Buffered)
	return p
}

// Append appends the payload of what v points to, unless that goes to the arena.
// Nothing is left in the arena after an error.
func (p *placer) Append(dst []byte, v any) ([]byte, error) {
	p.moved, p.placed, p.buffers, p.bytes = false, nil, nil, 0
	if p.buffered != nil {
		p.buffers = p.buffered.Buffers(v)
	}
	if len(p.buffers) > 0 && !p.alone {
		return dst, errNotAlone
	}
	size, known := 0, false
	if p.sizer != nil {
		size, known = p.sizer.Size(v)
	}
	if !known {
		return p.appendUnsized(dst, v)
	}
	if err := p.checkSize(size); err != nil || size < wire.MoveAbove {
		if err != nil {
			return dst, err
		}
		return p.Codec.Append(dst, v)
	}
	if !p.alone {
		return dst, errNotAlone
	}
	moved, err := p.put(size, func(to []byte) ([]byte, error) { return p.Codec.Append(to, v) })
	if p.moved = moved; moved || err != nil {
		return dst, err
	}
	return p.Codec.Append(dst, v)
}

// appendUnsized is Append for a value whose size is known once it is encoded.
func (p *placer) appendUnsized(dst []byte, v any) ([]byte, error) {
	longer, err := p.Codec.Append(dst, v)
	size := len(longer) - len(dst)
	if err != nil || size < wire.MoveAbove || p.arena == nil || int64(size) > p.max-frameSlack {
		return longer, err
	}
	if !p.alone {
		return dst, errNotAlone
	}
	payload := longer[len(dst):]
	p.moved, _ = p.put(size, func(to []byte) ([]byte, error) { return append(to, payload...), nil })
	if p.moved {
		return longer[:len(dst)], nil
	}
	return longer, nil
}

// checkSize checks an input that has size bytes besides its buffers.
func (p *placer) checkSize(size int) error {
	total := int64(size)
	for _, b := range p.buffers {
		total += int64(len(b))
	}
	total += int64(len(p.buffers)) * wire.PartSize
	if total > p.max-frameSlack {
		return tooLarge{int(total), p.max}
	}
	return nil
}

// put takes size bytes of the arena for the last input and has fill write them.
// It reports false when there is no room.
func (p *placer) put(size int, fill func([]byte) ([]byte, error)) (bool, error) {
	if p.arena == nil {
		return false, nil
	}
	r, ok, err := p.arena.Put(uint64(size), fill)
	if !ok {
		return false, err
	}
	if p.placed == nil {
		p.placed = new(placed)
	}
	p.placed.ranges = append(p.placed.ranges, r)
	p.bytes += int64(size)
	return true, nil
}

// needed reports whether the last input needs a frame with buffers.
func (p *placer) needed() bool { return p.moved || len(p.buffers) > 0 }

// appendTable closes a body with the table of buffers and those that are not in
// the arena, and completes the header.
func (p *placer) appendTable(body []byte, h *wire.Header) []byte {
	p.table = p.table[:0]
	if p.moved {
		p.table = append(p.table, p.placed.ranges[0])
		h.Flags |= wire.FlagMoved
	}
	for _, b := range p.buffers {
		r := shm.Range{Offset: wire.InBody, Length: uint64(len(b))}
		if len(b) >= wire.MoveAbove {
			if ok, _ := p.put(len(b), func(to []byte) ([]byte, error) { return append(to, b...), nil }); ok {
				r = p.placed.ranges[len(p.placed.ranges)-1]
			}
		}
		p.table = append(p.table, r)
	}
	for _, r := range p.table {
		body = wire.AppendPart(body, wire.Buffer(r))
	}
	inline := p.table[len(p.table)-len(p.buffers):]
	for i, b := range p.buffers {
		if inline[i].Offset == wire.InBody {
			body = append(body, b...)
		}
	}
	h.OOB = uint16(len(p.table))
	p.buffers = nil
	return body
}

// finishParts closes the frame of the only input, which begins with its body at
// body and whose payload, if it is there, is complete.
func (w *worker) finishParts(buf []byte, start, body int, h wire.Header) []byte {
	p := w.placer
	h.Flags &^= wire.FlagArray
	if p.moved {
		buf = buf[:body]
	}
	h.Count = 1
	buf = p.appendTable(buf, &h)
	w.holds[0].placed = p.placed
	w.inArena += p.bytes
	return wire.EndFrame(buf, start, h)
}

// freeInput makes the memory of a call's input free, once the worker has ended it
// or given it back, unless it was kept.
func (w *worker) freeInput(p *placed) {
	if p == nil || p.kept {
		return
	}
	for _, r := range p.ranges {
		w.box.Inbound().Free(r)
	}
}

// keep notes that a task still uses the input of a call after it has ended.
func (w *worker) keep(h wire.Header) error {
	w.slot.mu.Lock()
	defer w.slot.mu.Unlock()
	held := w.findLocked(h.ID)
	if held == nil || held.placed == nil || held.placed.kept {
		return fmt.Errorf("keep of call %d, which has no buffers", h.ID)
	}
	if w.kept == nil {
		w.kept = make(map[uint64]*placed)
	}
	held.placed.kept = true
	w.kept[h.ID] = held.placed
	return nil
}

// released notes that what was kept is no longer used.
func (w *worker) released(h wire.Header) error {
	w.slot.mu.Lock()
	kept, held := w.kept[h.ID], w.findLocked(h.ID)
	delete(w.kept, h.ID)
	if kept != nil {
		kept.kept = false
	}
	w.slot.mu.Unlock()
	switch {
	case kept == nil:
		return fmt.Errorf("release of call %d, of which nothing was kept", h.ID)
	case held == nil:
		w.freeInput(kept)
	}
	return nil
}

// resultParts delivers a result that has buffers.
func (w *worker) resultParts(h wire.Header, body []byte) error {
	parts, err := wire.ParseParts(h, body)
	if err != nil {
		return err
	}
	value := delivery{Codec: w.slot.executor.codec}
	payload, err := w.readParts(parts, &value)
	if err != nil {
		return err
	}
	held, ok := w.take(h.ID, true)
	if !ok {
		return fmt.Errorf("result of call %d, which the worker does not have", h.ID)
	}
	w.slot.mu.Lock()
	w.sendLocked(wire.AppendHeader(nil, wire.Header{Type: wire.TypeRelease, ID: h.ID, Count: 1}))
	w.slot.mu.Unlock()
	signal(w.slot.wake)
	switch {
	case held.overdue:
		w.timedOut(held)
	case h.Codec != w.slot.executor.types.result(held.call.Batch()):
		w.wrongCodec(held, h.Codec)
	default:
		w.slot.executor.ended(held.call, w.seen(&held).Deliver(held.call, &value, payload))
	}
	return nil
}

// readParts copies the payload and the buffers of a result, once, to where the
// worker cannot change them any more.
func (w *worker) readParts(parts wire.Parts, value *delivery) (payload []byte, err error) {
	left := uint64(w.readLimit())
	next := func() (data []byte, err error) {
		b, inline := parts.Next()
		if b.Length > left {
			return nil, fmt.Errorf("buffers exceed the limit of %d bytes", w.readLimit())
		}
		left -= b.Length
		if b.Offset == wire.InBody {
			return append([]byte{}, inline...), nil
		}
		err = w.box.Outbound().Read(shm.Range(b), func(src []byte) error {
			data = append([]byte{}, src...)
			return nil
		})
		return data, err
	}
	if parts.Moved {
		payload, err = next()
	} else {
		payload = append([]byte{}, parts.Payload...)
	}
	for err == nil && parts.Len() > 0 {
		var data []byte
		if data, err = next(); err == nil {
			value.buffers = append(value.buffers, data)
		}
	}
	return payload, err
}

// wrongCodec fails a call whose value came in a form that is not its type's.
func (w *worker) wrongCodec(h held, got wire.Codec) {
	err := fmt.Errorf("result has codec %v, want %v", got, w.slot.executor.types.result(h.call.Batch()))
	w.fail(&h, tandem.NewCallError(tandem.ErrBadResult, tandem.Finished, h.call, w.String(), err))
}

// delivery decodes one value, in memory that nobody else uses.
type delivery struct {
	tandem.Codec
	buffers [][]byte
}

// Decode stores in *v the value whose payload is src.
func (d *delivery) Decode(src []byte, v any) error {
	if len(d.buffers) > 0 {
		if c, ok := d.Codec.(codec.Buffered); ok {
			return c.DecodeBuffers(src, d.buffers, v)
		}
		return errors.New("result has buffers beside it, which no type takes")
	}
	if c, ok := d.Codec.(codec.Owner); ok {
		return c.DecodeOwned(src, v)
	}
	return d.Codec.Decode(src, v)
}
