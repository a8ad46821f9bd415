package inputs

import "iter"

// Checked is a source that ends before its first record when that does not pass.
type Checked struct {
	Source
	check func(Record) error
	err   error // owned by the loop
}

// NewChecked returns a source of the records of s, which is the new source's from
// now on. check looks at the first record; when it fails, there is none, and its
// error is that of the source.
func NewChecked(s Source, check func(Record) error) *Checked {
	return &Checked{Source: s, check: check}
}

// Records implements [Source].
func (c *Checked) Records() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		checked := false
		for record := range c.Source.Records() {
			if !checked {
				checked = true
				if c.err = c.check(record); c.err != nil {
					return
				}
			}
			if !yield(record) {
				return
			}
		}
	}
}

// Err implements [Source].
func (c *Checked) Err() error {
	if c.err != nil {
		return c.err
	}
	return c.Source.Err()
}
