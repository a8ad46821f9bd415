package tandem_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gotandem/tandem"
)

// deaf sleeps for its input, whatever its context says.
var deaf = tandem.Define("deaf", func(_ context.Context, d time.Duration) (int, error) {
	time.Sleep(d)
	return 1, nil
})

// closed closes ex and checks that all calls are accounted for.
func closed(t *testing.T, ex tandem.Executor) {
	t.Helper()
	if err := ex.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if s := ex.Stats(); s.Abandoned != 0 || s.Running != 0 || s.Waiting != 0 || s.Accepted != s.Succeeded+s.Failed+s.Canceled {
		t.Errorf("after Close: %+v", s)
	}
}

// A call that overstays ends at its timeout; its task is counted as abandoned and
// keeps its slot until it returns.
func TestLocalTimeoutGivesUp(t *testing.T) {
	tests := map[string][]tandem.CallOption{
		"alone":                         nil,
		"with retries, not idempotent":  {tandem.Retries(3)},
		"with a context of the outside": {tandem.Label("x")},
	}
	for name, opts := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ex := tandem.NewLocal(tandem.LocalConfig{Threads: 1})
				begin := time.Now()
				f, err := tandem.Submit(t.Context(), ex, deaf, 10*time.Second, append(opts, tandem.Timeout(time.Second))...)
				if err != nil {
					t.Fatal(err)
				}
				next, err := tandem.Submit(t.Context(), ex, double, 2)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := f.Wait(t.Context()); !errors.Is(err, tandem.ErrTimeout) || tandem.FateOf(err) != tandem.MayHaveRun {
					t.Errorf("outcome %v", err)
				}
				if took := time.Since(begin); took != time.Second {
					t.Errorf("ended after %v, want 1s", took)
				}
				if n := ex.Stats().Abandoned; n != 1 {
					t.Errorf("Abandoned is %d, want 1", n)
				}
				if v, err := next.Wait(t.Context()); v != 4 || err != nil || time.Since(begin) != 10*time.Second {
					t.Errorf("next call: %v, %v after %v, want 10s", v, err, time.Since(begin))
				}
				closed(t, ex)
			})
		})
	}
}

// An attempt that overstays and is to be repeated is waited for: two attempts of
// a call never run at once.
func TestLocalRetryAfterTimeoutWaitsForTheTask(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := tandem.NewLocal(tandem.LocalConfig{Threads: 2})
		begin := time.Now()
		var starts []time.Duration
		task := tandem.Func(func(context.Context, int) (int, error) {
			starts = append(starts, time.Since(begin))
			time.Sleep(10 * time.Second)
			return 0, errors.New("late")
		})
		_, err := tandem.Run(t.Context(), ex, task, 1, tandem.Timeout(time.Second), tandem.Retries(1), tandem.Idempotent())
		if !errors.Is(err, tandem.ErrTimeout) || time.Since(begin) != 11*time.Second {
			t.Errorf("outcome %v after %v, want a timeout after 11s", err, time.Since(begin))
		}
		closed(t, ex)
		if len(starts) != 2 || starts[1] != 10*time.Second {
			t.Errorf("attempts began at %v, want 0s and 10s", starts)
		}
	})
}

// The timeout of an outer call is not taken for that of an inner one.
func TestLocalTimeoutOfTheOuterCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ex := tandem.NewLocal(tandem.LocalConfig{Threads: 1})
		own := errors.New("own")
		inner := tandem.Func(func(ctx context.Context, _ int) (int, error) {
			<-ctx.Done()
			return 0, own
		})
		var outcome error
		outer := tandem.Func(func(ctx context.Context, _ int) (int, error) {
			f, err := tandem.Submit(ctx, ex, inner, 1, tandem.Timeout(time.Hour))
			if err != nil {
				return 0, err
			}
			_, outcome = f.Wait(context.Background())
			return 0, outcome
		})
		_, err := tandem.Run(t.Context(), ex, outer, 1, tandem.Timeout(time.Second))
		if !errors.Is(err, tandem.ErrTimeout) {
			t.Errorf("outer call: %v", err)
		}
		closed(t, ex)
		if outcome != own {
			t.Errorf("inner call: %v, want its own error", outcome)
		}
	})
}

// A task learns from its context why it is to end.
func TestLocalContextCause(t *testing.T) {
	causes := make(chan error, 1)
	task := tandem.Func(func(ctx context.Context, _ int) (int, error) {
		<-ctx.Done()
		causes <- context.Cause(ctx)
		return 0, ctx.Err()
	})
	why := errors.New("why")
	tests := map[string]struct {
		end  func(ex *tandem.Local, f *tandem.Future[int], cancel context.CancelCauseFunc)
		opts []tandem.CallOption
		want error
	}{
		"timeout": {func(*tandem.Local, *tandem.Future[int], context.CancelCauseFunc) {}, []tandem.CallOption{tandem.Timeout(time.Second)}, tandem.ErrTimeout},
		"cancel":  {func(_ *tandem.Local, f *tandem.Future[int], _ context.CancelCauseFunc) { f.Cancel() }, nil, context.Canceled},
		"context": {func(_ *tandem.Local, _ *tandem.Future[int], cancel context.CancelCauseFunc) { cancel(why) }, nil, why},
		"close": {func(ex *tandem.Local, _ *tandem.Future[int], _ context.CancelCauseFunc) {
			ctx, cancel := context.WithCancel(context.Background())
			cancel()
			ex.Close(ctx)
		}, nil, tandem.ErrClosed},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ex := tandem.NewLocal(tandem.LocalConfig{Threads: 1})
				ctx, cancel := context.WithCancelCause(t.Context())
				defer cancel(nil)
				f, err := tandem.Submit(ctx, ex, task, 1, test.opts...)
				if err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				test.end(ex, f, cancel)
				f.Wait(t.Context())
				closed(t, ex)
			})
			if got := <-causes; !errors.Is(got, test.want) {
				t.Errorf("cause %v, want %v", got, test.want)
			}
		})
	}
}

func TestLocalRefusesWhatItHasNoFunctionFor(t *testing.T) {
	ex := tandem.NewLocal(tandem.LocalConfig{})
	_, err := tandem.Run(t.Context(), ex, tandem.Declare[int, int]("elsewhere"), 1)
	if !errors.Is(err, tandem.ErrUnknownTask) || tandem.FateOf(err) != tandem.NotStarted {
		t.Errorf("outcome %v", err)
	}
	closed(t, ex)
}

func TestNewLocalPanicsOnNegativeFields(t *testing.T) {
	for _, config := range []tandem.LocalConfig{{Threads: -1}, {Queue: -1}} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("NewLocal(%+v) did not panic", config)
				}
			}()
			tandem.NewLocal(config)
		}()
	}
}

// A call on an idle executor costs one allocation.
func TestSubmitAllocatesOnce(t *testing.T) {
	ctx := context.Background()
	ex := tandem.NewLocal(tandem.LocalConfig{Threads: 1})
	defer closed(t, ex)
	n := testing.AllocsPerRun(200, func() {
		f, err := tandem.Submit(ctx, ex, double, 1)
		if err != nil {
			t.Fatal(err)
		}
		f.Wait(ctx)
	})
	if n > 1 {
		t.Errorf("Submit and Wait make %v allocations, want 1 at most", n)
	}
}
