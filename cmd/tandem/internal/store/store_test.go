package store_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/store"
)

func TestFileName(t *testing.T) {
	tests := map[string]string{
		"a": "a", "a b.txt": "a b.txt", "": `\`, ".": `\.`, "..": `\..`, "...": "...", "a/b": `a\_b`, `a\b`: `a\\b`,
		"a\nb\tc\r": `a\nb\tc\r`, "\x01\xff": `\x01\xff`, "grün": "grün", "\ufffd": "\ufffd",
	}
	for value, want := range tests {
		if got := store.FileName([]byte(value)); got != want {
			t.Errorf("%q is named %q, want %q", value, got, want)
		}
	}
}

// Different values have different names, which a system takes.
func FuzzFileName(f *testing.F) {
	f.Add([]byte("a/b"), []byte(`a\_b`))
	f.Add([]byte(strings.Repeat("ü", 150)), []byte(strings.Repeat("ü", 151)))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		name := store.FileName(a)
		if name == "" || name == "." || name == ".." || len(name) > 220 || strings.ContainsAny(name, "/\x00") {
			t.Fatalf("%q is named %q", a, name)
		}
		if name == store.FileName(b) && !bytes.Equal(a, b) {
			t.Fatalf("%q and %q are both named %q", a, b, name)
		}
	})
}

// put keeps outcomes of inputs in a store and closes it.
func put(t *testing.T, path string, records ...inputs.Record) {
	t.Helper()
	putAgain(t, path, false, records...)
}

func putAgain(t *testing.T, path string, resumed bool, records ...inputs.Record) {
	t.Helper()
	kept, err := store.Open(path, resumed, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, record := range records {
		o := outcome.Outcome{
			Number: i + 1, Input: string(record.Whole), Call: "run " + string(record.Whole), Exit: i,
			Start: time.Unix(1000, 5e8), Wall: 1500 * time.Millisecond,
			Stdout: outcome.Stream{Bytes: []byte("out \"1\",\n\t\xffgrün")}, Stderr: spilled(t, strings.Repeat("ü\"\n", 40_000)),
		}
		if err := kept.Put(&o, &record); err != nil {
			t.Fatal(err)
		}
	}
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
}

// spilled returns a stream that is in a file.
func spilled(t *testing.T, text string) outcome.Stream {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
	if _, err := file.WriteString(text); err != nil {
		t.Fatal(err)
	}
	return outcome.Stream{File: file, Size: int64(len(text))}
}

func fields(values ...string) inputs.Record {
	r := inputs.Record{Whole: []byte(strings.Join(values, " "))}
	for _, value := range values {
		r.Fields = append(r.Fields, []byte(value))
	}
	return r
}

func TestFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	named := fields("x", "y")
	named.Names = []string{"first", "second/"}
	put(t, dir, inputs.Record{Whole: []byte("v/1")}, fields("x", ".."), inputs.Record{Whole: []byte("v/1")}, inputs.Record{Whole: []byte("v/1~2")}, named)
	for path, seq := range map[string]string{
		`1/v\_1`: "1", `1/x/2/\..`: "2", `1/v\_1~2`: "3", `1/v\_1~2~2`: "4", `first/x/second\_/y`: "5",
	} {
		for name, want := range map[string]string{"seq": seq, "stdout": "out \"1\",\n\t\xffgrün", "stderr": strings.Repeat("ü\"\n", 40_000)} {
			if text, err := os.ReadFile(filepath.Join(dir, path, name)); err != nil || string(text) != want {
				t.Errorf("%s of %s: %v, %d bytes, want %d", name, path, err, len(text), len(want))
			}
		}
	}
}

func TestTables(t *testing.T) {
	header := []string{"Seq", "Host", "Starttime", "JobRuntime", "Send", "Receive", "Exitval", "Signal", "Command", "V1", "V2", "Stdout", "Stderr"}
	row := []string{"1", ":", "1000.500", "1.500", "0", "160016", "0", "0", "run a,\"b\" c", "a,\"b\"", "c", "out \"1\",\n\t\xffgrün", strings.Repeat("ü\"\n", 40_000)}
	for name, comma := range map[string]rune{"r.csv": ',', "r.TSV": '\t'} {
		path := filepath.Join(t.TempDir(), name)
		put(t, path, fields("a,\"b\"", "c"), fields("d", "e"))
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		reader := csv.NewReader(bytes.NewReader(text))
		reader.Comma = comma
		rows, err := reader.ReadAll()
		if err != nil || len(rows) != 3 || !slices.Equal(rows[0], header) {
			t.Fatalf("%s: %v, %d rows, header %q", name, err, len(rows), rows[0])
		}
		for i, want := range row {
			if rows[1][i] != want {
				t.Errorf("%s: column %s is %.50q, want %.50q", name, header[i], rows[1][i], want)
			}
		}
	}
}

// A run that goes on keeps the rows of the one before it that are whole, and cuts off
// what was torn.
func TestTablesResumed(t *testing.T) {
	for _, name := range []string{"r.csv", "r.tsv", "r.json"} {
		path := filepath.Join(t.TempDir(), name)
		put(t, path, fields("a", "\"\n"), fields("b", "c"))
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		first := len(whole) - 200_000 // within the last row, whose errors have line feeds
		if err := os.Truncate(path, int64(first)); err != nil {
			t.Fatal(err)
		}
		putAgain(t, path, true, fields("b", "c"))
		again, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if len(again) != len(whole) { // only the numbers differ
			t.Errorf("%s: %d bytes, want %d", name, len(again), len(whole))
		}
		if n := bytes.Count(again, []byte("run b c")); n != 1 {
			t.Errorf("%s: the torn row is there %d times", name, n)
		}
		put(t, path, fields("z", "z"))
		if text, _ := os.ReadFile(path); bytes.Contains(text, []byte("run b c")) {
			t.Errorf("%s: a new run kept the rows of another", name)
		}
	}
}

// What was put is in the file after Flush.
func TestTableFlush(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.csv")
	kept, err := store.Open(path, false, nil)
	if err != nil {
		t.Fatal(err)
	}
	record := fields("a", "b")
	if err := kept.Put(&outcome.Outcome{Number: 1}, &record); err != nil {
		t.Fatal(err)
	}
	if err := kept.Flush(); err != nil {
		t.Error(err)
	}
	text, _ := os.ReadFile(path)
	if want := "Signal,Command,V1,V2,Stdout,Stderr\n1,:,0.000,0.000,0,0,0,0,,a,b,,\n"; !strings.HasSuffix(string(text), want) {
		t.Errorf("%q, want %q at the end", text, want)
	}
	if err := kept.Close(); err != nil {
		t.Error(err)
	}
}

// What an earlier run has kept is not written over by an equal input, whatever numbers
// they have.
func TestFolderSkip(t *testing.T) {
	dir := t.TempDir()
	kept, err := store.Open(dir, true, nil)
	if err != nil {
		t.Fatal(err)
	}
	record := inputs.Record{Whole: []byte("a")}
	kept.Skip(&record)
	if err := kept.Put(&outcome.Outcome{Number: 7}, &record); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "1", "a~2", "seq")); err != nil {
		t.Error(err)
	}
}

// What is run again is kept in the places of failures, what has succeeded stays, and
// the rest follows.
func TestFolderOfFailures(t *testing.T) {
	dir := t.TempDir()
	kept, err := store.Open(dir, true, func(record *inputs.Record) []int32 {
		return map[string][]int32{"a": {1, 3}}[string(record.Whole)]
	})
	if err != nil {
		t.Fatal(err)
	}
	a, b := inputs.Record{Whole: []byte("a")}, inputs.Record{Whole: []byte("b")}
	put := func(number int, record *inputs.Record) {
		if err := kept.Put(&outcome.Outcome{Number: number}, record); err != nil {
			t.Fatal(err)
		}
	}
	kept.Skip(&a)
	put(1, &b)
	put(2, &a)
	kept.Skip(&a)
	for number := 3; number <= 5; number++ {
		put(number, &a)
	}
	for name, want := range map[string]string{"b": "1", "a": "2", "a~2": "", "a~3": "3", "a~4": "", "a~5": "4", "a~6": "5"} {
		if seq, _ := os.ReadFile(filepath.Join(dir, "1", name, "seq")); string(seq) != want {
			t.Errorf("%s has the outcome %q, want %q", name, seq, want)
		}
	}
}

// A record of many fields has a folder that systems take, and its own.
func TestFolderOfManyFields(t *testing.T) {
	dir := t.TempDir()
	a := fields(slices.Repeat([]string{strings.Repeat("ü", 90)}, 60)...)
	b := fields(slices.Repeat([]string{strings.Repeat("ü", 90)}, 61)...)
	put(t, dir, a, b)
	folders, err := os.ReadDir(filepath.Join(dir, "1"))
	if err != nil || len(folders) != 2 {
		t.Errorf("%d folders, %v", len(folders), err)
	}
}

func TestJSONTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.json")
	put(t, path, fields("a", "\xff"), fields("d", "e"))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	var object struct {
		Seq                     int
		Command, Stdout, Stderr string
		V                       []string
	}
	if err := json.Unmarshal([]byte(lines[0]), &object); err != nil || len(lines) != 2 {
		t.Fatalf("%v, %d lines", err, len(lines))
	}
	if object.Seq != 1 || object.Command != "run a \ufffd" || len(object.V) != 2 || object.Stdout != "out \"1\",\n\t\ufffdgrün" || object.Stderr != strings.Repeat("ü\"\n", 40_000) {
		t.Errorf("%+.100v", object)
	}
}
