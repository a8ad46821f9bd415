package mapping_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/console"
	"github.com/gotandem/tandem/cmd/tandem/internal/gate"
	"github.com/gotandem/tandem/cmd/tandem/internal/inputs"
	"github.com/gotandem/tandem/cmd/tandem/internal/mapping"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/cmd/tandem/internal/progress"
)

// numbers is a kind whose inputs and results are integers.
type numbers struct{}

func (numbers) Input(record inputs.Record, _ int) (int, error) {
	return strconv.Atoi(string(record.Whole))
}

func (numbers) Text(in int) string { return strconv.Itoa(in) }

func (numbers) Call(in int) (string, error) { return "square(" + strconv.Itoa(in) + ")", nil }

func (numbers) Finish(o *outcome.Outcome, out int, err error) {
	if o.Err = err; err == nil {
		o.Stdout.Bytes = append(strconv.AppendInt(o.Stdout.Bytes, int64(out), 10), '\n')
	}
	if out == 49 {
		o.Stderr.Bytes = []byte("note on 49\n")
	}
}

// square fails for 13.
func square(_ context.Context, n int) (int, error) {
	if n == 13 {
		return 0, errors.New("13 is refused")
	}
	return n * n, nil
}

// trial is a run on goroutines.
type trial struct {
	session *mapping.Session
	job     mapping.Job[int, int]
	stderr  bytes.Buffer
}

func newTrial(t *testing.T, tokens []string, out io.Writer) *trial {
	t.Helper()
	r := &trial{}
	c := console.New(&r.stderr, nil)
	r.session = mapping.NewSession(c, func(status int) { t.Errorf("quit with status %d", status) })
	t.Cleanup(r.session.End)
	ex := tandem.NewLocal(tandem.LocalConfig{Threads: 2})
	t.Cleanup(func() { _ = ex.Close(context.Background()) })
	r.job = mapping.Job[int, int]{
		Kind: numbers{}, Executor: ex, Task: tandem.Func(square), Source: inputs.NewList(tokens), Total: len(tokens),
		Gate:   gate.Config{Places: func(time.Time) (int, time.Duration) { return 2, 0 }},
		Output: out, Console: c, Session: r.session, Progress: progress.Auto,
	}
	return r
}

func TestRun(t *testing.T) {
	var tokens []string
	var want strings.Builder
	for n := 1; n <= 1000; n++ {
		tokens = append(tokens, strconv.Itoa(n))
		if n != 13 {
			fmt.Fprintln(&want, n*n)
		}
	}
	tokens[998] = "x"
	stdout := &bytes.Buffer{}
	r := newTrial(t, tokens, stdout)
	counts, err := mapping.Run(r.job)
	if err != nil || counts.Succeeded != 998 || counts.Failed != 2 || counts.Unfinished != 0 {
		t.Errorf("error %v, counts %+v", err, counts)
	}
	if got, want := stdout.String(), strings.Replace(want.String(), "998001\n", "", 1); got != want {
		t.Errorf("%d bytes of output, want %d", len(got), len(want))
	}
	for _, want := range []string{
		"tandem: input 13 (13): 13 is refused\n", "tandem: input 999 (x): strconv.Atoi", "note on 49\n", "tandem: 1000 inputs: 998 ok, 2 failed in ",
	} {
		if !strings.Contains(r.stderr.String(), want) {
			t.Errorf("stderr lacks %q:\n%s", want, r.stderr.String())
		}
	}
}

func TestRunWithoutInputs(t *testing.T) {
	stdout := &bytes.Buffer{}
	r := newTrial(t, nil, stdout)
	if counts, err := mapping.Run(r.job); err != nil || counts.Succeeded+counts.Failed != 0 || stdout.Len() != 0 || !strings.HasPrefix(r.stderr.String(), "tandem: 0 inputs: 0 ok, 0 failed in ") {
		t.Errorf("error %v, counts %+v, stdout %q, stderr %q", err, counts, stdout, &r.stderr)
	}
}

// failing is an output that cannot be written.
type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// An output that nobody reads stops the run; one that breaks is also reported.
func TestRunStopsWithItsOutput(t *testing.T) {
	for name, test := range map[string]struct {
		err     error
		failure bool
	}{"closed": {syscall.EPIPE, false}, "full": {syscall.ENOSPC, true}} {
		t.Run(name, func(t *testing.T) {
			r := newTrial(t, nil, failing{test.err})
			r.job.Source = endless()
			_, err := mapping.Run(r.job)
			failure, failed := errors.AsType[*mapping.Failure](err)
			if failed != test.failure || failed && (failure.Status != 125 || !errors.Is(err, test.err)) {
				t.Errorf("error %v", err)
			}
			if status, stopped := r.session.Stopped(); !stopped || status != 141 {
				t.Errorf("stopped %v with status %d", stopped, status)
			}
			if r.stderr.Len() != 0 {
				t.Errorf("stderr %q", &r.stderr)
			}
		})
	}
}

// A broken input is reported after the results of what was read.
func TestRunReportsABrokenInput(t *testing.T) {
	stdout := &bytes.Buffer{}
	r := newTrial(t, nil, stdout)
	broken := errors.New("broken")
	r.job.Source = inputs.NewLines(io.MultiReader(strings.NewReader("2\n3\n"), errorReader{broken}), '\n')
	_, err := mapping.Run(r.job)
	if failure, ok := errors.AsType[*mapping.Failure](err); !ok || failure.Status != 125 || !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if stdout.String() != "4\n9\n" {
		t.Errorf("stdout %q", stdout)
	}
}

type errorReader struct{ err error }

func (r errorReader) Read([]byte) (int, error) { return 0, r.err }

// endless returns a source that never ends by itself.
func endless() inputs.Source { return inputs.NewLines(ones{}, '\n') }

type ones struct{}

func (ones) Read(p []byte) (int, error) { return copy(p, "1\n"), nil }
