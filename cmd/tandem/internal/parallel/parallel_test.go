package parallel_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gotandem/tandem/cmd/tandem/internal/parallel"
)

func TestCount(t *testing.T) {
	tests := map[string]int{ // on 4 cores, 256 at most
		"1": 1, "8": 8, "100%": 4, "50%": 2, "10%": 1, "150%": 6, "+2": 6, "-1": 3, "-4": 1, "-9": 1, "0": 256, "+0": 4, "0%": 1,
	}
	for text, want := range tests {
		var c parallel.Count
		if err := c.Set(text); err != nil || c.File != "" || !c.Given() || c.String() != text {
			t.Errorf("%q: %v, %+v", text, err, c)
		}
		if got := c.Of(4, 256); got != want || c.Most() != (text == "0") {
			t.Errorf("%q = %d, want %d", text, got, want)
		}
	}
	if got := (parallel.Count{}).Of(4, 256); got != 4 {
		t.Errorf("by default %d, want 4", got)
	}
	for _, text := range []string{"", "x", "1.5", "--2", "+-2", "%", "1e3", "9999999999", "no/such/file"} {
		var c parallel.Count
		if err := c.Set(text); err == nil {
			t.Errorf("%q is %d", text, c.Of(4, 256))
		}
	}
}

func write(t *testing.T, path, text string, at time.Time) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

// A file is read again when it has changed; a broken one keeps the last value.
func TestFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "count")
	now := time.Now()
	write(t, path, "3\n", now)
	var c parallel.Count
	if err := c.Set(path); err != nil || c.File != path {
		t.Fatal(err)
	}
	said := 0
	f := parallel.NewFile(c, 2, 10, func(error) { said++ })
	expect := func(after time.Duration, want, wantSaid int) {
		t.Helper()
		now = now.Add(after)
		got, holds := f.Places(now)
		if got != want || said != wantSaid {
			t.Errorf("%d places, said %d times, want %d, %d", got, said, want, wantSaid)
		}
		if wantHolds := 100*time.Millisecond - after%time.Second; holds != wantHolds {
			t.Errorf("holds for %v, want %v", holds, wantHolds)
		}
	}
	expect(0, 3, 0)
	write(t, path, "200%", now.Add(time.Second))
	expect(50*time.Millisecond, 3, 0)
	expect(time.Second, 4, 0)
	write(t, path, "lots", now.Add(2*time.Second))
	expect(time.Second, 4, 1)
	expect(time.Second, 4, 1)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	expect(time.Second, 4, 2)
	expect(time.Second, 4, 2)
	write(t, path, "0", now.Add(4*time.Second))
	expect(time.Second, 10, 2)
	write(t, path, "50", now.Add(6*time.Second))
	expect(time.Second, 10, 3)
	expect(time.Second, 10, 3)
}

func TestBrokenFileIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "count")
	write(t, path, "lots", time.Now())
	var c parallel.Count
	if err := c.Set(path); err == nil {
		t.Error("accepted")
	}
	if err := c.Set(os.DevNull); err == nil || !strings.Contains(err.Error(), "no regular file") {
		t.Errorf("a device: %v", err)
	}
}
