package store

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/results"
)

// Table keeps outcomes as the lines of one file, with the columns of GNU parallel:
// comma or tab separated with a header, or an object a line.
type Table struct {
	file   *os.File
	writer *results.Writer
	comma  byte // 0 for JSON
	values int  // columns for the fields of inputs, -1 before the header
}

func newTable(path string, comma byte) (*Table, error) {
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &Table{file, results.NewWriter(file), comma, -1}, nil
}

// Put implements [Store].
func (t *Table) Put(o *outcome.Outcome, record *inputs.Record) error {
	var err error
	if t.comma == 0 {
		err = t.object(o, record)
	} else {
		err = t.row(o, record)
	}
	if err != nil {
		return fmt.Errorf("--results: %w", err)
	}
	return nil
}

// Close implements [Store].
func (t *Table) Close() error {
	err := t.writer.Flush()
	if closed := t.file.Close(); err == nil {
		err = closed
	}
	return err
}

// column is one of those before the fields of the input.
type column struct {
	name, value string
	text        bool // in JSON
}

func columns(o *outcome.Outcome) []column {
	start := float64(o.Start.UnixMicro()) / 1e6
	return []column{
		{"Seq", strconv.Itoa(o.Number), false},
		{"Host", ":", true},
		{"Starttime", strconv.FormatFloat(start, 'f', 3, 64), false},
		{"JobRuntime", strconv.FormatFloat(o.Wall.Seconds(), 'f', 3, 64), false},
		{"Send", "0", false},
		{"Receive", strconv.FormatInt(o.Stdout.Len()+o.Stderr.Len(), 10), false},
		{"Exitval", strconv.Itoa(o.Exit), false},
		{"Signal", strconv.Itoa(o.Signal), false},
		{"Command", o.Call, true},
	}
}

// row writes a line, after the header if it is the first.
func (t *Table) row(o *outcome.Outcome, record *inputs.Record) error {
	if t.values < 0 {
		t.header(columns(o), record)
	}
	for _, c := range columns(o) {
		t.cell(outcome.Stream{Bytes: []byte(c.value)})
	}
	parts := record.Parts()
	for i := range t.values {
		var value []byte
		if i < len(parts) {
			value = parts[i]
		}
		t.cell(outcome.Stream{Bytes: value})
	}
	t.cell(o.Stdout)
	if err := t.quoted(o.Stderr); err != nil {
		return err
	}
	_, err := t.writer.Write([]byte{'\n'})
	return err
}

func (t *Table) header(columns []column, record *inputs.Record) {
	t.values = len(record.Parts())
	for _, c := range columns {
		t.cell(outcome.Stream{Bytes: []byte(c.name)})
	}
	for i := range t.values {
		name := "V" + strconv.Itoa(i+1)
		if i < len(record.Names) {
			name = record.Names[i]
		}
		t.cell(outcome.Stream{Bytes: []byte(name)})
	}
	_, _ = t.writer.Write([]byte("Stdout" + string(t.comma) + "Stderr\n")) // the writer keeps its error
}

// cell writes a value and the separator behind it. The writer keeps its error.
func (t *Table) cell(s outcome.Stream) {
	_ = t.quoted(s)
	_, _ = t.writer.Write([]byte{t.comma})
}

// quoted writes a value, in quotes where it needs them.
func (t *Table) quoted(s outcome.Stream) error {
	if s.File == nil && !bytes.ContainsAny(s.Bytes, "\"\r\n"+string(t.comma)) {
		return t.writer.Stream(s)
	}
	_, _ = t.writer.Write([]byte{'"'})
	if _, err := s.WriteTo(doubling{t.writer}); err != nil {
		return err
	}
	_, err := t.writer.Write([]byte{'"'})
	return err
}

// doubling writes quotes twice.
type doubling struct{ out io.Writer }

func (d doubling) Write(p []byte) (int, error) {
	_, err := d.out.Write(bytes.ReplaceAll(p, []byte{'"'}, []byte{'"', '"'}))
	return len(p), err
}

// object writes a line of JSON.
func (t *Table) object(o *outcome.Outcome, record *inputs.Record) error {
	var b strings.Builder
	b.WriteByte('{')
	for _, c := range columns(o) {
		value := c.value
		if c.text {
			value = string(inputs.Quote([]byte(value)))
		}
		b.WriteString(`"` + c.name + `":` + value + ",")
	}
	b.WriteString(`"V":[`)
	for i, part := range record.Parts() {
		if i > 0 {
			b.WriteByte(',')
		}
		b.Write(inputs.Quote(part))
	}
	b.WriteString(`],"Stdout":"`)
	_, _ = io.WriteString(t.writer, b.String()) // the writer keeps its error
	if err := t.text(o.Stdout); err != nil {
		return err
	}
	_, _ = io.WriteString(t.writer, `","Stderr":"`)
	if err := t.text(o.Stderr); err != nil {
		return err
	}
	_, err := io.WriteString(t.writer, "\"}\n")
	return err
}

// text writes what a stream has as the inside of a JSON string.
func (t *Table) text(s outcome.Stream) error {
	e := &escaping{out: t.writer}
	if _, err := s.WriteTo(e); err != nil {
		return err
	}
	return e.end()
}

// escaping writes the inside of a JSON string. A character that came in part waits
// for the rest.
type escaping struct {
	out  io.Writer
	part []byte
}

func (e *escaping) Write(p []byte) (int, error) {
	text := append(e.part, p...)
	whole := len(text)
	for back := 1; back < utf8.UTFMax && back <= len(text); back++ {
		if at := len(text) - back; utf8.RuneStart(text[at]) {
			if !utf8.FullRune(text[at:]) {
				whole = at
			}
			break
		}
	}
	err := e.quote(text[:whole])
	e.part = append([]byte(nil), text[whole:]...)
	return len(p), err
}

func (e *escaping) quote(text []byte) error {
	quoted := inputs.Quote(text)
	_, err := e.out.Write(quoted[1 : len(quoted)-1])
	return err
}

// end writes what waits.
func (e *escaping) end() error { return e.quote(e.part) }
