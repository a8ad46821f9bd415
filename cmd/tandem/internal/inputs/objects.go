package inputs

import (
	"bytes"
	"encoding/json"
	"iter"
	"slices"
	"unicode/utf8"

	"github.com/gotandem/tandem/cmd/tandem/internal/results"
	"github.com/gotandem/tandem/internal/wire"
)

// Objects is a source whose records are JSON, with the members of an object as
// fields: a string as the text it stands for, any other value as its JSON text.
// What is no object has no fields. What is no JSON is no input, but an error.
type Objects struct{ Source }

// NewObjects returns a source of the records of s, which are to have no fields
// and which is the new source's from now on.
func NewObjects(s Source) *Objects { return &Objects{s} }

// Records implements [Source].
func (o *Objects) Records() iter.Seq[Record] {
	return func(yield func(Record) bool) {
		for record := range o.Source.Records() {
			if record.Err == nil {
				record = withMembers(record)
			}
			if !yield(record) {
				return
			}
		}
	}
}

// withMembers returns a record with the members of its object as fields.
func withMembers(r Record) Record {
	value := bytes.Trim(r.Whole, " \t\r\n")
	if !utf8.Valid(value) || !wire.IsJSON(value) {
		r.Err = ErrNotJSON
		return r
	}
	if value[0] != '{' {
		return r
	}
	r.Fields, r.Names = [][]byte{}, []string{}
	decoder := json.NewDecoder(bytes.NewReader(value))
	_, err := decoder.Token() // the brace
	for err == nil && decoder.More() {
		var name json.Token
		var member json.RawMessage
		if name, err = decoder.Token(); err == nil {
			err = decoder.Decode(&member)
		}
		if err == nil {
			r.setMember(name.(string), plainText(member))
		}
	}
	if err != nil {
		r.Err = ErrNotJSON
	}
	return r
}

// setMember adds a field. The last of several of one name counts.
func (r *Record) setMember(name string, field []byte) {
	if at := slices.Index(r.Names, name); at >= 0 {
		r.Fields[at] = field
		return
	}
	r.Names, r.Fields = append(r.Names, name), append(r.Fields, field)
}

// plainText returns a string without quotes and escapes, and any other value as it is.
func plainText(value json.RawMessage) []byte {
	text := results.Raw.Append(nil, oneLine(value))
	return text[:len(text)-1] // without the line feed
}
