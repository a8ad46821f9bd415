package mapping

import (
	"io"
	"sync"
	"time"

	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/progress"
	"github.com/gotandem/tandem/cmd/tandem/internal/results"
	"github.com/gotandem/tandem/cmd/tandem/internal/store"
)

// linger is how long a result may wait for others to travel with. Longer is noticed
// by whoever reads, shorter costs a system call for each result.
const linger = time.Millisecond

// delivery is the end of the pipeline: it puts outcomes into order and writes each
// whole, output first, then what there is to say, then the line of the log. It may
// be used from several goroutines. Its lock is held while it writes: that is what
// keeps outcomes in order.
//
// D1: a line goes to the log after the output that it is about was written, to
// standard output and to the store.
// D2: after an error of the output nothing is recorded any more.
type delivery struct {
	// Immutable.
	unordered bool
	tag       bool
	console   *console.Console
	recorder  Recorder    // nil: nothing is recorded
	store     store.Store // nil: nothing is kept
	counters  *progress.Counters
	hold      func(bool)      // lets no more calls start, or again
	awaits    func() bool     // whether a call waits to start again; then nothing is held
	broken    func(err error) // is told the first error, without the lock
	timer     *time.Timer

	mu     sync.Mutex
	order  order
	stock  stock
	writer *results.Writer
	holds  bool // hold was told so
	armed  bool // the timer will flush
	closed bool
	err    error // the first
	told   bool  // broken was told it
}

// item returns an empty item.
func (d *delivery) item() *item {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stock.get()
}

// put counts an item and delivers it and those that waited for it, or lets it wait
// for its turn. It takes the item's streams over. It blocks while the output does.
func (d *delivery) put(i *item) {
	d.count(i)
	d.mu.Lock()
	if d.unordered {
		d.deliver(i)
	} else {
		d.putInOrder(i)
	}
	d.armLocked()
	d.unlock()
}

// armLocked lets the timer write what waits.
func (d *delivery) armLocked() {
	if !d.armed && (d.writer.Buffered() > 0 || d.store != nil || d.recorder != nil) {
		d.armed = true
		d.timer.Reset(linger)
	}
}

func (d *delivery) putInOrder(i *item) {
	if d.order.pass(i) {
		d.deliver(i)
		return
	}
	number := i.Number
	d.order.put(i)
	for next := d.order.take(); next != nil; next = d.order.take() {
		d.deliver(next)
	}
	if number >= d.order.next && i.state == ended {
		i.held = true
		if d.recorder != nil && d.err == nil {
			d.note(d.recorder.Held(&i.Outcome))
		}
	}
	if full := d.order.full() && !d.awaits(); full != d.holds {
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

// failed notes that the recorder has failed. A nil error is none.
func (d *delivery) failed(err error) {
	if err == nil {
		return
	}
	d.mu.Lock()
	d.note(err)
	d.unlock()
}

// flush writes what waits for others to travel with. The timer calls it, perhaps
// after close.
func (d *delivery) flush() {
	d.mu.Lock()
	if !d.closed {
		d.flushLocked()
	}
	d.unlock()
}

func (d *delivery) flushLocked() {
	d.armed = false
	err := d.writer.Flush()
	if err == nil && d.store != nil {
		err = d.store.Flush()
	}
	if err == nil && d.recorder != nil {
		err = d.recorder.Flush()
	}
	d.note(err)
}

// close writes what waits and returns the first error of all. Nothing is written or
// recorded after it.
func (d *delivery) close() error {
	d.timer.Stop()
	d.mu.Lock()
	d.flushLocked()
	d.closed = true
	err := d.err
	d.unlock()
	return err
}

// outputFailed reports whether standard output is what cannot be written.
func (d *delivery) outputFailed() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.writer.Err() != nil
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

// deliver writes an item and forgets it. The lock is held.
func (d *delivery) deliver(i *item) {
	switch {
	case i.state == skipped:
		if d.store != nil {
			d.store.Skip(&i.record)
		}
	case i.Cut:
		d.record(i)
	default:
		d.write(i)
		d.record(i)
	}
	d.stock.put(i)
}

// write writes what an item has to show.
func (d *delivery) write(i *item) {
	if d.err != nil {
		return
	}
	d.note(d.stdout(i))
	if d.store != nil && d.err == nil {
		d.note(d.store.Put(&i.Outcome, &i.record))
	}
	if d.err != nil || i.Stderr.Len() == 0 && i.message == "" {
		return
	}
	// What somebody reads on one terminal comes in this order.
	d.note(d.writer.Flush())
	if i.Stderr.Len() > 0 {
		d.stderr(i)
	}
	if i.message != "" {
		d.console.Failure(i.message)
	}
}

func (d *delivery) stdout(i *item) error {
	if !d.tag {
		return d.writer.Stream(i.Stdout)
	}
	tagger := results.NewTagger(d.writer, results.Tag(i.Input))
	if _, err := i.Stdout.WriteTo(tagger); err != nil {
		return err
	}
	return tagger.End()
}

func (d *delivery) stderr(i *item) {
	d.console.Stream(func(w io.Writer) {
		if d.tag {
			w = results.NewTagger(w, results.Tag(i.Input))
		}
		_, _ = i.Stderr.WriteTo(w)
	})
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

// record tells the recorder of an item whose output has been given to the writer.
func (d *delivery) record(i *item) {
	switch {
	case d.recorder == nil || d.err != nil:
	case !i.held && i.state != replayed:
		d.note(d.recorder.Ended(&i.Outcome))
	case !i.Cut:
		d.note(d.recorder.Written(i.Number))
	}
}
