package mapping

import (
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
)

const (
	// mostHeld is how many outcomes wait for an earlier one. More lets the others
	// run on longer beside a slow call, and costs memory.
	mostHeld = 65_536

	// mostHeldBytes is how many bytes of outcomes wait in memory.
	mostHeldBytes = 256 << 20
)

// item is an input that has ended, on its way to the output.
type item struct {
	outcome.Outcome
	state   state
	message string // what to say about its failure; empty when there is nothing
	held    bool   // it waited for its turn, and the recorder knows
	record  inputs.Record
}

// state says where an item comes from.
type state uint8

const (
	ended    state = iota // its call ended, or could not be made
	skipped               // it finished in an earlier run
	replayed              // it finished in an earlier run, but was not written
)

// size is what an item takes of the memory for outcomes that wait.
func (i *item) size() int64 {
	const itself = 512
	return itself + int64(len(i.Stdout.Bytes)) + int64(len(i.Stderr.Bytes)) + int64(len(i.message))
}

// order puts items into the order of their inputs, which are numbered from 1
// without a gap.
//
// O1: take returns each item once, in the order of the numbers.
// O2: what waits is not bounded here: at the bound, full says so.
type order struct {
	ring  []*item // the item with number n is at n modulo the length, a power of two
	next  int     // number of the item whose turn it is
	held  int     // items that wait
	bytes int64   // of them
}

func newOrder() order { return order{ring: make([]*item, 256), next: 1} }

// put adds an item.
func (o *order) put(i *item) {
	for i.Number-o.next >= len(o.ring) {
		o.grow()
	}
	o.ring[i.Number&(len(o.ring)-1)] = i
	o.held++
	o.bytes += i.weight()
}

// grow doubles the ring.
func (o *order) grow() {
	ring := make([]*item, 2*len(o.ring))
	for n := o.next; n < o.next+len(o.ring); n++ {
		ring[n&(len(ring)-1)] = o.ring[n&(len(o.ring)-1)]
	}
	o.ring = ring
}

// take returns the item whose turn it is, or nil when that has not come.
func (o *order) take() *item {
	at := o.next & (len(o.ring) - 1)
	i := o.ring[at]
	if i == nil {
		return nil
	}
	o.ring[at] = nil
	o.next++
	o.held--
	o.bytes -= i.weight()
	return i
}

// full reports whether no more calls are to start until some that wait have gone.
func (o *order) full() bool { return o.held >= mostHeld || o.bytes >= mostHeldBytes }
