package inputs_test

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
)

func TestRange(t *testing.T) {
	most, least := strconv.FormatInt(math.MaxInt64, 10), strconv.FormatInt(math.MinInt64, 10)
	tests := map[string]string{
		"1..5":                                  "1 2 3 4 5",
		"5..1":                                  "5 4 3 2 1",
		"-1..1":                                 "-1 0 1",
		"3..3":                                  "3",
		"1..10..3":                              "1 4 7 10",
		"1..9..3":                               "1 4 7",
		"10..1..4":                              "10 6 2",
		"10..1..-4":                             "10 6 2",
		"0..1..100":                             "0",
		"9223372036854775805.." + most:          "9223372036854775805 9223372036854775806 " + most,
		"-9223372036854775807.." + least:        "-9223372036854775807 " + least,
		least + ".." + most + ".." + most:       least + " -1 9223372036854775806",
		most + ".." + least + ".." + least:      most + " -1",
		"-5..-3":                                "-5 -4 -3",
		"9007199254740993..9007199254740993..2": "9007199254740993",
	}
	for text, want := range tests {
		span, err := inputs.ParseSpan(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		source := inputs.NewRange(span)
		total, known := source.Total()
		if got := collect(source); strings.Join(got, " ") != want || !known || total != int64(len(got)) {
			t.Errorf("%s is %q, total %d, want %s", text, got, total, want)
		}
	}
}

func TestRangeOfAll(t *testing.T) {
	span, err := inputs.ParseSpan("-9223372036854775808..9223372036854775807")
	if err != nil {
		t.Fatal(err)
	}
	source := inputs.NewRange(span)
	if n, known := source.Total(); known {
		t.Errorf("total %d", n)
	}
	var got []string
	for record := range source.Records() {
		if got = append(got, string(record.Whole)); len(got) == 2 {
			source.Stop()
		}
	}
	if !slices.Equal(got, []string{"-9223372036854775808", "-9223372036854775807"}) {
		t.Errorf("records %q", got)
	}
}

func TestParseSpanRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                       "want A..B or A..B..STEP",
		"5":                      "want A..B or A..B..STEP",
		"1..2..3..4":             "want A..B or A..B..STEP",
		"1...5":                  "no integer",
		"a..b":                   `"a" in the range`,
		"1..1.5":                 `"1.5" in the range`,
		"01..10":                 "leading zeros",
		"+1..10":                 "without +",
		"1..9223372036854775808": "9223372036854775807",
		"1..5..0":                "the step of the range",
		"1..5..-1":               "leads away from 5",
	} {
		if _, err := inputs.ParseSpan(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

// A span that is read counts as far as its total says, between its ends.
func FuzzParseSpan(f *testing.F) {
	f.Add("1..10..3")
	f.Add("9223372036854775807..-9223372036854775808..-9223372036854775808")
	f.Fuzz(func(t *testing.T, text string) {
		span, err := inputs.ParseSpan(text)
		if err != nil {
			return
		}
		source := inputs.NewRange(span)
		total, known := source.Total()
		const most = 1000
		n := int64(0)
		for range source.Records() {
			if n++; n == most {
				break
			}
		}
		if known && total < most && n != total || !known && n != most {
			t.Fatalf("%q has %d records, total %d, %v", text, n, total, known)
		}
	})
}
