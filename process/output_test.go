//go:build unix

package process_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/process"
)

// recorder keeps lines by stream.
type recorder struct {
	mu    sync.Mutex
	lines map[bool][]process.Line
}

func (r *recorder) record(l process.Line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.lines == nil {
		r.lines = make(map[bool][]process.Line)
	}
	l.Text = bytes.Clone(l.Text)
	r.lines[l.Stderr] = append(r.lines[l.Stderr], l)
}

// await waits for n lines on a stream and returns them.
func (r *recorder) await(t *testing.T, stderr bool, n int) (lines []process.Line) {
	t.Helper()
	eventually(t, "lines", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		lines = r.lines[stderr]
		return len(lines) >= n
	})
	return lines
}

func TestP4LinesAreLabeledAndNotTorn(t *testing.T) {
	var r recorder
	ex := leakless(t, process.Config{Workers: 2, Output: r.record})
	first := strings.Repeat("a", 5000)
	second := strings.Repeat("b", 5000)
	for range 20 {
		one := submit(t, ex, act, action{Do: "print", N: 50, Text: first + "\n"})
		two := submit(t, ex, act, action{Do: "print", N: -50, Text: second + "\n"})
		expect(t, one, "")
		expect(t, two, "")
	}
	for stderr, want := range map[bool]string{false: first, true: second} {
		for _, l := range r.await(t, stderr, 1000) {
			if string(l.Text) != want || l.Worker == 0 {
				t.Fatalf("line of %d bytes from pid %d", len(l.Text), l.Worker)
			}
		}
	}
}

func TestLinesCarryTheLabelOfTheRunningCall(t *testing.T) {
	var r recorder
	ex := leakless(t, process.Config{Workers: 1, Output: r.record})
	// More than the pipe holds: the first lines are read while the call runs.
	future := submit(t, ex, act, action{Do: "print", N: 1000, Text: strings.Repeat("x", 1000) + "\n"}, tandem.Label("printing"))
	expect(t, future, "")
	if got := r.await(t, false, 1000)[0].Label; got != "printing" {
		t.Errorf("label is %q", got)
	}
}

func TestOutputOfAnyKind(t *testing.T) {
	var r recorder
	ex := leakless(t, process.Config{Workers: 1, Output: r.record})
	binary := "\x00\xff\xfe\r\x1b[2J"
	huge := strings.Repeat("h", 300<<10)
	run(t, ex, act, action{Do: "print", N: 1, Text: binary + "\n"})
	run(t, ex, act, action{Do: "print", N: 1, Text: huge + "\n"})
	run(t, ex, act, action{Do: "print", N: 1, Text: "unfinished"})
	expectFailure(t, submit(t, ex, act, action{Do: "exit"}), tandem.ErrWorkerLost, tandem.MayHaveRun)
	var rest []string
	for i, l := range r.await(t, false, 7) {
		if i == 0 && string(l.Text) != binary {
			t.Errorf("%q", l.Text)
		}
		if i > 0 {
			rest = append(rest, string(l.Text))
		}
	}
	if strings.Join(rest, "") != huge+"unfinished" {
		t.Error("the pieces are not the line")
	}
}
