package mapping

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
)

// fly lets items with the given numbers start, a second apart.
func fly(f *Flights, numbers ...int) {
	for _, n := range numbers {
		i := &item{record: inputs.Record{Whole: []byte{'a' + byte(n%26)}}}
		i.Number, i.Start = n, time.Unix(int64(n), 0)
		f.add(i)
	}
}

func TestFlights(t *testing.T) {
	f := NewFlights()
	fly(f, 1, 2, 3)
	f.Observe(tandem.Attempt{Index: 1, Slot: 7})
	f.Observe(tandem.Attempt{Index: 3}) // of none
	if i := f.take(1); i.Number != 2 || len(i.Attempts) != 1 || i.Attempts[0].Slot != 7 {
		t.Errorf("took number %d, attempts %v", i.Number, i.Attempts)
	}
	f.Observe(tandem.Attempt{Index: 1}) // of one that has ended
	if oldest, found := f.oldest(); !found || oldest.number != 1 || string(oldest.input) != "b" {
		t.Errorf("oldest %+v, %v", oldest, found)
	}
	if lines := f.list(); len(lines) != 2 || !strings.HasPrefix(lines[0], "input 1 (b) for ") || f.underWay() != 2 {
		t.Errorf("list %q, %d under way", lines, f.underWay())
	}
	if index, number, found := f.recall(); !found || index != 2 || number != 3 {
		t.Errorf("recalled call %d, input %d, %v", index, number, found)
	}
	if _, _, found := f.recall(); found {
		t.Error("recalled the last one that stays")
	}
	f.unmark(2)
	if i := f.take(2); i.back {
		t.Error("still marked")
	}
}

// Calls that end keep nothing, beside one that does not.
func TestFlightsForgetBlocks(t *testing.T) {
	f := NewFlights()
	const n = 20 * blockSize
	for number := range n {
		fly(f, number)
		if number != blockSize {
			f.take(number)
		}
	}
	if blocks := len(f.blocks); blocks != 1 || f.underWay() != 1 {
		t.Errorf("%d blocks, %d under way", blocks, f.underWay())
	}
}

// F1: items go from one goroutine to the next while others look at those under way.
func TestFlightsF1OthersLook(t *testing.T) {
	f, s := NewFlights(), newStock()
	const n = 5000
	started, over := make(chan int, 100), make(chan struct{})
	var all, looking sync.WaitGroup
	all.Go(func() {
		defer close(started)
		for index := range n {
			i := s.get()
			i.Number, i.Start, i.record = index+1, time.Now(), inputs.Record{Whole: []byte("x")}
			f.add(i)
			started <- index
		}
	})
	all.Go(func() {
		for index := range started {
			f.Observe(tandem.Attempt{Index: index})
			i := f.take(index)
			if i.Number != index+1 || len(i.Attempts) != 1 {
				t.Errorf("call %d: number %d, attempts %v", index, i.Number, i.Attempts)
			}
			s.put(i)
		}
	})
	looking.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
				f.oldest()
				f.list()
				if index, _, found := f.recall(); found {
					f.unmark(index)
				}
			}
		}
	})
	all.Wait()
	close(over)
	looking.Wait()
}

// Items that were given back come again, empty, with the storage of a small result.
func TestStock(t *testing.T) {
	s := newStock()
	var items []*item
	for range 2 * stockBatch {
		i := s.get()
		i.Number, i.message, i.Stdout.Bytes = 5, "text", []byte("result")
		items = append(items, i)
	}
	for _, i := range items {
		s.put(i)
	}
	for range 2 * stockBatch {
		i := s.get()
		if !slices.Contains(items, i) || i.Number != 0 || i.message != "" || len(i.Stdout.Bytes) != 0 || cap(i.Stdout.Bytes) == 0 {
			t.Fatalf("item %+v", i)
		}
	}
}
