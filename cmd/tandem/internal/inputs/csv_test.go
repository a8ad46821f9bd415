package inputs_test

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
)

// table reads CSV. Each record is its fields joined with a bar, or its error.
func table(t *testing.T, r io.Reader) (names, wholes, records []string, err error) {
	t.Helper()
	source := inputs.NewTable(inputs.FromReader("people.csv", r))
	for record := range source.Records() {
		names = record.Names
		wholes = append(wholes, string(record.Whole))
		text := string(bytes.Join(record.Fields, []byte("|")))
		if record.Err != nil {
			text = record.Err.Error()
		}
		records = append(records, text)
	}
	return names, wholes, records, source.Err()
}

func TestTable(t *testing.T) {
	tests := map[string]struct{ text, names, wholes, records string }{
		"plain":         {"name,age\nann,7\nbob,8\n", "name age", "ann,7;bob,8", "ann|7;bob|8"},
		"unended":       {"name,age\nann,7", "name age", "ann,7", "ann|7"},
		"windows":       {"\ufeffname, age\r\nann,7\r\n\r\nbob,8\r\n", "name age", "ann,7;bob,8", "ann|7;bob|8"},
		"quoted":        {"a,\"b\"\n\"x, \"\"y\"\"\",\"1\n2\"\n,\n", "a b", "\"x, \"\"y\"\"\",\"1\n2\";,", "x, \"y\"|1\n2;|"},
		"empty lines":   {"\n\na,b\n\n\n1,2\n\n", "a b", "1,2", "1|2"},
		"no records":    {"a,b\n", "", "", ""},
		"bytes":         {"a\n\xff\xfe\n", "a", "\xff\xfe", "\xff\xfe"},
		"ragged":        {"a,b\n1\n1,2\n1,2,3\n", "a b", "1;1,2;1,2,3", "people.csv, line 2: 1 field, the header has 2 (a, b);1|2;people.csv, line 4: 3 fields, the header has 2 (a, b)"},
		"ragged, later": {"a,b\n\"\n\n\",2\n\n1\n", "a b", "\"\n\n\",2;1", "\n\n|2;people.csv, line 6: 1 field, the header has 2 (a, b)"},
		"bad quote":     {"a\nx\"y\nz\n", "a", "x\"y;z", "people.csv: parse error on line 2, column 2: bare \" in non-quoted-field;z"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			readers := map[string]io.Reader{
				"whole": strings.NewReader(test.text),
				"bytes": iotest.OneByteReader(strings.NewReader(test.text)),
				"late":  iotest.DataErrReader(strings.NewReader(test.text)),
			}
			for way, r := range readers {
				names, wholes, records, err := table(t, r)
				if err != nil || strings.Join(names, " ") != test.names || strings.Join(wholes, ";") != test.wholes || strings.Join(records, ";") != test.records {
					t.Errorf("%s: names %q, wholes %q, records %q, error %v", way, names, wholes, records, err)
				}
			}
		})
	}
}

func TestTableRefusesHeaders(t *testing.T) {
	for text, want := range map[string]string{
		"":               "people.csv: no header: the first line of CSV names the columns",
		"a,,c\n1,2,3\n":  "people.csv: column 2 has no name",
		"a,b,a\n1,2,3\n": "people.csv: columns 1 and 3 are both called \"a\"",
		"a\"b\n":         "people.csv: header: parse error on line 1",
	} {
		_, _, records, err := table(t, strings.NewReader(text))
		failure, ok := errors.AsType[*inputs.Error](err)
		if !ok || !failure.Wrong || !strings.HasPrefix(err.Error(), want) || records != nil {
			t.Errorf("%q: records %q, error %v", text, records, err)
		}
	}
}

func TestTableReadError(t *testing.T) {
	broken := errors.New("broken")
	for text, want := range map[string][]string{"a\n1\n2": {"1"}, "a\n1\n\"2": {"1"}, "a": nil, "": nil} {
		_, _, records, err := table(t, io.MultiReader(strings.NewReader(text), iotest.ErrReader(broken)))
		if !slices.Equal(records, want) || !errors.Is(err, broken) || err.Error() != "people.csv: reading: broken" {
			t.Errorf("%q: records %q, error %v", text, records, err)
		}
	}
}

// A record is there before the next one has been read, and Stop ends a read
// that waits.
func TestTableYieldsAsRecordsCome(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	source := inputs.NewTable(inputs.FromReader("pipe", r))
	go func() { _, _ = w.Write([]byte("a,b\n1,2\n")) }()
	n := 0
	for record := range source.Records() {
		if string(record.Whole) != "1,2" {
			t.Errorf("record %q", record.Whole)
		}
		n++
		source.Stop()
	}
	if n != 1 || source.Err() != nil {
		t.Errorf("%d records, error %v", n, source.Err())
	}
}

// What is yielded is what the standard library reads of the whole text, in as
// many records, and the text of the records is in the input.
func FuzzTable(f *testing.F) {
	f.Add("a,b\n1,\"x\n\"\"y\"\n\n2\n")
	f.Add("\ufeffa\r\n\"\r\n\"\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		_, wholes, records, err := table(t, iotest.HalfReader(strings.NewReader(text)))
		if failure, ok := errors.AsType[*inputs.Error](err); err != nil && (!ok || !failure.Wrong) {
			t.Fatalf("error %v", err)
		}
		if err != nil {
			return
		}
		rest := text
		for i, whole := range wholes {
			at := strings.Index(rest, whole)
			if at < 0 {
				t.Fatalf("record %d of %q is %q, which is not in it", i+1, text, whole)
			}
			rest = rest[at+len(whole):]
		}
		want := standardRecords(text)
		if len(records) != len(want) {
			t.Fatalf("%q has %d records, want %d", text, len(records), len(want))
		}
		for i := range want {
			if want[i] != "" && records[i] != want[i] {
				t.Fatalf("record %d of %q is %q, want %q", i+1, text, records[i], want[i])
			}
		}
	})
}

// standardRecords reads the records behind a header. One that is no input is empty.
func standardRecords(text string) []string {
	r := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff")))
	r.FieldsPerRecord = -1
	header, _ := r.Read()
	var records []string
	for {
		fields, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return records
		case err != nil || len(fields) != len(header):
			records = append(records, "")
		default:
			records = append(records, strings.Join(fields, "|"))
		}
	}
}
