package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/wire"
)

type rude struct{}

func (rude) Error() string   { panic("no text") }
func (rude) Is(error) bool   { panic("no identity") }
func (rude) Unwrap() []error { panic("no causes") }

// endless wraps itself.
type endless struct{}

func (endless) Error() string { return "endless" }
func (e endless) Unwrap() []error {
	return []error{e, e}
}

func TestDescribe(t *testing.T) {
	plain := errors.New("plain")
	tests := map[string]struct {
		err  error
		kind wire.Kind
		text string
	}{
		"plain":      {plain, wire.KindError, "plain"},
		"wrapped":    {fmt.Errorf("outer: %w", plain), wire.KindError, "outer: plain"},
		"canceled":   {fmt.Errorf("stopped: %w", context.Canceled), wire.KindCanceled, "stopped: context canceled"},
		"panic":      {&tandem.PanicError{Value: "oh"}, wire.KindPanic, "oh"},
		"rude":       {rude{}, wire.KindError, "worker.rude whose text cannot be made"},
		"bad input":  {&tandem.CallError{Code: "bad_input", Err: plain}, wire.KindBadInput, "plain"},
		"bad result": {&tandem.CallError{Code: "bad_result", Err: plain}, wire.KindBadResult, "plain"},
		"undefined":  {&tandem.CallError{Code: "unknown_task", Err: plain}, wire.KindUnknownTask, "plain"},
		"other's":    {&tandem.CallError{Code: "bad_input", Task: "other", Err: plain}, wire.KindError, "other: input cannot be passed to the task (call Fate(0)): plain"},
	}
	for name, test := range tests {
		f := describe(test.err)
		if f.Kind != test.kind || f.Message != test.text {
			t.Errorf("%s: %v %q, want %v %q", name, f.Kind, f.Message, test.kind, test.text)
		}
	}
}

func TestTrimmedFailureFitsTheLeastLimit(t *testing.T) {
	long := strings.Repeat("\x01", 1<<20) // six bytes each in JSON
	f := wire.Failure{Kind: wire.KindError, Type: long, Message: long, Traceback: long}
	for range 32 {
		f.Chain = append(f.Chain, wire.Cause{Type: long, Message: long})
	}
	if n := len(trimmed(f).Append(nil)); n > leastLimit {
		t.Errorf("%d bytes", n)
	}
	if short := "ä"; cut(short, 2) != short || !strings.HasPrefix(cut(strings.Repeat(short, 9), 5), "ää…") {
		t.Error(cut(strings.Repeat(short, 9), 5))
	}
}

func TestChainEnds(t *testing.T) {
	if n := len(chain(endless{})); n > 33 {
		t.Errorf("%d causes", n)
	}
}

func TestMainRefusesWhatItCannotServe(t *testing.T) {
	one := tandem.Define("one", func(context.Context, int) (int, error) { return 1, nil })
	tests := map[string][]tandem.AnyTask{
		"twice":   {one, one},
		"unnamed": {tandem.Func(func(context.Context, int) (int, error) { return 1, nil })},
		"nil":     {nil},
	}
	for name, tasks := range tests {
		func() {
			defer func() {
				if v := recover(); v == nil || !strings.HasPrefix(fmt.Sprint(v), "tandem: worker.Main: ") {
					t.Errorf("%s: %v", name, v)
				}
			}()
			Main(tasks...)
		}()
	}
	Main(one) // no worker: returns
	if IsWorker() {
		t.Error("is a worker")
	}
}
