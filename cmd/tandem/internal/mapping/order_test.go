package mapping

import (
	"math/rand/v2"
	"os"
	"testing"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
)

func numbered(n int) *item {
	i := new(item)
	i.Number = n
	return i
}

// O1: whatever the order in which items come, each is taken once, in the order of the
// numbers.
func TestOrderO1(t *testing.T) {
	const n = 3000 // more than the ring has at first
	o, next := newOrder(), 1
	for _, at := range rand.New(rand.NewPCG(1, 2)).Perm(n) {
		o.put(numbered(at + 1))
		for i := o.take(); i != nil; i = o.take() {
			if i.Number != next {
				t.Fatalf("took %d, want %d", i.Number, next)
			}
			next++
		}
	}
	if next != n+1 || o.held != 0 || o.bytes != 0 || o.take() != nil {
		t.Errorf("took %d of %d; %d items and %d bytes are left", next-1, n, o.held, o.bytes)
	}
}

// O2: the number of items, their bytes and their files are bounds, which end with the
// turn of the first.
func TestOrderO2(t *testing.T) {
	large := make([]byte, 1<<20)
	tests := map[string]struct {
		fill func(i *item)
		most int
	}{
		"number": {func(*item) {}, mostHeld},
		"output": {func(i *item) { i.Stdout.Bytes = large }, mostHeldBytes / (1<<20 + 512)},
		"input":  {func(i *item) { i.record = inputs.Record{Whole: large} }, mostHeldBytes / (1<<20 + 512)},
		"files": {func(i *item) {
			i.Stdout, i.Stderr = outcome.Stream{File: os.Stdin}, outcome.Stream{File: os.Stdin} // not used
		}, 1000 / heldFilesShare / 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			o := newOrder()
			o.mostFiles = mostHeldFiles(1000)
			n := 0
			for n = 2; !o.full(); n++ {
				i := numbered(n)
				test.fill(i)
				o.put(i)
			}
			if held := n - 2; held < test.most || held > test.most+1 {
				t.Errorf("full with %d, want %d", held, test.most)
			}
			o.put(numbered(1))
			for o.take() != nil {
			}
			if o.full() || o.bytes != 0 || o.files != 0 {
				t.Errorf("still full: %+v", o)
			}
		})
	}
}
