package mapping

import (
	"io"
	"sync"
	"sync/atomic"

	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/results"
	"github.com/gotandem/tandem/cmd/tandem/internal/store"
)

// output writes items, and what calls write while they run, each piece whole. Its lock
// is held while it writes, also while that is blocked.
type output struct {
	// Immutable.
	tag     bool
	console *console.Console
	store   store.Store // nil: nothing is kept
	lines   *Lines      // nil: calls do not write while they run

	stdoutLost atomic.Bool // it cannot be written any more

	mu     sync.Mutex
	writer *results.Writer // of standard output
}

// write writes items, and what was left in the buffer. It returns how many of them
// are where they belong, the first ones, and the first error.
func (o *output) write(items []*item) (n int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for n < len(items) && err == nil {
		if err = o.item(items[n]); err == nil {
			n++
		}
	}
	if flushed := o.flush(); flushed != nil {
		return 0, flushed
	}
	return n, err
}

// stream lets a call write while it runs. What it writes may stay in the buffer.
func (o *output) stream(write func(o *output) error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	defer o.look()
	return write(o)
}

// flush writes what is in buffers.
func (o *output) flush() error {
	err := o.writer.Flush()
	if err == nil && o.store != nil {
		err = o.store.Flush()
	}
	o.look()
	return err
}

// look notes what became of standard output.
func (o *output) look() {
	switch {
	case o.writer.Err() != nil:
		o.stdoutLost.Store(true)
	case o.lines != nil && o.writer.Buffered() == 0:
		o.lines.unwritten.written()
	}
}

// item writes what one has to show.
func (o *output) item(i *item) error {
	if i.Cut || i.state == skipped {
		if i.state == skipped && o.store != nil {
			o.store.Skip(&i.record)
		}
		return nil
	}
	if err := o.stdout(i); err != nil {
		return err
	}
	if o.store != nil {
		if err := o.store.Put(&i.Outcome, &i.record); err != nil {
			return err
		}
	}
	if i.Stderr.Len() == 0 && i.message == "" {
		return nil
	}
	// What somebody reads on one terminal comes in this order.
	if err := o.writer.Flush(); err != nil {
		return err
	}
	if i.Stderr.Len() > 0 {
		o.stderr(i)
	}
	if i.message != "" {
		o.console.Failure(i.message)
	}
	return nil
}

func (o *output) stdout(i *item) error {
	if o.lines != nil {
		return o.lines.replay(&i.Outcome)
	}
	if !o.tag {
		return o.writer.Stream(i.Stdout)
	}
	tagger := results.NewTagger(o.writer, results.Tag(i.Input))
	if _, err := i.Stdout.WriteTo(tagger); err != nil {
		return err
	}
	return tagger.End()
}

func (o *output) stderr(i *item) {
	o.console.Stream(func(w io.Writer) {
		if o.tag {
			w = results.NewTagger(w, results.Tag(i.Input))
		}
		_, _ = i.Stderr.WriteTo(w)
	})
}
