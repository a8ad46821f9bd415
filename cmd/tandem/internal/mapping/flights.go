package mapping

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/progress"
	"github.com/gotandem/tandem/cmd/tandem/internal/report"
)

// flight is an input on its way through the executor. It is small, because it goes
// from the feeder to Run, mostly from one processor to another.
type flight struct {
	number  int
	input   []byte    // as it was written
	started time.Time // when it left the gate
	more    *details  // nil when nobody needs them
}

// details are what only some runs need of a flight.
type details struct {
	record   inputs.Record
	key      outcome.Key
	attempts []tandem.Attempt
	earlier  int // attempts of the calls before this one
	left     int // how often it may be repeated by way of the gate
	next     next
}

// next is what comes after the call of an input.
type next uint8

const (
	over     next = iota // nothing: what it ends with is what the input comes to
	restart              // another call: it was stopped, or lost with one that was
	repeat               // another call, for the next attempt
	cutShort             // nothing: an attempt failed and is not repeated because of a drain
)

// begin notes that a call begins. The attempts of one that was stopped do not count.
func (d *details) begin() {
	if d.next != repeat {
		d.attempts = nil
	} else if n := len(d.attempts); n > 0 {
		d.attempts[n-1].Again = true
	}
	d.earlier, d.next = len(d.attempts), over
}

// isBack reports whether the input is to start again.
func (fl *flight) isBack() bool {
	return fl.more != nil && (fl.more.next == restart || fl.more.next == repeat)
}

// isCutShort reports whether a drain has kept the input from another attempt.
func (fl *flight) isCutShort() bool { return fl.more != nil && fl.more.next == cutShort }

// blockSize is how many calls are kept together. A slow call keeps its block; more
// wastes memory for it, less costs the quick ones a look-up each.
const blockSize = 64

// block has the calls whose index divided by blockSize is at. The feeder adds to one
// while Run takes from another, so that neither waits for the other's lock.
type block struct {
	at int

	mu      sync.Mutex
	flights [blockSize]flight
	live    uint64 // a bit for each that is under way
	added   int    // how many there have been
}

// Flights knows what is under way. Calls are named by their index in the Map. add
// belongs to one goroutine, take to one other; the other methods may be called from
// anywhere.
//
// F1: others than the two look at a flight only under the lock of its block, while it
// is there.
type Flights struct {
	filling *block // owned by the goroutine of add
	next    int    // index; owned by the goroutine of add

	_ [64]byte // what add writes stays off the line that take reads

	emptying *block // owned by the goroutine of take

	mu     sync.Mutex
	blocks map[int]*block
}

// NewFlights returns what is to be under way in one run.
func NewFlights() *Flights { return &Flights{blocks: make(map[int]*block)} }

// Observe notes an attempt. It is for the field Observe of an executor's Config.
func (f *Flights) Observe(a tandem.Attempt) {
	f.with(a.Index, func(fl *flight) {
		if fl.more != nil {
			a.Number += fl.more.earlier
			fl.more.attempts = append(fl.more.attempts, a)
		}
	})
}

// with calls do with a call if that is under way, under its lock.
func (f *Flights) with(index int, do func(fl *flight)) {
	b := f.find(index)
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if place := index % blockSize; b.live&(1<<place) != 0 {
		do(&b.flights[place])
	}
}

// find returns the block of a call, nil when none there is under way.
func (f *Flights) find(index int) *block {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.blocks[index/blockSize]
}

// add notes the call with the next index.
func (f *Flights) add(fl flight) {
	place := f.next % blockSize
	if place == 0 {
		f.filling = &block{at: f.next / blockSize}
		f.mu.Lock()
		f.blocks[f.filling.at] = f.filling
		f.mu.Unlock()
	}
	f.next++
	b := f.filling
	b.mu.Lock()
	b.flights[place] = fl
	b.live |= 1 << place
	b.added++
	b.mu.Unlock()
}

// take forgets a call, which has ended, and returns what is known of it.
func (f *Flights) take(index int) flight {
	b := f.emptying
	if b == nil || b.at != index/blockSize {
		b = f.find(index)
		f.emptying = b
	}
	place := index % blockSize
	b.mu.Lock()
	fl := b.flights[place]
	b.flights[place] = flight{}
	b.live &^= 1 << place
	over := b.live == 0 && b.added == blockSize
	b.mu.Unlock()
	if over {
		f.mu.Lock()
		delete(f.blocks, b.at)
		f.mu.Unlock()
	}
	return fl
}

// each visits what is under way, in no order, under the lock of its block.
func (f *Flights) each(visit func(index int, fl *flight)) {
	f.mu.Lock()
	blocks := slices.Collect(maps.Values(f.blocks))
	f.mu.Unlock()
	for _, b := range blocks {
		b.visit(visit)
	}
}

func (b *block) visit(visit func(index int, fl *flight)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for place := range blockSize {
		if b.live&(1<<place) != 0 {
			visit(b.at*blockSize+place, &b.flights[place])
		}
	}
}

// underWay returns how many calls have started and not ended.
func (f *Flights) underWay() int {
	n := 0
	f.each(func(int, *flight) { n++ })
	return n
}

// oldest returns the input that is under way for the longest time.
func (f *Flights) oldest() (oldest flight, found bool) {
	f.each(func(_ int, fl *flight) {
		if !found || fl.started.Before(oldest.started) {
			oldest, found = *fl, true
		}
	})
	return oldest, found
}

// list returns a line for each input that is under way, the oldest first.
func (f *Flights) list() []string {
	var under []flight
	f.each(func(_ int, fl *flight) { under = append(under, *fl) })
	slices.SortFunc(under, func(a, b flight) int { return cmp.Or(a.started.Compare(b.started), a.number-b.number) })
	lines := make([]string, 0, len(under))
	for _, fl := range under {
		input := report.Input{Number: fl.number, Text: string(fl.input[:min(len(fl.input), 1<<10)])}
		lines = append(lines, input.String()+" for "+progress.Elapsed(time.Since(fl.started)))
	}
	return lines
}

// recall marks the input that started last as one that starts again, and returns
// the index of its call and its number. It leaves the last one under way alone, and
// those that are marked already. It needs the details of flights.
func (f *Flights) recall() (index, number int, found bool) {
	var youngest flight
	staying := 0
	f.each(func(at int, fl *flight) {
		if fl.isBack() {
			return
		}
		staying++
		if staying == 1 || fl.started.After(youngest.started) {
			youngest, index = *fl, at
		}
	})
	if staying < 2 {
		return 0, 0, false
	}
	f.with(index, func(fl *flight) { fl.more.next, found = restart, true })
	return index, youngest.number, found
}

// unmark undoes recall.
func (f *Flights) unmark(index int) {
	f.with(index, func(fl *flight) {
		if fl.more.next == restart {
			fl.more.next = over
		}
	})
}
