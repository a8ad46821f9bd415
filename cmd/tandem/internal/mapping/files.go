package mapping

import (
	"sync"

	"github.com/gotandem/tandem/internal/osproc"
)

// heldFilesShare is which part of the descriptors that this process may have is for
// files of outcomes that wait: a quarter. More leaves too few for what runs.
const heldFilesShare = 4

// fileWeight is what a file counts among the bytes of outcomes that wait, so that
// the bound of bytes bounds the files too.
var fileWeight = sync.OnceValue(func() int64 { return fileWeightOf(osproc.DescriptorLimit()) })

func fileWeightOf(descriptors int) int64 {
	if descriptors == 0 {
		return 0 // not known
	}
	return mostHeldBytes / int64(max(1, descriptors/heldFilesShare))
}

// weight is what an item counts while it waits.
func (i *item) weight() int64 {
	weight := i.size()
	if i.Stdout.File != nil {
		weight += fileWeight()
	}
	if i.Stderr.File != nil {
		weight += fileWeight()
	}
	return weight
}
