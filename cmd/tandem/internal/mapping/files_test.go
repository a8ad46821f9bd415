package mapping

import (
	"os"
	"testing"

	"github.com/gotandem/tandem/internal/osproc"
)

// What waits has at most a quarter of the descriptors that there are.
func TestHeldFilesAreBounded(t *testing.T) {
	limit := osproc.DescriptorLimit()
	if limit == 0 || limit/heldFilesShare > mostHeld {
		limit = 1000
		known := fileWeight
		fileWeight = func() int64 { return fileWeightOf(limit) }
		defer func() { fileWeight = known }()
	}
	o := newOrder()
	files := 0
	for number := 2; !o.full(); number++ {
		i := &item{}
		i.Number, i.Stdout.File, i.Stderr.File = number, os.Stdout, os.Stderr
		files += 2
		o.put(i)
	}
	if most := limit / heldFilesShare; files < most-most/5 || files > most+2 {
		t.Errorf("%d files wait, want about %d", files, most)
	}
	first := &item{}
	first.Number = 1
	o.put(first)
	for o.take() != nil {
	}
	if o.bytes != 0 || o.full() {
		t.Errorf("%d bytes wait after all were taken", o.bytes)
	}
}
