package progress_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/progress"
)

func TestLine(t *testing.T) {
	tests := []struct {
		snapshot progress.Snapshot
		rate     float64
		want     string
	}{
		{progress.Snapshot{Running: 2}, 0, "tandem: 0 done, 2 running"},
		{progress.Snapshot{Succeeded: 9, Failed: 1, Running: 2}, 2.5, "tandem: 10 done, 1 failed, 2 running, 2.5/s"},
		{progress.Snapshot{Succeeded: 500, Total: 900}, 250, "tandem: 500 of 900 done, 0 running, 250/s, 2s left"},
		{progress.Snapshot{Succeeded: 50, Skipped: 800, Total: 900, Stopped: true}, 1, "tandem: 850 of 900 done, 0 running, 1.0/s"},
		{progress.Snapshot{Succeeded: 1, Total: 1e15}, 0.001, "tandem: 1 of 1000000000000000 done, 0 running, 0.0/s"},
		{progress.Snapshot{Running: 1, Oldest: "a", OldestFor: 900 * time.Millisecond}, 0, "tandem: 0 done, 1 running"},
		{progress.Snapshot{Running: 1, Oldest: "a\nb\x1b" + strings.Repeat("c", 100), OldestFor: 72 * time.Second}, 0,
			"tandem: 0 done, 1 running, longest 1m12s (a b\ufffd" + strings.Repeat("c", 35) + "…)"},
	}
	for _, test := range tests {
		if got := test.snapshot.Line(test.rate); got != test.want {
			t.Errorf("%+v: %q, want %q", test.snapshot, got, test.want)
		}
	}
}

func TestSummary(t *testing.T) {
	tests := []struct {
		snapshot progress.Snapshot
		want     string
	}{
		{progress.Snapshot{Succeeded: 97, Failed: 3, Elapsed: 1234 * time.Millisecond}, "tandem: 100 inputs: 97 ok, 3 failed in 1.2s"},
		{progress.Snapshot{Succeeded: 1, Elapsed: 12 * time.Millisecond}, "tandem: 1 input: 1 ok, 0 failed in 12ms"},
		{progress.Snapshot{Unfinished: 4, Elapsed: 185 * time.Second}, "tandem: 4 inputs: 0 ok, 0 failed, 4 not finished in 3m5s"},
		{progress.Snapshot{Succeeded: 1, Skipped: 2, Total: 9, Elapsed: time.Second}, "tandem: 3 inputs: 1 ok, 0 failed, 2 skipped in 1.0s"},
		{progress.Snapshot{Succeeded: 1, Failed: 2, Total: 9, Stopped: true}, "tandem: 3 inputs: 1 ok, 2 failed, 6 not run in 0s"},
		{progress.Snapshot{Succeeded: 1, Stopped: true}, "tandem: 1 input: 1 ok, 0 failed, the rest not run in 0s"},
		{progress.Snapshot{Succeeded: 9, Total: 9, Stopped: true}, "tandem: 9 inputs: 9 ok, 0 failed in 0s"},
	}
	for _, test := range tests {
		if got := test.snapshot.Summary(); got != test.want {
			t.Errorf("%+v: %q, want %q", test.snapshot, got, test.want)
		}
	}
}

// safe is a buffer for two goroutines.
type safe struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safe) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func TestStart(t *testing.T) {
	tests := map[string]struct {
		mode     progress.Mode
		terminal bool
		lines    int // in 25 seconds
	}{
		"terminal":       {progress.Auto, true, 250},
		"no terminal":    {progress.Auto, false, 2},
		"bar":            {progress.Bar, true, 250},
		"bar, elsewhere": {progress.Bar, false, 0},
		"json":           {progress.JSON, false, 25},
		"plain":          {progress.Plain, false, 2},
		"none":           {progress.None, true, 0},
		"plain terminal": {progress.Plain, true, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var out safe
				var width func() int
				if test.terminal {
					width = func() int { return 80 }
				}
				var counters progress.Counters
				counters.Failed()
				stop := progress.Start(console.New(&out, width), test.mode, counters.Snapshot)
				time.Sleep(25*time.Second + time.Millisecond) // fake time
				synctest.Wait()
				stop()
				stop()
				if got := strings.Count(out.b.String(), "1 failed") + strings.Count(out.b.String(), `"failed":1,`); got != test.lines {
					t.Errorf("%d lines, want %d", got, test.lines)
				}
			})
		})
	}
}

func TestModeSet(t *testing.T) {
	var m progress.Mode
	for _, name := range []string{"auto", "bar", "plain", "json", "none"} {
		if err := m.Set(name); err != nil || m.String() != name {
			t.Errorf("Set(%q): %v, %q", name, err, m)
		}
	}
	if err := m.Set("dots"); err == nil {
		t.Error("Set(dots) succeeded")
	}
}

// The rate that is shown is that of recent time.
func TestRateIsRecent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out safe
		begin, done := time.Now(), int64(0)
		stop := progress.Start(console.New(&out, nil), progress.Plain, func() progress.Snapshot {
			switch s := (progress.Snapshot{Elapsed: time.Since(begin)}); {
			case s.Elapsed <= 30*time.Second: // ten a second
				done = int64(s.Elapsed / (100 * time.Millisecond))
			default: // then none
				return progress.Snapshot{Elapsed: s.Elapsed, Succeeded: done}
			}
			return progress.Snapshot{Elapsed: time.Since(begin), Succeeded: done}
		})
		time.Sleep(61 * time.Second) // fake time
		synctest.Wait()
		stop()
		lines := strings.Split(strings.TrimSpace(out.b.String()), "\n")
		if len(lines) != 6 || !strings.HasSuffix(lines[2], "10/s") || strings.Contains(lines[5], "/s") {
			t.Errorf("lines %q", lines)
		}
	})
}
