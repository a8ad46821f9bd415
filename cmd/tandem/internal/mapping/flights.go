package mapping

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/progress"
	"github.com/gotandem/tandem/cmd/tandem/internal/report"
)

// flight is an input on its way through the executor.
type flight struct {
	number   int
	record   inputs.Record
	key      outcome.Key
	started  time.Time // when it left the gate
	attempts []tandem.Attempt
	back     bool // it was stopped in order to start again
}

// blockSize is how many flights are kept together. A slow call keeps its block;
// more wastes memory for it, less costs the quick ones a look-up each.
const blockSize = 64

// block has the flights of the calls whose index divided by blockSize is the same.
type block struct {
	flights [blockSize]flight
	live    uint64 // a bit for each that is under way
	filled  int    // how many there have been
}

// Flights knows what is under way. Calls are named by their index in the Map. Its
// methods may be called from several goroutines.
type Flights struct {
	mu     sync.Mutex
	blocks map[int]*block
	spare  *block
	near   *block // the block that was used last
	nearAt int    // its number
	count  int
}

// NewFlights returns what is to be under way in one run.
func NewFlights() *Flights { return &Flights{blocks: make(map[int]*block), nearAt: -1} }

// Observe notes an attempt. It is for the field Observe of an executor's Config.
func (f *Flights) Observe(a tandem.Attempt) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl := f.findLocked(a.Index); fl != nil {
		fl.attempts = append(fl.attempts, a)
	}
}

// add notes the call with the next index.
func (f *Flights) add(index int, fl flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at := index / blockSize
	b := f.blockLocked(at)
	if b == nil {
		if b, f.spare = f.spare, nil; b == nil {
			b = new(block)
		}
		f.blocks[at] = b
	}
	b.flights[index%blockSize] = fl
	b.live |= 1 << (index % blockSize)
	b.filled++
	f.count++
}

// take forgets a call, which has ended, and returns what is known of it.
func (f *Flights) take(index int) (fl flight) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at, bit := index/blockSize, uint64(1)<<(index%blockSize)
	b := f.blockLocked(at)
	fl, b.flights[index%blockSize] = b.flights[index%blockSize], flight{}
	b.live &^= bit
	f.count--
	if b.live == 0 && b.filled == blockSize {
		delete(f.blocks, at)
		b.filled, f.spare, f.nearAt = 0, b, -1
	}
	return fl
}

func (f *Flights) blockLocked(at int) *block {
	if f.nearAt != at {
		b := f.blocks[at]
		if b == nil {
			return nil
		}
		f.near, f.nearAt = b, at
	}
	return f.near
}

func (f *Flights) findLocked(index int) *flight {
	b := f.blockLocked(index / blockSize)
	if b == nil || b.live&(1<<(index%blockSize)) == 0 {
		return nil
	}
	return &b.flights[index%blockSize]
}

// underWay returns how many calls have started and not ended.
func (f *Flights) underWay() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.count
}

// oldest returns the input that is under way for the longest time.
func (f *Flights) oldest() (fl flight, found bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.eachLocked(func(_ int, other *flight) {
		if !found || other.started.Before(fl.started) {
			fl, found = *other, true
		}
	})
	return fl, found
}

// list returns a line for each input that is under way, the oldest first.
func (f *Flights) list() []string {
	var under []flight
	f.mu.Lock()
	f.eachLocked(func(_ int, fl *flight) { under = append(under, *fl) })
	f.mu.Unlock()
	slices.SortFunc(under, func(a, b flight) int { return cmp.Or(a.started.Compare(b.started), a.number-b.number) })
	lines := make([]string, 0, len(under))
	for _, fl := range under {
		input := report.Input{Number: fl.number, Text: string(fl.record.Whole[:min(len(fl.record.Whole), 1<<10)])}
		lines = append(lines, input.String()+" for "+progress.Elapsed(time.Since(fl.started)))
	}
	return lines
}

// recall marks the input that started last as one that starts again, and returns
// the index of its call and its number. It leaves the last one under way alone, and
// those that are marked already.
func (f *Flights) recall() (index, number int, found bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var youngest *flight
	staying := 0
	f.eachLocked(func(i int, other *flight) {
		if other.back {
			return
		}
		staying++
		if youngest == nil || other.started.After(youngest.started) {
			youngest, index = other, i
		}
	})
	if staying < 2 {
		return 0, 0, false
	}
	youngest.back = true
	return index, youngest.number, true
}

// unmark undoes recall.
func (f *Flights) unmark(index int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if fl := f.findLocked(index); fl != nil {
		fl.back = false
	}
}

// eachLocked visits what is under way, in no order.
func (f *Flights) eachLocked(visit func(index int, fl *flight)) {
	for at, b := range f.blocks {
		for i := range blockSize {
			if b.live&(1<<i) != 0 {
				visit(at*blockSize+i, &b.flights[i])
			}
		}
	}
}
