package inputs_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
)

// shown returns the records of a source, fields joined with a bar.
func shown(s inputs.Source) string {
	var records []string
	for record := range s.Records() {
		records = append(records, string(bytes.Join(record.Parts(), []byte("|"))))
	}
	return strings.Join(records, " ")
}

func words(text string) inputs.Source { return inputs.NewList(strings.Fields(text)) }

func lines(text string) inputs.Source { return inputs.NewLines(strings.NewReader(text), '\n') }

func TestCombinations(t *testing.T) {
	tests := map[string]struct {
		source inputs.Source
		want   string
		total  int64 // -1: not known
	}{
		"product":            {inputs.NewProduct(words("a b"), words("1 2 3")), "a|1 a|2 a|3 b|1 b|2 b|3", 6},
		"product of three":   {inputs.NewProduct(words("a b"), words("1 2"), words("x y")), "a|1|x a|1|y a|2|x a|2|y b|1|x b|1|y b|2|x b|2|y", 8},
		"product of one":     {inputs.NewProduct(words("a b")), "a b", 2},
		"first is empty":     {inputs.NewProduct(words(""), words("1 2")), "", 0},
		"other is empty":     {inputs.NewProduct(words("a b"), words("")), "", 0},
		"empty, unknown":     {inputs.NewProduct(lines("a\n"), words("")), "", -1},
		"link":               {inputs.NewLink(words("a b"), words("1 2")), "a|1 b|2", 2},
		"link, first longer": {inputs.NewLink(words("a b c"), words("1 2")), "a|1 b|2", 2},
		"link, last longer":  {inputs.NewLink(words("a"), words("1 2"), words("x y")), "a|1|x", 1},
		"link of none":       {inputs.NewLink(words("a"), words("")), "", 0},
		"product of links":   {inputs.NewProduct(inputs.NewLink(words("a b"), words("1 2")), inputs.NewLink(words("x y"), words("8 9"))), "a|1|x|8 a|1|y|9 b|2|x|8 b|2|y|9", 4},
		"lines":              {inputs.NewProduct(lines("a\nb\n"), lines("1\n2\n")), "a|1 a|2 b|1 b|2", -1},
		"linked lines":       {inputs.NewLink(lines("a\nb\nc\n"), words("1 2")), "a|1 b|2", -1},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			total, known := test.source.Total()
			if known != (test.total >= 0) || known && total != test.total {
				t.Errorf("total %d, %v, want %d", total, known, test.total)
			}
			if got := shown(test.source); got != test.want || test.source.Err() != nil {
				t.Errorf("records %q, error %v, want %q", got, test.source.Err(), test.want)
			}
		})
	}
}

func TestProductWhole(t *testing.T) {
	if got := collect(inputs.NewProduct(inputs.NewList([]string{"a b", ""}), words("1"))); strings.Join(got, ";") != "a b 1; 1" {
		t.Errorf("records %q", got)
	}
}

// A total that does not fit is not known, and a product with nothing has none.
func TestProductOverflows(t *testing.T) {
	long := func() inputs.Source {
		span, err := inputs.ParseSpan("1..4611686018427387904")
		if err != nil {
			t.Fatal(err)
		}
		return inputs.NewRange(span)
	}
	if n, known := inputs.NewProduct(long(), long()).Total(); known {
		t.Errorf("total %d", n)
	}
	if n, known := inputs.NewProduct(long(), long(), words("")).Total(); !known || n != 0 {
		t.Errorf("total %d, %v", n, known)
	}
	if n, err := inputs.NewProduct(long(), long()).Count(t.Context()); err == nil {
		t.Errorf("count %d of more than %d", n, math.MaxInt64)
	}
}

func TestCombinationsOfTables(t *testing.T) {
	table := func(text string) inputs.Source {
		return inputs.NewTable(inputs.FromReader("x.csv", strings.NewReader(text)))
	}
	source := inputs.NewProduct(table("a,b\n1,2\n"), table("c\n3\n4,5\n"))
	n := 0
	for record := range source.Records() {
		if n++; strings.Join(record.Names, " ") != "a b c" || (record.Err != nil) != (n == 2) {
			t.Errorf("record %d: %+v", n, record)
		}
	}
	if n != 2 || source.Err() != nil {
		t.Errorf("%d records, error %v", n, source.Err())
	}
	same := inputs.NewLink(table("a\n1\n"), table("a\n2\n"))
	if got := shown(same); got != "" {
		t.Errorf("records %q", got)
	}
	if failure, ok := errors.AsType[*inputs.Error](same.Err()); !ok || !failure.Wrong || !strings.Contains(same.Err().Error(), `two of them have a field "a"`) {
		t.Errorf("error %v", same.Err())
	}
}

// The first source is streamed: its second record does not exist yet when the
// combinations of its first one are there.
func TestProductStreamsItsFirst(t *testing.T) {
	r, w := io.Pipe()
	defer w.Close()
	source := inputs.NewProduct(inputs.NewLines(r, '\n'), words("1 2"))
	go func() { _, _ = w.Write([]byte("a\n")) }()
	n := 0
	for range source.Records() {
		if n++; n == 2 {
			source.Stop()
		}
	}
	if n != 2 || source.Err() != nil {
		t.Errorf("%d records, error %v", n, source.Err())
	}
}

// Stop ends a combination while any of its sources waits.
func TestCombinationsStopWhileReading(t *testing.T) {
	for name, combine := range map[string]func(waiting inputs.Source) inputs.Source{
		"first of product": func(s inputs.Source) inputs.Source { return inputs.NewProduct(s, words("1")) },
		"held":             func(s inputs.Source) inputs.Source { return inputs.NewProduct(words("1"), s) },
		"first of link":    func(s inputs.Source) inputs.Source { return inputs.NewLink(s, words("1")) },
		"last of link":     func(s inputs.Source) inputs.Source { return inputs.NewLink(words("1"), s) },
	} {
		t.Run(name, func(t *testing.T) {
			r, w := io.Pipe()
			defer w.Close()
			waits := make(chan struct{})
			source := combine(inputs.NewLines(telling{r, waits}, '\n'))
			done := make(chan string)
			go func() { done <- shown(source) }()
			<-waits
			source.Stop()
			if got := <-done; got != "" || source.Err() != nil {
				t.Errorf("records %q, error %v", got, source.Err())
			}
		})
	}
}

// telling tells when it is read for the first time.
type telling struct {
	r     io.Reader
	waits chan struct{}
}

func (r telling) Read(p []byte) (int, error) {
	close(r.waits)
	return r.r.Read(p)
}

func TestCombinationsFail(t *testing.T) {
	broken := errors.New("broken")
	bad := func() inputs.Source {
		return inputs.NewLines(io.MultiReader(strings.NewReader("x\n"), iotest.ErrReader(broken)), '\n')
	}
	for name, test := range map[string]struct {
		source inputs.Source
		want   string
	}{
		"first":          {inputs.NewProduct(bad(), words("1 2")), "x|1 x|2"},
		"held":           {inputs.NewProduct(words("1 2"), bad()), ""},
		"linked":         {inputs.NewLink(words("1 2"), bad()), "1|x"},
		"linked, before": {inputs.NewLink(bad(), words("1 2")), "x|1"},
	} {
		if got := shown(test.source); got != test.want || !errors.Is(test.source.Err(), broken) {
			t.Errorf("%s: records %q, error %v", name, got, test.source.Err())
		}
	}
}

func TestChecked(t *testing.T) {
	refused := errors.New("refused")
	source := inputs.NewChecked(words("a b"), func(inputs.Record) error { return refused })
	if got := shown(source); got != "" || !errors.Is(source.Err(), refused) {
		t.Errorf("records %q, error %v", got, source.Err())
	}
	n := 0
	source = inputs.NewChecked(words("a b"), func(inputs.Record) error { n++; return nil })
	if got := shown(source); got != "a b" || n != 1 || source.Err() != nil {
		t.Errorf("records %q, %d checks, error %v", got, n, source.Err())
	}
}

func TestCountEnds(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("why")
	cancel(why)
	if _, err := inputs.NewText(inputs.FromFile("combine_test.go"), '\n').Count(ctx); !errors.Is(err, why) {
		t.Errorf("error %v", err)
	}
	if _, err := lines("a\n").Count(t.Context()); !errors.Is(err, inputs.ErrUncountable) {
		t.Errorf("error %v", err)
	}
}
