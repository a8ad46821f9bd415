package mapping

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/quantity"
)

// guardInterval is how often the memory is looked at while calls run. Between two
// looks what a stopped call had is given back.
const guardInterval = time.Second

// guard lets calls start again by way of the gate: those that are to be repeated, and,
// when memory becomes scarce, the youngest one, which it stops. It stops none that could
// not start again: during a drain.
// Its watch is a goroutine of its own, merge belongs to the feeder, and takesBack and
// back to the goroutine of Run.
type guard struct {
	least   int64                // bytes; below them nothing starts, below half of them calls are stopped; 0: none is
	free    func() int64         // bytes
	stop    func(index int) bool // a call
	flights *Flights
	source  func() // stops the input
	say     func(text string)
	drains  <-chan struct{} // closed when nothing is to start any more, also not again

	over    chan struct{} // closed by end
	watcher sync.WaitGroup
	live    atomic.Int64 // calls that have started and of which nobody knows that they have ended

	mu       sync.Mutex
	returned []flight      // to start again
	stopped  time.Time     // when a call was stopped last
	changed  chan struct{} // a token: a call has ended, or came back
}

// begin starts to watch; end ends that.
func (g *guard) begin() {
	g.over, g.changed = make(chan struct{}), make(chan struct{}, 1)
	if g.least > 0 {
		g.watcher.Go(g.watch)
	}
}

func (g *guard) end() {
	close(g.over)
	g.watcher.Wait()
}

func (g *guard) watch() {
	ticker := time.NewTicker(guardInterval)
	defer ticker.Stop()
	said := false
	for {
		select {
		case <-g.over:
			return
		case <-g.drains:
			return
		case <-ticker.C:
		}
		free := g.free()
		if free >= g.least/2 {
			continue
		}
		if number, stopped := g.stopYoungest(); stopped && !said {
			said = true
			g.say(fmt.Sprintf("memory is scarce (%s free, --memfree is %s): stopped the call of input %d, which starts again later; so will others",
				quantity.FormatSize(free), quantity.FormatSize(g.least), number))
		}
	}
}

// stopYoungest stops the call that started last, unless it is the only one.
func (g *guard) stopYoungest() (number int, stopped bool) {
	index, number, found := g.flights.recall()
	if !found {
		return 0, false
	}
	if !g.stop(index) {
		g.flights.unmark(index)
		return 0, false
	}
	g.mu.Lock()
	g.stopped = time.Now()
	g.mu.Unlock()
	return number, true
}

// lostWithin is how soon after a stop the calls end that the stopped worker also ran.
const lostWithin = 5 * time.Second

// takesBack reports whether a call that ended with err is to start again: because it
// was marked so, or because it was lost with the worker of one that was stopped.
func (g *guard) takesBack(fl *flight, err error) bool {
	if err == nil || fl.isBack() {
		return err != nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return time.Since(g.stopped) < lostWithin && errors.Is(err, tandem.ErrWorkerLost)
}

// back lets a call start again, before its end is counted.
func (g *guard) back(fl flight) {
	if !fl.isBack() {
		fl.more.next = restart
	}
	g.mu.Lock()
	g.returned = append(g.returned, fl)
	g.mu.Unlock()
}

// started and ended count calls.
func (g *guard) started() { g.live.Add(1) }

func (g *guard) ended() {
	g.live.Add(-1)
	leaveToken(g.changed)
}

// merge yields what is to start again before the inputs of fresh, and goes on until
// nothing is under way that could be stopped. It reads fresh on a goroutine of its
// own, which it joins: a source that waits must not hold up what starts again.
func (g *guard) merge(ctx context.Context, fresh iter.Seq2[flight, inputs.Record]) iter.Seq2[flight, inputs.Record] {
	return func(yield func(flight, inputs.Record) bool) {
		read, over := make(chan flight), make(chan struct{})
		var reader sync.WaitGroup
		reader.Go(func() {
			defer close(read)
			for fl := range fresh {
				select {
				case read <- fl:
				case <-over:
					return
				}
			}
		})
		defer func() {
			close(over)
			g.source()
			reader.Wait()
		}()
		for {
			fl, found := g.next(ctx, &read)
			if !found || !yield(fl, fl.more.record) {
				return
			}
		}
	}
}

// next waits for the next call to start. It sets read to nil when that is closed, and
// returns false when there can be no more.
func (g *guard) next(ctx context.Context, read *chan flight) (fl flight, found bool) {
	for {
		none := g.live.Load() == 0 // before the look at what came back
		if fl, found = g.takeReturned(); found || none && *read == nil {
			return fl, found
		}
		select {
		case fl, more := <-*read:
			if more {
				return fl, true
			}
			*read = nil
		case <-g.changed:
		case <-ctx.Done():
			return flight{}, false
		}
	}
}

// waits reports whether a call waits to start again; none does without a guard. The
// lock of the delivery may be held.
func (g *guard) waits() bool {
	if g == nil {
		return false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.returned) > 0
}

func (g *guard) takeReturned() (fl flight, found bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.returned) == 0 {
		return flight{}, false
	}
	fl = g.returned[0]
	g.returned = g.returned[1:]
	return fl, true
}

// leftBehind returns what was to start again and has not.
func (g *guard) leftBehind() []flight {
	g.mu.Lock()
	defer g.mu.Unlock()
	left := g.returned
	g.returned = nil
	return left
}
