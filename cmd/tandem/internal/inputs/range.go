package inputs

import (
	"context"
	"fmt"
	"iter"
	"math"
	"strconv"
	"strings"
)

// Range is the source of integers from one to another.
type Range struct {
	*stopper
	span Span
}

// Span is what "A..B" and "A..B..STEP" mean: A, and then further by STEP as long
// as B has not been passed. It may go down.
type Span struct {
	from, to int64
	step     uint64 // a distance, more than 0
}

// ParseSpan reads A..B or A..B..STEP. STEP is a distance; where the span goes
// down it may have a sign.
func ParseSpan(text string) (Span, error) {
	parts := strings.Split(text, "..")
	if len(parts) != 2 && len(parts) != 3 {
		return Span{}, fmt.Errorf("%q is no range: want A..B or A..B..STEP, as in 1..1000 or 0..100..5", text)
	}
	var numbers [3]int64
	numbers[2] = 1
	for i, part := range parts {
		n, err := strconv.ParseInt(part, 10, 64)
		if err != nil || strconv.FormatInt(n, 10) != part {
			return Span{}, fmt.Errorf("%q in the range %q is no integer: want one from %d to %d, without + and leading zeros", part, text, math.MinInt64, math.MaxInt64)
		}
		numbers[i] = n
	}
	span := Span{numbers[0], numbers[1], uint64(numbers[2])}
	down := span.to < span.from
	switch step := numbers[2]; {
	case step == 0:
		return Span{}, fmt.Errorf("the step of the range %q is 0: want 1 or more", text)
	case step < 0 && !down:
		return Span{}, fmt.Errorf("the step of the range %q leads away from %d: leave out its sign", text, span.to)
	case step < 0:
		span.step = -uint64(step)
	}
	return span, nil
}

// distance returns how far it is from one end to the other.
func (s Span) distance() uint64 {
	if s.to < s.from {
		return uint64(s.from) - uint64(s.to)
	}
	return uint64(s.to) - uint64(s.from)
}

// NewRange returns a source of the integers of a span.
func NewRange(span Span) *Range { return &Range{newStopper(), span} }

// Records implements [Source].
func (r *Range) Records() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		n, left := uint64(r.span.from), r.span.distance()
		for {
			if r.over() || !yield(Record{Whole: strconv.AppendInt(nil, int64(n), 10)}) || left < r.span.step {
				return
			}
			left -= r.span.step
			if r.span.to < r.span.from {
				n -= r.span.step
			} else {
				n += r.span.step
			}
		}
	}
}

// Err implements [Source].
func (r *Range) Err() error { return nil }

// Total implements [Source]. It is not known when it exceeds an int64.
func (r *Range) Total() (int64, bool) {
	steps := r.span.distance() / r.span.step
	if steps >= math.MaxInt64 {
		return 0, false
	}
	return int64(steps) + 1, true
}

// Count implements [Source].
func (r *Range) Count(context.Context) (int64, error) {
	n, known := r.Total()
	if !known {
		return 0, &Error{Source: "range", Err: fmt.Errorf("has more than %d integers", math.MaxInt64)}
	}
	return n, nil
}
