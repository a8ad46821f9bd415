package mapping_test

import (
	"bytes"
	"context"
	"math"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
)

// scarcity is a run whose first two calls wait for the test, on a machine whose memory
// the test decides on. The time is not the real one.
type scarcity struct {
	*trial
	free    atomic.Int64
	places  atomic.Int64  // how many calls may run at once
	release chan struct{} // closed to let calls 1 and 2 end

	mu      sync.Mutex
	started map[int]int // how often, by input
	counts  mapping.Counts
	over    sync.WaitGroup
}

// beginScarcity runs n inputs, three calls at once unless places says otherwise.
func beginScarcity(t *testing.T, out *bytes.Buffer, n int) *scarcity {
	t.Helper()
	tokens := make([]string, n)
	for i := range tokens {
		tokens[i] = strconv.Itoa(i + 1)
	}
	s := &scarcity{trial: newTrial(t, tokens, out), release: make(chan struct{}), started: make(map[int]int)}
	s.free.Store(math.MaxInt64)
	s.places.Store(3)
	s.job.Memory = mapping.Memory{Least: 100, Free: s.free.Load, Handle: new(tandem.Handle)}
	s.job.Gate.Places = func(time.Time) (int, time.Duration) { return int(s.places.Load()), 0 }
	ex := tandem.NewLocal(tandem.LocalConfig{Threads: 3})
	t.Cleanup(func() { _ = ex.Close(context.Background()) })
	s.job.Kind = filed{}
	s.job.Executor, s.job.Task = ex, tandem.Func(s.call)
	s.over.Go(func() {
		var err error
		if s.counts, err = mapping.Run(s.job); err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
	return s
}

func (s *scarcity) call(ctx context.Context, n int) (int, error) {
	s.mu.Lock()
	s.started[n]++
	s.mu.Unlock()
	if n > 2 {
		return n, nil
	}
	select {
	case <-s.release:
		return n, nil
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// want compares how often the calls of inputs have started.
func (s *scarcity) want(t *testing.T, starts map[int]int) {
	t.Helper()
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	for n, want := range starts {
		if s.started[n] != want {
			t.Errorf("call %d has started %d times, want %d", n, s.started[n], want)
		}
	}
}

// squeeze lets memory be scarce for one look of the guard.
func (s *scarcity) squeeze() {
	s.free.Store(10)
	time.Sleep(time.Second) // fake time
	synctest.Wait()
	s.free.Store(math.MaxInt64)
	time.Sleep(10 * time.Millisecond) // calls may linger to travel together
	synctest.Wait()
}

// inFakeTime runs a test with fake time. Signals are watched by a goroutine of the
// whole process, which is to begin outside.
func inFakeTime(t *testing.T, test func(t *testing.T)) {
	ch := make(chan os.Signal, 1)
	signal.Notify(ch, os.Interrupt)
	signal.Stop(ch)
	synctest.Test(t, test)
}

// When memory is scarce one call is stopped, never the last one, and starts again.
func TestGuard(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		var out bytes.Buffer
		s := beginScarcity(t, &out, 3)
		s.want(t, map[int]int{1: 1, 2: 1, 3: 1})
		s.squeeze()
		s.mu.Lock()
		twice := 1
		if s.started[2] == 2 {
			twice = 2
		}
		s.mu.Unlock()
		s.want(t, map[int]int{twice: 2, 3 - twice: 1, 3: 1})
		s.squeeze() // the one that started again is the youngest
		s.want(t, map[int]int{twice: 3, 3 - twice: 1})
		close(s.release)
		s.over.Wait()
		if out.String() != "1\n2\n" || s.counts.Succeeded != 3 || s.counts.Failed != 0 {
			t.Errorf("stdout %q, counts %+v", &out, s.counts)
		}
		if text := s.stderr.String(); strings.Count(text, "memory is scarce (10 free, --memfree is 100)") != 1 {
			t.Errorf("stderr %q", text)
		}
	})
}

// During a drain no call is stopped: it could not start again.
func TestGuardDrained(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		var out bytes.Buffer
		s := beginScarcity(t, &out, 3)
		s.session.Drain()
		s.squeeze()
		close(s.release)
		s.over.Wait()
		if s.counts.Succeeded != 3 || s.counts.Unfinished != 0 || s.counts.Failed != 0 {
			t.Errorf("counts %+v", s.counts)
		}
	})
}

// A call that was stopped and is not to start again, because a drain begins meanwhile,
// has not finished.
func TestGuardStoppedThenDrained(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		var out bytes.Buffer
		s := beginScarcity(t, &out, 3)
		s.places.Store(1)
		s.squeeze()
		s.session.Drain()
		close(s.release)
		s.over.Wait()
		if s.counts.Succeeded != 2 || s.counts.Unfinished != 1 || s.counts.Failed != 0 {
			t.Errorf("counts %+v", s.counts)
		}
	})
}

// filed is numbers whose results above 2 are in files, which are empty.
type filed struct{ numbers }

func (k filed) Finish(o *outcome.Outcome, out int, err error) {
	if out <= 2 {
		k.numbers.Finish(o, out, err)
		return
	}
	o.Stdout.File, o.Err = os.Open(os.DevNull)
}

// A call for whose outcome all others wait starts again, although no more than wait
// already are to start.
func TestGuardWhenOutcomesWait(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		var out bytes.Buffer
		const inputs, held = 2000, 250 // files: of 1,000 descriptors or more
		s := beginScarcity(t, &out, inputs)
		s.squeeze()
		s.want(t, map[int]int{1: 2, 2: 1})
		if n := len(s.started); n < held || n == inputs {
			t.Fatalf("%d calls have started, want about %d", n, held)
		}
		s.squeeze()
		s.want(t, map[int]int{1: 3, 2: 1})
		close(s.release)
		if t.Failed() {
			s.session.Kill()
		}
		s.over.Wait()
		if s.counts.Succeeded != inputs || out.String() != "1\n2\n" {
			t.Errorf("counts %+v, stdout %q", s.counts, &out)
		}
	})
}
