package mapping

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotandem/tandem"
)

// fly lets items with the given numbers start, a second apart.
func fly(f *Flights, numbers ...int) {
	for _, n := range numbers {
		f.add(flight{number: n, input: []byte{'a' + byte(n%26)}, started: time.Unix(int64(n), 0), more: new(details)})
	}
}

func TestFlights(t *testing.T) {
	f := NewFlights()
	fly(f, 1, 2, 3)
	f.Observe(tandem.Attempt{Index: 1, Slot: 7})
	f.Observe(tandem.Attempt{Index: 3}) // of none
	if fl := f.take(1); fl.number != 2 || len(fl.more.attempts) != 1 || fl.more.attempts[0].Slot != 7 {
		t.Errorf("took number %d, attempts %v", fl.number, fl.more.attempts)
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
	if fl := f.take(2); fl.isBack() {
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

// F1: flights go from one goroutine to the next while others look at those under way.
func TestFlightsF1OthersLook(t *testing.T) {
	f := NewFlights()
	const n = 5000
	started, over := make(chan int, 100), make(chan struct{})
	var all, looking sync.WaitGroup
	all.Go(func() {
		defer close(started)
		for index := range n {
			f.add(flight{number: index + 1, input: []byte("x"), started: time.Now(), more: new(details)})
			started <- index
		}
	})
	all.Go(func() {
		for index := range started {
			f.Observe(tandem.Attempt{Index: index})
			fl := f.take(index)
			if fl.number != index+1 || len(fl.more.attempts) != 1 {
				t.Errorf("call %d: number %d, attempts %v", index, fl.number, fl.more.attempts)
			}
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
	var s stock
	first := s.get()
	first.Number, first.message, first.Stdout.Bytes = 5, "text", []byte("result")
	second := s.get()
	s.put(second)
	s.put(first)
	i := s.get()
	if i != first || i.Number != 0 || i.message != "" || len(i.Stdout.Bytes) != 0 || cap(i.Stdout.Bytes) == 0 {
		t.Errorf("item %+v", i)
	}
	if other := s.get(); other != second {
		t.Error("the second item did not come again")
	}
}
