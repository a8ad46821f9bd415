package mapping

import (
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
)

// item is an input that has ended, on its way to the output.
type item struct {
	outcome.Outcome
	state   state
	message string // what to say about its failure; empty when there is nothing
	held    bool   // it has ended and waits, and the recorder knows
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
	return itself + int64(len(i.Stdout.Bytes)+len(i.Stderr.Bytes)+len(i.message)+
		len(i.Input)+len(i.Call)+len(i.record.Whole))
}

// toWrite is about how many bytes are written for an item, its share of the log with
// them.
func (i *item) toWrite() int64 {
	const itself = 64
	return itself + i.Stdout.Len() + i.Stderr.Len() + int64(len(i.message))
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

// stock has items that nobody uses. What was used last comes first, so that one item
// serves all outcomes that need not wait.
type stock struct{ items []*item }

const (
	// mostStock bounds the items that are kept: as many as a gate lets through ahead.
	mostStock = 4096

	// largestSpare is how large the storage of a result may be that is used again.
	largestSpare = 4 << 10
)

// get returns an empty item.
func (s *stock) get() *item {
	last := len(s.items) - 1
	if last < 0 {
		return new(item)
	}
	i := s.items[last]
	s.items = s.items[:last]
	return i
}

// put takes an item that nobody uses any more, closes its files and empties it.
func (s *stock) put(i *item) {
	storage := i.Stdout.Bytes
	i.Stdout.Close()
	i.Stderr.Close()
	if len(s.items) == mostStock {
		return
	}
	*i = item{}
	if cap(storage) <= largestSpare {
		i.Stdout.Bytes = storage[:0]
	}
	s.items = append(s.items, i)
}
