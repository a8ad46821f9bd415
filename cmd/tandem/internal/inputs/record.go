package inputs

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"sync"
)

// Record is one input.
type Record struct {
	Whole  []byte   // as it was written; those of the sources joined with a space when several combine
	Fields [][]byte // its parts; nil: Whole is the only one
	Names  []string // of the fields, shared by the records of a source; nil without a header
	Err    error    // why it is no input: it fails by itself, the others go on; nil for an input
}

// Parts returns the fields of a record, Whole when that is the only one.
func (r *Record) Parts() [][]byte {
	if r.Fields == nil {
		return [][]byte{r.Whole}
	}
	return r.Fields
}

// A Source yields the records that become inputs.
type Source interface {
	// Records yields the records. Their bytes belong to the loop and are not
	// written again. It may be called once.
	Records() iter.Seq[Record]

	// Stop makes Records end before the next record, also while it waits for
	// one.
	Stop()

	// Err returns why Records ended early, after it has ended; nil for Stop.
	// It is an [*Error].
	Err() error

	// Total returns how many records there are in all, and whether that is known
	// without reading.
	Total() (n int64, known bool)

	// Count finds out how many records there are in all, by reading ahead what
	// can be read twice. It is to be called before Records, blocks until it has
	// read all, and returns the cause of ctx when that ends first. What can be
	// read only once is [ErrUncountable].
	Count(ctx context.Context) (int64, error)
}

// ErrUncountable says that the records of a source cannot be counted before they
// are read.
var ErrUncountable = errors.New("cannot be counted ahead: it can be read only once")

// Error says why a source ended early.
type Error struct {
	Source string // the path of a file, "standard input", or the flag and its value
	Err    error

	// Wrong tells that the source is not what was asked for: a file that does not
	// exist, a pattern that matches nothing, a header that cannot be used. It is
	// false when reading failed on the way.
	Wrong bool
}

func (e *Error) Error() string { return e.Source + ": " + e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// withoutPath leaves out a path that the message has already.
func withoutPath(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return e.Err
	}
	return err
}

// stopper ends a source.
type stopper struct {
	once    sync.Once
	stopped chan struct{}
}

func newStopper() *stopper { return &stopper{stopped: make(chan struct{})} }

func (s *stopper) Stop() { s.once.Do(func() { close(s.stopped) }) }

func (s *stopper) over() bool {
	select {
	case <-s.stopped:
		return true
	default:
		return false
	}
}

// count returns how many records a source that nobody else uses yields.
func count(ctx context.Context, s Source) (int64, error) {
	unwatch := context.AfterFunc(ctx, s.Stop)
	defer unwatch()
	n := int64(0)
	for range s.Records() {
		n++
	}
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	return n, s.Err()
}

// List is the source of inputs that stand on the command line.
type List struct {
	*stopper
	tokens []string
}

// NewList returns a source of tokens.
func NewList(tokens []string) *List { return &List{newStopper(), tokens} }

// Records implements [Source].
func (l *List) Records() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		for _, token := range l.tokens {
			if l.over() || !yield(Record{Whole: []byte(token)}) {
				return
			}
		}
	}
}

// Err implements [Source].
func (l *List) Err() error { return nil }

// Total implements [Source].
func (l *List) Total() (int64, bool) { return int64(len(l.tokens)), true }

// Count implements [Source].
func (l *List) Count(context.Context) (int64, error) { return int64(len(l.tokens)), nil }
