//go:build unix

package process_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/leaktest"
	"github.com/gotandem/tandem/process"
	"github.com/gotandem/tandem/tandemtest"
)

func ended() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(errors.New("out of patience"))
	return ctx
}

func TestCloseDrains(t *testing.T) {
	ex := leakless(t, process.Config{Workers: 2})
	gate := tandemtest.NewGate(t)
	long := submit(t, ex, hold, gate.Hold("long"))
	visit := gate.Await(t, "long")
	var rest []*tandem.Future[int]
	for i := range 200 {
		rest = append(rest, submit(t, ex, double, i))
	}
	closed := make(chan error)
	go func() { closed <- ex.Close(context.Background()) }()
	for i, f := range rest {
		expect(t, f, 2*i)
	}
	visit.Return("done")
	if err := <-closed; err != nil {
		t.Error(err)
	}
	expect(t, long, "done")
	_, err := tandem.Run(within(t), ex, double, 1)
	checkFailure(t, 0, err, tandem.ErrClosed, tandem.NotStarted)
	if err := ex.WaitReady(within(t)); !errors.Is(err, tandem.ErrClosed) {
		t.Error(err)
	}
}

func TestCloseKillsWhenItsContextEnds(t *testing.T) {
	leaktest.Check(t)
	gate := tandemtest.NewGate(t)
	ex, err := process.New(process.Config{Workers: 1, HandshakeTimeout: 30 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	running := submit(t, ex, hold, gate.Deaf("running"))
	gate.Await(t, "running")
	waiting := []*tandem.Future[int]{submit(t, ex, double, 1)}
	patient := make(chan error, 1)
	go func() { patient <- ex.Close(context.Background()) }()
	eventually(t, "the other Close to begin", func() bool {
		f, err := tandem.Submit(within(t), ex, double, 1)
		if err == nil {
			waiting = append(waiting, f)
		}
		return errors.Is(err, tandem.ErrClosed)
	})
	err = ex.Close(ended()) // the shorter patience counts for both
	other := <-patient
	want := fmt.Sprintf("process: closed with %d calls unfinished: out of patience", 1+len(waiting))
	if err == nil || err.Error() != want || !errors.Is(other, err) && other.Error() != err.Error() {
		t.Errorf("%v, %v", err, other)
	}
	expectFailure(t, running, tandem.ErrClosed, tandem.MayHaveRun)
	for _, w := range waiting {
		expectFailure(t, w, tandem.ErrClosed, tandem.NotStarted)
	}
}

// Closing at once, with a context that has ended, is fine when nothing is lost.
func TestCloseWithoutCalls(t *testing.T) {
	for name, mode := range map[string]string{"ready": "", "starting": "forgot-block"} {
		t.Run(name, func(t *testing.T) {
			leaktest.Check(t)
			for _, ctx := range []context.Context{context.Background(), ended()} {
				ex, err := process.New(process.Config{Workers: 2, HandshakeTimeout: 30 * time.Second, Env: []string{modeVariable + "=" + mode}})
				if err != nil {
					t.Fatal(err)
				}
				if mode == "" {
					run(t, ex, double, 1)
				}
				begin := time.Now()
				for range 2 {
					if err := ex.Close(ctx); err != nil {
						t.Error(err)
					}
				}
				if took := time.Since(begin); took > 3*time.Second {
					t.Errorf("closing took %v", took)
				}
			}
		})
	}
}

// Submitting while the executor closes is refused or carried out, never lost.
func TestCloseRacesWithExecute(t *testing.T) {
	leaktest.Check(t)
	for range 10 {
		ex, err := process.New(process.Config{Workers: 2, Queue: 4, HandshakeTimeout: 30 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		ctx := within(t)
		var submitters sync.WaitGroup
		for range 4 {
			submitters.Go(func() {
				for i := 0; ; i++ {
					n, err := tandem.Run(ctx, ex, double, i)
					if err != nil {
						checkFailure(t, n, err, tandem.ErrClosed, tandem.NotStarted)
						return
					}
				}
			})
		}
		if err := ex.WaitReady(ctx); err != nil {
			t.Error(err)
		}
		if err := ex.Close(ctx); err != nil {
			t.Error(err)
		}
		submitters.Wait()
		if s := ex.Stats(); s.Accepted != s.Succeeded {
			t.Errorf("%+v", s)
		}
	}
}
