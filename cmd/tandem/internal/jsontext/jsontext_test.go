package jsontext_test

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gotandem/tandem/cmd/tandem/internal/jsontext"
)

func FuzzString(f *testing.F) {
	for _, text := range []string{"", "plain", "a\nb\t\"\\\x00\x1f", "é€😀", "\xff\xc3", "\xe2\x82", "\u2028"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got := jsontext.AppendString(nil, text)
		if bytes.ContainsRune(got, '\n') {
			t.Fatalf("%q has a line feed", got)
		}
		var back string
		if err := json.Unmarshal(got, &back); err != nil {
			t.Fatalf("%q is not JSON: %v", got, err)
		}
		if want := strings.Join(strings.Split(string([]rune(text)), ""), ""); back != want {
			t.Fatalf("%q became %q", want, back)
		}
		if again := jsontext.AppendString(nil, []byte(text)); !bytes.Equal(again, got) {
			t.Fatalf("as bytes %q, as a string %q", again, got)
		}
	})
}

func TestShortEndsBetweenCharacters(t *testing.T) {
	tests := []struct {
		text, want string
		most       int
		whole      bool
	}{
		{"abc", `"abc"`, 3, true},
		{"abcd", `"abc"`, 3, false},
		{"a€b", `"a"`, 3, false},
		{"a€b", `"a€"`, 4, false},
		{"\x80\x80\x80\x80\x80\x80", "\"\uFFFD\"", 5, false},
		{"", `""`, 0, true},
		{"é", `""`, 0, false},
	}
	for _, test := range tests {
		got, whole := jsontext.AppendShort(nil, test.text, test.most)
		if string(got) != test.want || whole != test.whole {
			t.Errorf("%q to %d: %s, %v; want %s, %v", test.text, test.most, got, whole, test.want, test.whole)
		}
	}
}

func TestTimes(t *testing.T) {
	at := time.Unix(1795280041, 47_123_999)
	for got, want := range map[string]string{
		string(jsontext.AppendTime(nil, at)):                              "1795280041.047123",
		string(jsontext.AppendTime(nil, time.Time{})):                     "0",
		string(jsontext.AppendSeconds(nil, 202*time.Millisecond)):         "0.202000",
		string(jsontext.AppendSeconds(nil, -1500*time.Millisecond)):       "-1.500000",
		string(jsontext.AppendSeconds(nil, time.Duration(math.MinInt64))): "-9223372036.854775",
		string(jsontext.AppendHex(nil, []byte{0xab, 1})):                  `"ab01"`,
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}
