package mapping

import (
	"sync"
	"time"

	"github.com/gotandem/tandem/cmd/tandem/internal/progress"
)

const (
	// linger is how long results gather at most before they are written. Longer is
	// noticed by whoever reads.
	linger = time.Millisecond

	// writeShare is which part of the time goes into writing, while results gather: a
	// twentieth. Less lets them wait longer, and a kill lose more of them; more makes
	// writes of single results slow down calls.
	writeShare = 20

	// blockedAfter is how long a write may take before the outcomes that wait for it are
	// noted as they are. Longer loses more of them when tandem is killed, shorter makes
	// the log of a run with a slow reader larger: it has their output, or files beside it.
	blockedAfter = 10 * time.Millisecond
)

// delivery is the end of the pipeline: it puts outcomes into order, has them written
// and recorded. What cannot be recorded is written nevertheless. It may be used from
// several goroutines. Its lock is held while the recorder writes its files, not while
// the output is written.
//
//	put --> order --> waiting --> writing --> recorder
//	                       goroutine of deliver
//
// D1: the recorder is told that an outcome has ended after it was written, to standard
// output and to the store; or that it is held, with what may not have been written of it.
// D2: nobody waits for the output but the goroutine of deliver, and calls that write
// while they run: what has ended is recorded although the output is blocked or lost.
type delivery struct {
	// Immutable.
	unordered bool
	lines     *Lines // calls write while they run: items do not have their output; nil: they do
	output    *output
	recorder  Recorder // nil: nothing is recorded
	counters  *progress.Counters
	hold      func(bool)      // lets no more calls start, or again
	awaits    func() bool     // whether a call waits to start again; then the order holds nothing
	broken    func(err error) // is told the first error, without the lock
	watch     *time.Timer     // calls look

	deliverer sync.WaitGroup
	some      chan struct{} // a token: something waits
	plenty    chan struct{} // a token: what waits is worth a write
	closing   chan struct{} // closed by close

	mu      sync.Mutex
	order   order
	waiting queue
	writing []*item   // what the output has; others than its goroutine only read
	began   time.Time // when it began to write; zero: it does not
	stock   stock
	holds   bool      // hold was told so
	lost    bool      // the output has failed: nothing more is written
	late    bool      // the output is blocked or lost: what ends is noted at once
	lookAt  time.Time // when the watch will look; zero: never
	closed  bool
	err     error // the first
	told    bool  // broken was told it
}

// begin starts the goroutine that writes. close ends it.
func (d *delivery) begin() {
	d.some, d.plenty, d.closing = make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{})
	d.watch = time.AfterFunc(time.Hour, d.look)
	d.watch.Stop()
	d.deliverer.Go(d.deliver)
}

// close writes what waits and returns the first error of all. Nothing is written or
// recorded after it.
func (d *delivery) close() error {
	close(d.closing)
	d.deliverer.Wait()
	d.watch.Stop()
	d.mu.Lock()
	d.flushRecorder()
	d.closed = true
	err := d.err
	d.unlock()
	return err
}

// item returns an empty item.
func (d *delivery) item() *item {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stock.get()
}

// put counts an item and lets it wait for its turn, and then for the output. It takes
// the item's streams over. It does not block.
func (d *delivery) put(i *item) {
	d.count(i)
	d.mu.Lock()
	defer d.unlock()
	switch {
	case d.unordered || d.order.pass(i):
		d.toOutput(i)
	default:
		d.order.put(i)
		for next := d.order.take(); next != nil; next = d.order.take() {
			d.toOutput(next)
		}
		if i.Number >= d.order.next {
			d.held(i)
		}
	}
	d.holdOrNot()
}

// toOutput lets an item wait for the output.
func (d *delivery) toOutput(i *item) {
	if d.late {
		d.held(i)
	}
	d.waiting.put(i)
	if len(d.waiting.items) == 1 {
		leaveToken(d.some)
	}
	if d.waiting.plenty() {
		leaveToken(d.plenty)
	}
}

// leaveToken says something that need not be said twice.
func leaveToken(ch chan struct{}) {
	select {
	case ch <- struct{}{}:
	default:
	}
}

// held notes an item that has ended and waits, once.
func (d *delivery) held(i *item) {
	if d.recorder == nil || i.held || i.Cut || i.state != ended {
		return
	}
	o := i.Outcome
	if d.lines != nil {
		left, whole := d.lines.unwritten.of(i.Number)
		if !whole {
			return // the output did not take a line: it has not finished
		}
		o.Stdout.Bytes = append(left, o.Stdout.Bytes...)
	}
	i.held = true
	d.note(d.recorder.Held(&o))
	d.lookIn(linger)
}

// lookIn lets the watch look after the delay or earlier.
func (d *delivery) lookIn(delay time.Duration) {
	if d.recorder == nil {
		return
	}
	if at := time.Now().Add(delay); d.lookAt.IsZero() || at.Before(d.lookAt) {
		d.lookAt = at
		d.watch.Reset(delay)
	}
}

// look notes what waits for an output that is blocked, and lets the recorder write what
// it was told. The watch calls it, perhaps after close.
func (d *delivery) look() {
	d.mu.Lock()
	defer d.unlock()
	d.lookAt = time.Time{}
	if d.closed {
		return
	}
	if !d.began.IsZero() && !d.late {
		if left := blockedAfter - time.Since(d.began); left > 0 {
			d.lookIn(left)
		} else {
			d.outputIsLate()
		}
	}
	d.flushRecorder()
}

// outputIsLate notes what the output has and what waits for it, now and until it has
// written what it has.
func (d *delivery) outputIsLate() {
	d.late = true
	for _, i := range d.writing {
		d.held(i)
	}
	for _, i := range d.waiting.items {
		d.held(i)
	}
}

// holdOrNot lets calls start or not.
func (d *delivery) holdOrNot() {
	full := d.waiting.full() || d.order.full() && !d.awaits()
	if full != d.holds {
		d.holds = full
		d.hold(full)
	}
}

// release lets calls start although outcomes wait: they may wait for one that is to
// start again, behind an input that is held.
func (d *delivery) release() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.holds = false
	d.hold(false)
}

// deliver writes what waits until close.
func (d *delivery) deliver() {
	pause := time.NewTimer(linger)
	defer pause.Stop()
	var next time.Time // when to write again
	for open := true; open; {
		select {
		case <-d.some:
			d.gather(pause, time.Until(next))
		case <-d.closing:
			open = false
		}
		began := time.Now()
		for more := true; more; {
			more = d.step() && !open
		}
		now := time.Now()
		next = now.Add(min(linger, writeShare*now.Sub(began)))
	}
}

// gather waits until so much waits that writing makes sense, or for the duration.
func (d *delivery) gather(pause *time.Timer, duration time.Duration) {
	if duration <= 0 {
		return
	}
	pause.Reset(duration)
	select {
	case <-d.plenty:
	case <-pause.C:
	case <-d.closing:
	}
}

// step writes a batch of what waits and records it. It reports whether more waits.
func (d *delivery) step() (more bool) {
	d.mu.Lock()
	d.writing, d.began = d.waiting.take(d.writing), time.Now()
	d.lookIn(blockedAfter)
	lost := d.lost
	d.mu.Unlock()
	var n int
	var err error
	if !lost {
		n, err = d.output.write(d.writing)
	}
	d.mu.Lock()
	defer d.unlock()
	d.began = time.Time{}
	d.lost = d.lost || err != nil
	d.note(err)
	d.written(n)
	d.holdOrNot()
	if more = len(d.waiting.items) > 0; more {
		leaveToken(d.some)
	}
	if d.waiting.plenty() {
		leaveToken(d.plenty)
	}
	return more
}

// written records the items that the output had, of which it has written the first n,
// and forgets them.
func (d *delivery) written(n int) {
	d.late = d.lost
	for at, i := range d.writing {
		if at < n || i.Cut {
			d.record(i)
		} else {
			d.held(i)
		}
		d.stock.put(i)
	}
	clear(d.writing)
	d.writing = d.writing[:0]
	d.flushRecorder()
}

// record tells the recorder of an item that was written.
func (d *delivery) record(i *item) {
	switch {
	case d.recorder == nil || i.state == skipped:
	case i.held || i.state == replayed:
		d.note(d.recorder.Written(i.Number))
	default:
		d.note(d.recorder.Ended(&i.Outcome))
	}
}

func (d *delivery) flushRecorder() {
	if d.recorder != nil {
		d.note(d.recorder.Flush())
	}
}

// count counts an item when it has ended, which may be long before its turn.
func (d *delivery) count(i *item) {
	switch {
	case i.state == skipped:
		d.counters.Skipped()
	case i.Cut:
		d.counters.Unfinished()
	case i.Err != nil:
		d.counters.Failed()
	default:
		d.counters.Succeeded()
	}
}

// failed notes an error of what is written. A nil error is none.
func (d *delivery) failed(err error) {
	if err == nil {
		return
	}
	d.mu.Lock()
	d.note(err)
	d.unlock()
}

// note keeps the first error.
func (d *delivery) note(err error) {
	if d.err == nil {
		d.err = err
	}
}

// unlock gives the lock back and tells of the first error.
func (d *delivery) unlock() {
	err := d.err
	tell := err != nil && !d.told
	d.told = d.told || tell
	d.mu.Unlock()
	if tell {
		d.broken(err)
	}
}
