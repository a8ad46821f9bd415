package mapping

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/progress"
	"github.com/gotandem/tandem/cmd/tandem/internal/report"
)

// blockSize is how many calls are kept together. A slow call keeps its block; more
// wastes memory for it, less costs the quick ones a look-up each.
const blockSize = 64

// block has the calls whose index divided by blockSize is at. The feeder adds to one
// while Run takes from another, so that neither waits for the other's lock.
type block struct {
	at int

	mu    sync.Mutex
	items [blockSize]*item // nil when the call is not under way
	added int              // how many there have been
	left  int              // of them, under way
}

// Flights knows what is under way. Calls are named by their index in the Map. add
// belongs to one goroutine, take to one other; the other methods may be called from
// anywhere.
//
// F1: an item is read by others than its owner only under the lock of its block, while
// it is there.
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
	f.with(a.Index, func(i *item) { i.Attempts = append(i.Attempts, a) })
}

// with calls do with the item of a call if that is under way, under its lock.
func (f *Flights) with(index int, do func(i *item)) {
	b := f.find(index)
	if b == nil {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if i := b.items[index%blockSize]; i != nil {
		do(i)
	}
}

// find returns the block of a call, nil when none there is under way.
func (f *Flights) find(index int) *block {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.blocks[index/blockSize]
}

// add notes the call with the next index.
func (f *Flights) add(i *item) {
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
	b.items[place] = i
	b.added++
	b.left++
	b.mu.Unlock()
}

// take forgets a call, which has ended, and returns its item.
func (f *Flights) take(index int) *item {
	b := f.emptying
	if b == nil || b.at != index/blockSize {
		b = f.find(index)
		f.emptying = b
	}
	place := index % blockSize
	b.mu.Lock()
	i := b.items[place]
	b.items[place] = nil
	b.left--
	over := b.left == 0 && b.added == blockSize
	b.mu.Unlock()
	if over {
		f.mu.Lock()
		delete(f.blocks, b.at)
		f.mu.Unlock()
	}
	return i
}

// each visits what is under way, in no order, under the lock of its block.
func (f *Flights) each(visit func(index int, i *item)) {
	f.mu.Lock()
	blocks := slices.Collect(maps.Values(f.blocks))
	f.mu.Unlock()
	for _, b := range blocks {
		b.visit(visit)
	}
}

func (b *block) visit(visit func(index int, i *item)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for place, i := range b.items {
		if i != nil {
			visit(b.at*blockSize+place, i)
		}
	}
}

// underWay returns how many calls have started and not ended.
func (f *Flights) underWay() int {
	n := 0
	f.each(func(int, *item) { n++ })
	return n
}

// flight is what others than its owner know of an item that is under way.
type flight struct {
	index, number int
	input         []byte
	started       time.Time
}

func flightOf(index int, i *item) flight { return flight{index, i.Number, i.record.Whole, i.Start} }

// oldest returns the input that is under way for the longest time.
func (f *Flights) oldest() (oldest flight, found bool) {
	f.each(func(index int, i *item) {
		if !found || i.Start.Before(oldest.started) {
			oldest, found = flightOf(index, i), true
		}
	})
	return oldest, found
}

// list returns a line for each input that is under way, the oldest first.
func (f *Flights) list() []string {
	var under []flight
	f.each(func(index int, i *item) { under = append(under, flightOf(index, i)) })
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
// those that are marked already.
func (f *Flights) recall() (index, number int, found bool) {
	var youngest flight
	staying := 0
	f.each(func(index int, i *item) {
		if i.back {
			return
		}
		staying++
		if staying == 1 || i.Start.After(youngest.started) {
			youngest = flightOf(index, i)
		}
	})
	if staying < 2 {
		return 0, 0, false
	}
	f.with(youngest.index, func(i *item) { i.back, found = true, true })
	return youngest.index, youngest.number, found
}

// unmark undoes recall.
func (f *Flights) unmark(index int) { f.with(index, func(i *item) { i.back = false }) }
