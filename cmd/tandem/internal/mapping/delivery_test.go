package mapping_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/record"
)

// noted is a recorder that keeps what it was told.
type noted struct {
	sampled
	flushed error // what Flush returns
	mu      sync.Mutex
	events  []string // guarded by mu
	outputs []string // of what was held; guarded by mu
}

func newNoted() *noted { return &noted{sampled: sampled{first: make(chan tandem.Stats, 1)}} }

func (n *noted) note(event string, number int) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.events = append(n.events, fmt.Sprint(event, " ", number))
	return nil
}

func (n *noted) Held(o *outcome.Outcome) error {
	n.mu.Lock()
	n.outputs = append(n.outputs, string(o.Stdout.Bytes))
	n.mu.Unlock()
	return n.note("held", o.Number)
}

func (n *noted) Ended(o *outcome.Outcome) error {
	if o.Cut {
		return n.note("cut", o.Number)
	}
	return n.note("ended", o.Number)
}

func (n *noted) Written(number int) error { return n.note("written", number) }
func (n *noted) Flush() error             { return n.flushed }

// told returns what the recorder was told, sorted.
func (n *noted) told() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Sorted(slices.Values(n.events))
}

// plugged is an output that takes nothing until it is opened.
type plugged struct {
	bytes.Buffer
	open chan struct{}
}

func (p *plugged) Write(b []byte) (int, error) {
	<-p.open
	return p.Buffer.Write(b)
}

// events returns one event for each number.
func events(name string, numbers ...int) (all []string) {
	for _, n := range numbers {
		all = append(all, fmt.Sprint(name, " ", n))
	}
	return all
}

// D1, D2: what ends while the output is blocked is noted, with its output, and again
// when it has been written; what calls write while they run is nobody else's to keep.
func TestBlockedOutput(t *testing.T) {
	tests := map[string]struct {
		change func(job *mapping.Job[int, int])
		during []string
		after  []string
	}{
		"in order":  {func(*mapping.Job[int, int]) {}, events("held", 1, 2, 3), events("written", 1, 2, 3)},
		"unordered": {func(j *mapping.Job[int, int]) { j.Unordered = true }, events("held", 1, 2, 3), events("written", 1, 2, 3)},
		"lines": {func(j *mapping.Job[int, int]) { j.Unordered, j.Lines = true, mapping.NewLines() },
			events("held", 1, 2, 3), events("written", 1, 2, 3)},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			inFakeTime(t, func(t *testing.T) {
				out, recorder := &plugged{open: make(chan struct{})}, newNoted()
				r := newTrial(t, []string{"1", "2", "3"}, out)
				r.job.Recorder = recorder
				test.change(&r.job)
				var over sync.WaitGroup
				over.Go(func() { _, _ = mapping.Run(r.job) })
				time.Sleep(time.Second) // fake time
				synctest.Wait()
				if got := recorder.told(); !slices.Equal(got, test.during) {
					t.Errorf("told %q while the output is blocked, want %q", got, test.during)
				}
				close(out.open)
				over.Wait()
				if got, want := recorder.told(), append(slices.Clone(test.during), test.after...); !slices.Equal(got, slices.Sorted(slices.Values(want))) {
					t.Errorf("told %q, want %q", got, want)
				}
				if lines := slices.Sorted(strings.Lines(out.String())); !slices.Equal(lines, []string{"1\n", "4\n", "9\n"}) {
					t.Errorf("wrote %q", lines)
				}
			})
		})
	}
}

// D2: lines of a call that has ended are noted while they wait in the buffer, and are
// written once.
func TestBlockedLines(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		out, recorder := &plugged{open: make(chan struct{})}, newNoted()
		r := newTrial(t, []string{"1"}, out)
		r.job.Recorder, r.job.Tag = recorder, true
		var over sync.WaitGroup
		over.Go(func() {
			_, _ = writing(t, r, [][2]string{{"\x01", "a\nb\n"}}, sinks(false))
		})
		time.Sleep(time.Second) // fake time
		synctest.Wait()
		if got := recorder.outputs; !slices.Equal(got, []string{"a\nb\n"}) {
			t.Errorf("held %q while the output is blocked", got)
		}
		close(out.open)
		over.Wait()
		if want := "\x01\ta\n\x01\tb\n"; out.String() != want || !slices.Equal(recorder.told(), []string{"held 1", "written 1"}) {
			t.Errorf("wrote %q, want %q; told %q", out, want, recorder.told())
		}
	})
}

// D2: what has ended is noted although nobody reads the output any more.
func TestLostOutput(t *testing.T) {
	recorder := newNoted()
	r := newTrial(t, []string{"1", "2"}, failing{syscall.EPIPE})
	r.job.Recorder = recorder
	if _, err := mapping.Run(r.job); err != nil || !r.session.OutputClosed() {
		t.Errorf("error %v", err)
	}
	if got := recorder.told(); !slices.Contains(got, "held 1") || slices.Contains(got, "written 1") {
		t.Errorf("told %q", got)
	}
}

// What has run is written although it cannot be recorded any more.
func TestFailingRecorder(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		var out bytes.Buffer
		r := newTrial(t, []string{"1", "2", "3", "4"}, &out)
		recorder := newNoted()
		recorder.flushed = syscall.ENOSPC
		r.job.Recorder = recorder
		r.job.Task = tandem.Func(func(_ context.Context, n int) (int, error) {
			if n == 2 {
				time.Sleep(time.Second) // fake time: the recorder has failed
			}
			return n, nil
		})
		counts, err := mapping.Run(r.job)
		if !errors.Is(err, syscall.ENOSPC) || counts.Succeeded < 2 {
			t.Errorf("error %v, %d succeeded", err, counts.Succeeded)
		}
		if lines := bytes.Count(out.Bytes(), []byte("\n")); int64(lines) != counts.Succeeded {
			t.Errorf("%d have succeeded, %d lines", counts.Succeeded, lines)
		}
	})
}

// A store that fails keeps what it has: the outcomes before are noted as written.
func TestFailingStore(t *testing.T) {
	var out bytes.Buffer
	recorder := newNoted()
	r := newTrial(t, []string{"1", "2", "3"}, &out)
	r.job.Recorder, r.job.Store = recorder, &refusing{number: 2}
	if _, err := mapping.Run(r.job); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("error %v", err)
	}
	got := recorder.told()
	if slices.Contains(got, "ended 2") || slices.Contains(got, "written 2") {
		t.Errorf("told %q", got)
	}
	for _, number := range []string{"1", "2"} {
		if !slices.Contains(got, "ended "+number) && !slices.Contains(got, "held "+number) {
			t.Errorf("told %q: %s is missing", got, number)
		}
	}
	if !strings.HasPrefix(out.String(), "1\n") {
		t.Errorf("wrote %q", &out)
	}
}

// refusing is a store that does not take one outcome.
type refusing struct{ number int }

func (r *refusing) Put(o *outcome.Outcome, _ *inputs.Record) error {
	if o.Number == r.number {
		return syscall.ENOSPC
	}
	return nil
}

func (*refusing) Skip(*inputs.Record) {}
func (*refusing) Flush() error        { return nil }
func (*refusing) Close() error        { return nil }

// While the output is blocked, calls start until much waits for it, and not more.
func TestBlockedOutputHoldsCalls(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		out := &plugged{open: make(chan struct{})}
		tokens := make([]string, 20_000)
		for i := range tokens {
			tokens[i] = strconv.Itoa(i + 1)
		}
		r := newTrial(t, tokens, out)
		r.job.Gate.Single = true // no look-ahead
		var calls atomic.Int64
		r.job.Task = tandem.Func(func(_ context.Context, n int) (int, error) {
			calls.Add(1)
			return n, nil
		})
		var over sync.WaitGroup
		over.Go(func() { _, _ = mapping.Run(r.job) })
		time.Sleep(time.Minute) // fake time
		synctest.Wait()
		if n := calls.Load(); n < 4096 || n > 4096+1000 { // what waits, and the batch that is being written
			t.Errorf("%d calls started", n)
		}
		close(out.open)
		over.Wait()
		if lines := bytes.Count(out.Bytes(), []byte("\n")); lines != len(tokens) {
			t.Errorf("%d lines", lines)
		}
	})
}

var _ mapping.Recorder = (*noted)(nil)
var _ mapping.Recorder = (*record.Recorder)(nil)
