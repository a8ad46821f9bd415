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
	begun  bool // it has its header
	values int  // columns for the fields of inputs; 0 before the first row of this run
}

func newTable(path string, comma byte, resumed bool) (*Table, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	t := &Table{file: file, writer: results.NewWriter(file), comma: comma}
	if err := t.begin(resumed); err != nil {
		_ = file.Close() // nothing was written
		return nil, err
	}
	return t, nil
}

// begin cuts off what is not to stay and goes to the end of the rest. What can be
// neither cut nor read, such as a pipe, is written as it is.
func (t *Table) begin(resumed bool) error {
	if info, err := t.file.Stat(); err != nil || !info.Mode().IsRegular() {
		return err
	}
	end := int64(0)
	if resumed {
		var err error
		if end, err = wholeRows(t.file, t.comma != 0); err != nil {
			return err
		}
	}
	t.begun = end > 0
	if err := t.file.Truncate(end); err != nil {
		return err
	}
	_, err := t.file.Seek(end, io.SeekStart)
	return err
}

// wholeRows returns where the last whole row ends. A row ends with a line feed, with
// quotes one that is in none.
func wholeRows(r io.Reader, quotes bool) (end int64, err error) {
	var at int64
	quoted := false
	buffer := make([]byte, 64<<10)
	for {
		n, err := r.Read(buffer)
		for _, c := range buffer[:n] {
			at++
			switch {
			case quotes && c == '"':
				quoted = !quoted // two of them stand for one, and change nothing
			case c == '\n' && !quoted:
				end = at
			}
		}
		if err == io.EOF {
			return end, nil
		}
		if err != nil {
			return 0, err
		}
	}
}

// Skip implements [Store].
func (t *Table) Skip(*inputs.Record) {}

// Flush implements [Store].
func (t *Table) Flush() error {
	if err := t.writer.Flush(); err != nil {
		return fmt.Errorf("--results: %w", err)
	}
	return nil
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
	start := 0.0 // of what never started
	if !o.Start.IsZero() {
		start = float64(o.Start.UnixMicro()) / 1e6
	}
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
	if t.values == 0 {
		t.values = len(record.Parts())
	}
	if !t.begun {
		t.begun = true
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
