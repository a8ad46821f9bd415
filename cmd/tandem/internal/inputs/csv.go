package inputs

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
)

// Table is the source of the records of CSV whose first record is the header. It
// reads on a goroutine of its own.
//
// A record that cannot be read, or that has more or fewer fields than the header,
// has an error and is no input. Of a record, Whole is the text as it stands in the
// file, without the line end. A byte order mark before the header is dropped; empty
// lines are no records. In quoted fields a carriage return before a line feed is
// dropped.
type Table struct {
	*stopper
	stream *stream
	err    error // owned by the loop
}

// NewTable returns a source of the records of CSV that the origin delivers.
func NewTable(origin Origin) *Table {
	stream := newStream(origin)
	return &Table{stopper: stream.stopper, stream: stream}
}

// Records implements [Source].
func (t *Table) Records() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		t.stream.begin()
		err := t.read(yield)
		if failure := t.stream.end(); failure != nil {
			err = failure
		}
		t.err = err
	}
}

// Err implements [Source].
func (t *Table) Err() error { return t.err }

// Total implements [Source].
func (t *Table) Total() (int64, bool) { return 0, false }

// Count implements [Source].
func (t *Table) Count(ctx context.Context) (int64, error) {
	origin, err := t.stream.origin.copy()
	if err != nil {
		return 0, err
	}
	return count(ctx, NewTable(origin))
}

// read yields the records. It returns what is wrong with the header; an error of
// the stream is left to the stream.
func (t *Table) read(yield func(Record) bool) error {
	r := newTableReader(t.stream)
	header, err := r.next()
	names, err := headerNames(header, err)
	if t.over() || t.stream.failed() {
		return nil
	}
	if err != nil {
		return &Error{Source: t.stream.origin.name, Err: err, Wrong: true}
	}
	for {
		record, err := r.next()
		if _, wrong := errors.AsType[*csv.ParseError](err); err != nil && !wrong {
			return nil // the end, of whatever kind
		}
		if err != nil {
			record.Err = fmt.Errorf("%s: %w", t.stream.origin.name, err)
		} else if len(record.Fields) != len(names) {
			record.Err = t.ragged(r.line, len(record.Fields), names)
		}
		record.Names = names
		if t.over() || !yield(record) {
			return nil
		}
	}
}

// ragged says that a record does not have the fields of the header.
func (t *Table) ragged(line, fields int, names []string) error {
	return fmt.Errorf("%s, line %d: %s, the header has %d (%s)", t.stream.origin.name, line, plural(fields, "field"), len(names), shorten(strings.Join(names, ", ")))
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// shorten cuts a list that would fill the message.
func shorten(list string) string {
	const most = 80
	if runes := []rune(list); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return list
}

// headerNames returns the names of the columns, without blanks around them.
func headerNames(header Record, err error) ([]string, error) {
	if errors.Is(err, io.EOF) {
		return nil, errors.New("no header: the first line of CSV names the columns")
	}
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	names := make([]string, len(header.Fields))
	for i, field := range header.Fields {
		names[i] = string(bytes.TrimSpace(field))
		if names[i] == "" {
			return nil, fmt.Errorf("column %d has no name: the first line of CSV names the columns", i+1)
		}
		if first := slices.Index(names[:i], names[i]); first >= 0 {
			return nil, fmt.Errorf("columns %d and %d are both called %q: rename one in the first line", first+1, i+1, names[i])
		}
	}
	return names, nil
}

// tableReader reads records together with the text that they stand in.
type tableReader struct {
	stream *stream
	csv    *csv.Reader
	line   int    // where the last record began
	block  []byte // read, and not yet taken by csv
	text   []byte // taken by csv, and not yet by a record
	taken  int64  // offset of text in the input
	begun  bool   // the first bytes were looked at
}

func newTableReader(s *stream) *tableReader {
	r := &tableReader{stream: s}
	r.csv = csv.NewReader(r)
	r.csv.FieldsPerRecord = -1
	r.csv.ReuseRecord = true
	return r
}

var byteOrderMark = []byte("\ufeff")

// Read implements [io.Reader] for csv. It keeps what it hands out.
func (r *tableReader) Read(p []byte) (int, error) {
	if !r.begun {
		r.begun = true
		r.begin()
	}
	if len(r.block) == 0 {
		if r.block = r.stream.next(); r.block == nil {
			return 0, r.atEnd()
		}
	}
	n := copy(p, r.block)
	r.block = r.block[n:]
	r.text = append(r.text, p[:n]...)
	return n, nil
}

// begin reads until it is known whether there is a byte order mark.
func (r *tableReader) begin() {
	for len(r.block) < len(byteOrderMark) && bytes.HasPrefix(byteOrderMark, r.block) {
		block := r.stream.next()
		if block == nil {
			return
		}
		r.block = append(r.block, block...)
	}
	r.block = bytes.TrimPrefix(r.block, byteOrderMark)
}

var errCut = errors.New("the stream ended early")

// atEnd returns how the input ends for csv, which takes a last record without a
// line end only when that is the end.
func (r *tableReader) atEnd() error {
	if r.stream.complete() {
		return io.EOF
	}
	return errCut
}

// next returns the next record, with its text also beside a [*csv.ParseError].
func (r *tableReader) next() (Record, error) {
	fields, err := r.csv.Read()
	if _, wrong := errors.AsType[*csv.ParseError](err); err != nil && !wrong {
		return Record{}, err
	}
	n := int(r.csv.InputOffset() - r.taken)
	whole := bytes.Clone(trimLineEnds(r.text[:n]))
	r.text = r.text[:copy(r.text, r.text[n:])]
	r.taken += int64(n)
	if err != nil {
		return Record{Whole: whole}, err
	}
	r.line, _ = r.csv.FieldPos(0)
	return Record{Whole: whole, Fields: copyFields(fields)}, nil
}

// trimLineEnds leaves out empty lines before a record and the line end behind it.
func trimLineEnds(text []byte) []byte {
	text = bytes.TrimLeft(text, "\r\n")
	text = bytes.TrimSuffix(text, []byte("\n"))
	return bytes.TrimSuffix(text, []byte("\r"))
}

// copyFields returns fields in memory of their own.
func copyFields(fields []string) [][]byte {
	size := 0
	for _, field := range fields {
		size += len(field)
	}
	slab := make([]byte, 0, size)
	copies := make([][]byte, len(fields))
	for i, field := range fields {
		from := len(slab)
		slab = append(slab, field...)
		copies[i] = slab[from:len(slab):len(slab)]
	}
	return copies
}
