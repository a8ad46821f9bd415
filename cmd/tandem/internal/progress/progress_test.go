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
		want     string
	}{
		{progress.Snapshot{Running: 2}, "tandem: 0 done, 2 running"},
		{progress.Snapshot{Succeeded: 9, Failed: 1, Running: 2, Elapsed: 4 * time.Second}, "tandem: 10 done, 1 failed, 2 running, 2.5/s"},
		{progress.Snapshot{Succeeded: 500, Total: 900, Elapsed: 2 * time.Second}, "tandem: 500 of 900 done, 0 running, 250/s"},
	}
	for _, test := range tests {
		if got := test.snapshot.Line(); got != test.want {
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
		"no terminal":    {progress.Auto, false, 0},
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
				if got := strings.Count(out.b.String(), "1 failed"); got != test.lines {
					t.Errorf("%d lines, want %d", got, test.lines)
				}
			})
		})
	}
}

func TestModeSet(t *testing.T) {
	var m progress.Mode
	for _, name := range []string{"auto", "plain", "none"} {
		if err := m.Set(name); err != nil || m.String() != name {
			t.Errorf("Set(%q): %v, %q", name, err, m)
		}
	}
	if err := m.Set("bar"); err == nil {
		t.Error("Set(bar) succeeded")
	}
}
