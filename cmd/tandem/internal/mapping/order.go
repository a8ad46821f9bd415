package mapping

import "github.com/gotandem/tandem/internal/osproc"

const (
	// mostHeld is how many outcomes wait for an earlier one. More lets the others
	// run on longer beside a slow call, and costs memory.
	mostHeld = 65_536

	// mostHeldBytes is how many bytes of outcomes wait in memory.
	mostHeldBytes = 256 << 20

	// heldFilesShare is which part of the descriptors that this process may have is for
	// files of outcomes that wait: a quarter. More leaves too few for what runs.
	heldFilesShare = 4

	// mostOpen bounds them where there are many descriptors: more lets the others run
	// on longer, and fills the disk.
	mostOpen = 512
)

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
	files int     // of them

	mostFiles int // immutable
}

func newOrder() order {
	return order{ring: make([]*item, 256), next: 1, mostFiles: mostHeldFiles(osproc.DescriptorLimit())}
}

// mostHeldFiles returns how many files of outcomes wait. descriptors is 0 when it is not
// known.
func mostHeldFiles(descriptors int) int {
	if descriptors == 0 {
		return mostOpen
	}
	return min(mostOpen, max(1, descriptors/heldFilesShare))
}

// pass reports whether it is the turn of an item and nothing waits. If so it counts as
// taken.
func (o *order) pass(i *item) bool {
	if o.held > 0 || i.Number != o.next {
		return false
	}
	o.next++
	return true
}

// put adds an item.
func (o *order) put(i *item) {
	for i.Number-o.next >= len(o.ring) {
		o.grow()
	}
	o.ring[i.Number&(len(o.ring)-1)] = i
	o.held++
	o.bytes += i.size()
	o.files += i.files()
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
	o.bytes -= i.size()
	o.files -= i.files()
	return i
}

// full reports whether no more calls are to start until some that wait have gone.
func (o *order) full() bool {
	return o.held >= mostHeld || o.bytes >= mostHeldBytes || o.files >= o.mostFiles
}
