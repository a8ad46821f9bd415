package mapping_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/progress"
	"github.com/gotandem/tandem/cmd/tandem/internal/record"
)

// patience is how long a session may take to answer a signal, and a run to end.
const patience = 20 * time.Second

// An input that makes no call has failed, also for --halt.
func TestHaltCountsRefusedInputs(t *testing.T) {
	var out bytes.Buffer
	r := newTrial(t, nil, &out)
	r.job.Source, r.job.Total = inputs.NewLines(xThenOnes(), '\n'), 0
	if err := r.job.Halt.Set("soon,fail=1"); err != nil {
		t.Fatal(err)
	}
	r.job.Gate.Single = true
	counts, err := mapping.Run(r.job)
	if err != nil || !counts.Halted || counts.Failed != 1 || !strings.Contains(r.stderr.String(), "halted: 1 call failed (--halt soon,fail=1): input 1 (x)") {
		t.Errorf("error %v, counts %+v, stderr %s", err, counts, &r.stderr)
	}
}

func xThenOnes() *prefixed { return &prefixed{text: "x\n"} }

// prefixed reads as a text and endless ones.
type prefixed struct{ text string }

func (p *prefixed) Read(b []byte) (int, error) {
	n := copy(b, p.text)
	if p.text = p.text[n:]; n > 0 {
		return n, nil
	}
	return ones{}.Read(b)
}

// What has ended counts as done, also while it waits for its turn.
func TestProgressCountsEnds(t *testing.T) {
	inFakeTime(t, func(t *testing.T) {
		var out bytes.Buffer
		r := newTrial(t, []string{"1", "2", "3"}, &out)
		release := make(chan struct{})
		r.job.Progress = progress.JSON
		r.job.Task = tandem.Func(func(_ context.Context, n int) (int, error) {
			if n == 1 {
				<-release
			}
			return n, nil
		})
		var over sync.WaitGroup
		over.Go(func() { _, _ = mapping.Run(r.job) })
		time.Sleep(time.Second + time.Millisecond) // fake time
		synctest.Wait()
		if text := r.stderr.String(); !strings.Contains(text, `"done":2,`) || out.Len() > 0 {
			t.Errorf("stderr %s, stdout %q", text, &out)
		}
		close(release)
		over.Wait()
	})
}

// sampled is a recorder that only looks at samples.
type sampled struct {
	once  sync.Once
	first chan tandem.Stats
	err   error
}

func (s *sampled) Plan(int, inputs.Record) (record.Decision, error) { return record.Decision{}, nil }
func (s *sampled) Held(*outcome.Outcome) error                      { return nil }
func (s *sampled) Ended(*outcome.Outcome) error                     { return nil }
func (s *sampled) Written(int) error                                { return nil }
func (s *sampled) Flush() error                                     { return nil }

func (s *sampled) Sample(stats tandem.Stats) error {
	if stats.Running == 0 {
		return nil
	}
	s.once.Do(func() { s.first <- stats })
	return s.err
}

// The recorder is told what runs while it runs, and its failure ends the run.
func TestRecorderIsTold(t *testing.T) {
	for name, failure := range map[string]error{"told": nil, "failed": errors.New("disk full")} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			r := newTrial(t, []string{"1"}, &out)
			s := &sampled{first: make(chan tandem.Stats, 1), err: failure}
			r.job.Recorder = s
			r.job.Task = tandem.Func(func(_ context.Context, n int) (int, error) {
				select {
				case <-s.first:
					return n, nil
				case <-time.After(patience):
					return 0, errors.New("not told")
				}
			})
			counts, err := mapping.Run(r.job)
			if !errors.Is(err, failure) || counts.Succeeded != 1 {
				t.Errorf("error %v, counts %+v", err, counts)
			}
		})
	}
}

// writing lets two calls write lines, one after the other as steps say: the number of
// the call and what it writes.
func writing(t *testing.T, r *trial, steps [][2]string, write func(lines *mapping.Lines, call string, p []byte) error) (mapping.Counts, error) {
	t.Helper()
	lines := mapping.NewLines()
	r.job.Lines, r.job.Unordered = lines, true
	r.job.Task = tandem.Func(func(_ context.Context, n int) (int, error) {
		if n != 1 {
			return 0, nil
		}
		for _, step := range steps {
			if err := write(lines, step[0], []byte(step[1])); err != nil {
				return 0, err
			}
		}
		return 0, nil
	})
	r.job.Kind = silent{}
	return mapping.Run(r.job)
}

// silent is numbers whose results are not written.
type silent struct{ numbers }

func (silent) Finish(o *outcome.Outcome, _ int, err error) { o.Err = err }

// sinks returns a function that writes as the call of that name. "end" ends its start.
func sinks(stderr bool) func(lines *mapping.Lines, call string, p []byte) error {
	type sink struct {
		write func([]byte) error
		end   func()
	}
	calls := make(map[string]sink)
	return func(lines *mapping.Lines, call string, p []byte) error {
		if calls[call].write == nil {
			out, errs, end := lines.Of(int(call[0]), []byte(call))
			if calls[call] = (sink{out, end}); stderr {
				calls[call] = sink{errs, end}
			}
		}
		if string(p) == "end" {
			calls[call].end()
			return nil
		}
		return calls[call].write(p)
	}
}

// A line of one call never goes on with what another one writes, nor the same one when
// it has started again.
func TestLines(t *testing.T) {
	steps := [][2]string{{"a", "1\n2"}, {"b", "3\n"}, {"a", "4"}, {"a", "5\n"}, {"b", "6"}, {"a", "7\n8"}, {"a", "end"}, {"a", "9\n"}}
	for _, tag := range []bool{false, true} {
		var out bytes.Buffer
		r := newTrial(t, []string{"1"}, &out)
		r.job.Tag = tag
		if counts, err := writing(t, r, steps, sinks(false)); err != nil || counts.Succeeded != 1 {
			t.Errorf("error %v, counts %+v", err, counts)
		}
		want := "1\n2\n3\n45\n6\n7\n8\n9\n"
		if tag {
			want = "a\t1\na\t2\nb\t3\na\t45\nb\t6\na\t7\na\t8\na\t9\n"
		}
		if out.String() != want {
			t.Errorf("tag %v: %q, want %q", tag, &out, want)
		}
	}
}

// Standard error has whole lines, too.
func TestLinesOfStandardError(t *testing.T) {
	var out bytes.Buffer
	r := newTrial(t, []string{"1"}, &out)
	r.job.Tag, r.job.Quiet = true, true
	if _, err := writing(t, r, [][2]string{{"a", "1\n2"}, {"a", "3\n"}}, sinks(true)); err != nil {
		t.Error(err)
	}
	if want := "a\t1\na\t2\na\t3\n"; r.stderr.String() != want || out.Len() > 0 {
		t.Errorf("stderr %q, want %q; stdout %q", &r.stderr, want, &out)
	}
}

// What nobody reads any more is an error for the call that writes it, which runs again.
func TestLinesOfABrokenOutput(t *testing.T) {
	r := newTrial(t, []string{"1"}, failing{syscall.EPIPE})
	recorder := newNoted()
	r.job.Recorder = recorder
	big := strings.Repeat("x", 100_000) + "\n"
	counts, err := writing(t, r, [][2]string{{"\x01", big}, {"\x01", big}}, sinks(false))
	if err != nil || counts.Succeeded != 0 || !r.session.OutputClosed() {
		t.Errorf("error %v, counts %+v", err, counts)
	}
	if got := recorder.told(); slices.Contains(got, "held 1") || slices.Contains(got, "ended 1") {
		t.Errorf("a call that the output has ended has not finished: told %q", got)
	}
}
