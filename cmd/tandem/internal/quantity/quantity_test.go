package quantity_test

import (
	"testing"
	"time"

	"github.com/gotandem/tandem/cmd/tandem/internal/quantity"
)

func TestParseDuration(t *testing.T) {
	tests := map[string]time.Duration{
		"2":              2 * time.Second,
		"1.5":            1500 * time.Millisecond,
		".5":             500 * time.Millisecond,
		"200ms":          200 * time.Millisecond,
		"1h30m":          90 * time.Minute,
		"1d3.5h16.6m4s":  100000 * time.Second,
		"0.0000000001":   1,
		"1000000000.25s": 1000000000*time.Second + 250*time.Millisecond,
	}
	for text, want := range tests {
		if got, err := quantity.ParseDuration(text); err != nil || got != want {
			t.Errorf("ParseDuration(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "s", "1x", "1 s", "1h30", "5m2", "1e3", "inf", "nan", "1s ", "99999999999", "1..2"} {
		if got, err := quantity.ParseDuration(text); err == nil {
			t.Errorf("ParseDuration(%q) = %v, want an error", text, got)
		}
	}
}

func TestParseSize(t *testing.T) {
	tests := map[string]int64{
		"1": 1, "1024": 1024, "512M": 512 << 20, "1.5G": 3 << 29, "2k": 2000, "1MiB": 1 << 20, "1GB": 1 << 30, "3B": 3,
	}
	for text, want := range tests {
		if got, err := quantity.ParseSize(text); err != nil || got != want {
			t.Errorf("ParseSize(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "M", "1X", "0.5", "1e3", "inf", "0x10", "1_0", "99999P", "1 M"} {
		if got, err := quantity.ParseSize(text); err == nil {
			t.Errorf("ParseSize(%q) = %v, want an error", text, got)
		}
	}
}

func TestFormatSize(t *testing.T) {
	tests := map[int64]string{0: "0", 1023: "1023", 1 << 10: "1K", 3 << 29: "1.5G", 512 << 20: "512M", 100<<30 + 1: "100G"}
	for bytes, want := range tests {
		if got := quantity.FormatSize(bytes); got != want {
			t.Errorf("FormatSize(%d) = %q, want %q", bytes, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("1h30m")
	f.Add("512M")
	f.Fuzz(func(t *testing.T, s string) {
		if d, err := quantity.ParseDuration(s); err == nil && d <= 0 {
			t.Errorf("ParseDuration(%q) = %v", s, d)
		}
		if n, err := quantity.ParseSize(s); err == nil && n <= 0 {
			t.Errorf("ParseSize(%q) = %v", s, n)
		}
	})
}
