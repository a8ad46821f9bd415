package trace

import (
	"cmp"
	"container/heap"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
)

// slice is an attempt as the trace shows it.
type slice struct {
	track   *track
	span    span
	pid     int // of the process that ran it
	attempt int
	status  string
	cpu     time.Duration
	peak    int64
}

// unit is what the trace has of one call.
type unit struct {
	number int
	name   string
	key    outcome.Key
	slices []slice
}

// events is how many events show it: slices, and two ends of each arrow.
func (u *unit) events() int { return 3*len(u.slices) - 2 }

// wall is the time that its attempts took.
func (u *unit) wall() time.Duration {
	var sum time.Duration
	for _, s := range u.slices {
		sum += s.span.end - s.span.start
	}
	return sum
}

// slowest is a heap with the shortest call first.
type slowest []*unit

func (s slowest) Len() int           { return len(s) }
func (s slowest) Less(i, j int) bool { return s[i].wall() < s[j].wall() }
func (s slowest) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }
func (s *slowest) Push(u any)        { *s = append(*s, u.(*unit)) }

// Pop implements [heap.Interface].
func (s *slowest) Pop() any {
	last := len(*s) - 1
	u := (*s)[last]
	(*s)[last] = nil
	*s = (*s)[:last]
	return u
}

// keeper keeps some of many calls: the slowest, and of the others each with the
// same chance.
type keeper struct {
	most    int // of each kind
	slow    slowest
	sample  []*unit
	offered int // to the sample
	rand    *rand.Rand
}

// newKeeper returns a keeper for at most as many calls. Its choice is the same in
// each run.
func newKeeper(most int) keeper {
	return keeper{most: most / 2, rand: rand.New(rand.NewPCG(1, 2))}
}

func (k *keeper) add(u *unit) {
	heap.Push(&k.slow, u)
	if len(k.slow) <= k.most {
		return
	}
	u = heap.Pop(&k.slow).(*unit)
	k.offered++
	if len(k.sample) < k.most {
		k.sample = append(k.sample, u)
	} else if i := k.rand.IntN(k.offered); i < len(k.sample) {
		k.sample[i] = u
	}
}

// dropped is how many calls it has not kept.
func (k *keeper) dropped() int { return k.offered - len(k.sample) }

// kept returns the calls, the slowest ones first.
func (k *keeper) kept() []*unit {
	slices.SortFunc(k.slow, func(a, b *unit) int { return cmp.Compare(b.wall(), a.wall()) })
	return append([]*unit(k.slow), k.sample...)
}
