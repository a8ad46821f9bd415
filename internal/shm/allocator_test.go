package shm

import (
	"math/rand/v2"
	"testing"
)

// oracle is an arena as one byte for each page.
type oracle struct {
	pages []bool
	held  []Range
}

// take finds the lowest place by looking at every one.
func (o *oracle) take(whole int) int {
	for at := 0; at+whole <= len(o.pages); at++ {
		free := true
		for _, used := range o.pages[at : at+whole] {
			free = free && !used
		}
		if free {
			return at
		}
	}
	return -1
}

func (o *oracle) mark(at, whole int, used bool) {
	for i := range whole {
		o.pages[at+i] = used
	}
}

// A1 and A2, against an oracle that is slow and plain.
func TestModelAllocatorA1A2(t *testing.T) {
	const page = 16
	for seed := range uint64(50) {
		random := rand.New(rand.NewPCG(seed, 7))
		pages := 1 + random.IntN(40)
		o := &oracle{pages: make([]bool, pages)}
		a := &allocator{size: uint64(pages * page), page: page}
		for step := range 400 {
			if random.IntN(2) == 0 && len(o.held) > 0 {
				i := random.IntN(len(o.held))
				r := o.held[i]
				o.held = append(o.held[:i], o.held[i+1:]...)
				o.mark(int(r.Offset)/page, (int(r.Length)+page-1)/page, false)
				if !a.free(r.Offset) || a.free(r.Offset) {
					t.Fatalf("seed %d, step %d: free of %v", seed, step, r)
				}
				continue
			}
			n := 1 + random.IntN(12*page)
			whole := (n + page - 1) / page
			r, ok := a.alloc(uint64(n))
			at := o.take(whole)
			if ok != (at >= 0) || ok && (r != Range{uint64(at * page), uint64(n)}) {
				t.Fatalf("seed %d, step %d: alloc of %d gave %v %v, want page %d", seed, step, n, r, ok, at)
			}
			if ok {
				o.mark(at, whole, true)
				o.held = append(o.held, r)
			}
		}
	}
}

func TestAllocatorA3TrimsWhatWasTouched(t *testing.T) {
	a := &allocator{size: 100, page: 10}
	if _, ok := a.trim(20); ok {
		t.Error("memory that was never handed out is trimmed")
	}
	first, _ := a.alloc(15)
	second, _ := a.alloc(31)
	a.free(first.Offset)
	if _, ok := a.trim(20); ok {
		t.Error("trimmed while in use")
	}
	a.free(second.Offset)
	if r, ok := a.trim(20); !ok || r != (Range{20, 40}) {
		t.Errorf("trimmed %v %v", r, ok)
	}
	if _, ok := a.trim(20); ok {
		t.Error("trimmed twice")
	}
}
