package mapping

import (
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
)

// item is an input on its way, from the source to the output. It belongs to the
// feeder, then to the goroutine of Run, then to delivery. Start is when it left the
// gate until its call has ended.
type item struct {
	outcome.Outcome
	record  inputs.Record
	message string // what to say about its failure; empty when there is nothing
	state   state
	held    bool // it waited for its turn, and the recorder knows
	back    bool // it was stopped in order to start again
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
	return itself + int64(len(i.Stdout.Bytes)+len(i.Stderr.Bytes)+len(i.message)+
		len(i.Input)+len(i.Call)+len(i.record.Whole))
}

// files is how many open files an item has.
func (i *item) files() (n int) {
	if i.Stdout.File != nil {
		n++
	}
	if i.Stderr.File != nil {
		n++
	}
	return n
}

// stock has the items that nobody uses. get and put belong to one goroutine each, at a
// time: items go between them many at once, because one by one would cost more than
// making them.
type stock struct {
	free  []*item // owned by get
	used  []*item // owned by put
	ready chan []*item
}

const (
	// stockBatch is how many items go from put to get at once.
	stockBatch = 64

	// mostStock is how many batches wait for get: as many items as a gate lets
	// through ahead.
	mostStock = 64
)

func newStock() stock { return stock{ready: make(chan []*item, mostStock)} }

// get returns an empty item.
func (s *stock) get() *item {
	if len(s.free) == 0 {
		s.fill()
	}
	last := len(s.free) - 1
	i := s.free[last]
	s.free = s.free[:last]
	return i
}

func (s *stock) fill() {
	select {
	case s.free = <-s.ready:
		return
	default:
	}
	s.free = []*item{new(item)} // few calls need few
}

// put takes an item that nobody uses any more and empties it. Its files are closed.
func (s *stock) put(i *item) {
	storage := i.Stdout.Bytes
	i.Stdout.Close()
	i.Stderr.Close()
	*i = item{}
	if cap(storage) <= largestSpare {
		i.Stdout.Bytes = storage[:0]
	}
	if s.used == nil {
		s.used = make([]*item, 0, stockBatch)
	}
	if s.used = append(s.used, i); len(s.used) == stockBatch {
		select {
		case s.ready <- s.used:
		default: // there are enough
		}
		s.used = nil
	}
}

// largestSpare is how large the storage of a result may be that is used again.
const largestSpare = 4 << 10
