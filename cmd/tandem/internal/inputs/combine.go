package inputs

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
)

// combination is what sources that make records together have in common.
type combination struct {
	*stopper
	sources []Source
	names   joinedNames
	err     error // owned by the loop
}

func combine(sources []Source) combination {
	return combination{stopper: newStopper(), sources: sources}
}

// Stop implements [Source].
func (c *combination) Stop() {
	c.stopper.Stop()
	for _, source := range c.sources {
		source.Stop()
	}
}

// Err implements [Source].
func (c *combination) Err() error { return c.err }

// counts returns how many records each source has, by a function that finds out.
func (c *combination) counts(of func(Source) (int64, error)) ([]int64, error) {
	counts := make([]int64, 0, len(c.sources))
	for _, source := range c.sources {
		n, err := of(source)
		if err != nil {
			return nil, err
		}
		counts = append(counts, n)
	}
	return counts, nil
}

func knownTotal(s Source) (int64, error) {
	n, known := s.Total()
	if !known {
		return 0, ErrUncountable
	}
	return n, nil
}

// Product is the source of all combinations of the records of its sources. The
// last source changes fastest. The first one is streamed, the records of the
// others are held in memory.
type Product struct{ combination }

// NewProduct returns a source of all combinations of the sources, of which there
// is at least one and which are the product's from now on.
func NewProduct(sources ...Source) *Product { return &Product{combine(sources)} }

// Records implements [Source].
func (p *Product) Records() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		held, ok := p.hold()
		if !ok {
			return
		}
		first := p.sources[0]
		parts := make([]Record, len(p.sources))
		for record := range first.Records() {
			parts[0] = record
			if !p.combine(parts, held, yield) {
				break
			}
		}
		if p.err == nil {
			p.err = first.Err()
		}
	}
}

// hold reads all sources but the first. It reports whether there is something to
// combine.
func (p *Product) hold() (held [][]Record, ok bool) {
	for _, source := range p.sources[1:] {
		var records []Record
		for record := range source.Records() {
			records = append(records, record)
		}
		if p.err = source.Err(); p.err != nil {
			return nil, false
		}
		held = append(held, records)
	}
	return held, !slices.ContainsFunc(held, func(records []Record) bool { return len(records) == 0 })
}

// combine yields the record parts[0] with all combinations of the held ones.
func (p *Product) combine(parts []Record, held [][]Record, yield func(Record) bool) bool {
	at := make([]int, len(held))
	for {
		for i, records := range held {
			parts[i+1] = records[at[i]]
		}
		record, err := p.names.join(parts)
		if p.err = err; err != nil || p.over() || !yield(record) {
			return false
		}
		i := len(at) - 1
		for ; i >= 0; i-- {
			if at[i]++; at[i] < len(held[i]) {
				break
			}
			at[i] = 0
		}
		if i < 0 {
			return true
		}
	}
}

// Total implements [Source].
func (p *Product) Total() (int64, bool) {
	counts, err := p.counts(knownTotal)
	if err != nil {
		return 0, false
	}
	return multiply(counts)
}

// Count implements [Source].
func (p *Product) Count(ctx context.Context) (int64, error) {
	counts, err := p.counts(func(s Source) (int64, error) { return s.Count(ctx) })
	if err != nil {
		return 0, err
	}
	n, fits := multiply(counts)
	if !fits {
		return 0, &Error{Source: "the sources of inputs", Err: fmt.Errorf("make more than %d combinations", math.MaxInt64)}
	}
	return n, nil
}

// multiply returns the product of counts, and whether it is an int64.
func multiply(counts []int64) (int64, bool) {
	if slices.Contains(counts, 0) {
		return 0, true
	}
	product := int64(1)
	for _, n := range counts {
		if n > math.MaxInt64/product {
			return 0, false
		}
		product *= n
	}
	return product, true
}

// Link is the source that pairs the records of its sources, the first of each,
// then the second of each, until one has no more. All are streamed.
type Link struct{ combination }

// NewLink returns a source that pairs the records of the sources, of which there
// is at least one and which are the link's from now on.
func NewLink(sources ...Source) *Link { return &Link{combine(sources)} }

// Records implements [Source].
func (l *Link) Records() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		nexts := make([]func() (Record, bool), len(l.sources))
		for i, source := range l.sources {
			next, stop := iter.Pull(source.Records())
			defer stop()
			nexts[i] = next
		}
		parts := make([]Record, len(l.sources))
		for {
			for i, next := range nexts {
				record, more := next()
				if !more {
					l.err = l.sources[i].Err()
					return
				}
				parts[i] = record
			}
			record, err := l.names.join(parts)
			if l.err = err; err != nil || l.over() || !yield(record) {
				return
			}
		}
	}
}

// Total implements [Source].
func (l *Link) Total() (int64, bool) {
	counts, err := l.counts(knownTotal)
	if err != nil {
		return 0, false
	}
	return slices.Min(counts), true
}

// Count implements [Source].
func (l *Link) Count(ctx context.Context) (int64, error) {
	counts, err := l.counts(func(s Source) (int64, error) { return s.Count(ctx) })
	if err != nil {
		return 0, err
	}
	return slices.Min(counts), nil
}

// joinedNames makes one record of several. It remembers the names, which are
// mostly the same.
type joinedNames struct {
	of    [][]string // the names of the parts that were joined last
	names []string   // of these
}

// join returns the parts as one record. It fails when two parts have a field of
// the same name.
func (j *joinedNames) join(parts []Record) (Record, error) {
	if err := j.remember(parts); err != nil {
		return Record{}, err
	}
	fields, size := 0, len(parts)-1
	for i := range parts {
		fields += max(1, len(parts[i].Fields))
		size += len(parts[i].Whole)
	}
	r := Record{Whole: make([]byte, 0, size), Fields: make([][]byte, 0, fields), Names: j.names}
	for i := range parts {
		if i > 0 {
			r.Whole = append(r.Whole, ' ')
		}
		r.Whole = append(r.Whole, parts[i].Whole...)
		if parts[i].Fields == nil {
			r.Fields = append(r.Fields, parts[i].Whole)
		} else {
			r.Fields = append(r.Fields, parts[i].Fields...)
		}
		if r.Err == nil {
			r.Err = parts[i].Err
		}
	}
	return r, nil
}

// remember makes j.names those of the parts: nil when no part has names, and
// empty ones for a part without names beside others.
func (j *joinedNames) remember(parts []Record) error {
	known := len(j.of) == len(parts)
	named := false
	for i := range parts {
		known = known && sameSlice(j.of[i], parts[i].Names)
		named = named || parts[i].Names != nil
	}
	if known {
		return nil
	}
	j.of, j.names = make([][]string, len(parts)), nil
	for i := range parts {
		j.of[i] = parts[i].Names
		names := parts[i].Names
		if names == nil && named {
			names = []string{""}
		}
		for _, name := range names {
			if name != "" && slices.Contains(j.names, name) {
				return &Error{Source: "the sources of inputs", Err: fmt.Errorf("two of them have a field %q: rename one", name), Wrong: true}
			}
			j.names = append(j.names, name)
		}
	}
	return nil
}

// sameSlice reports whether a and b are one slice.
func sameSlice(a, b []string) bool {
	return len(a) == len(b) && (a == nil) == (b == nil) && (len(a) == 0 || &a[0] == &b[0])
}
