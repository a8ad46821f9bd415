package tandem

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// Each sentinel has a code of its own, and an error made from it matches it, its
// cause and nothing else.
func TestErrorsSentinels(t *testing.T) {
	cause := errors.New("cause")
	codes := map[Code]error{}
	for _, kind := range sentinels {
		code := codeOf(kind)
		if other, taken := codes[code]; taken || code == "" {
			t.Errorf("code %q of %q is also that of %v", code, kind, other)
		}
		codes[code] = kind
		if sentinelOf(code) != kind {
			t.Errorf("sentinelOf(%q) is %v", code, sentinelOf(code))
		}
		for _, fate := range []Fate{NotStarted, MayHaveRun, Finished} {
			err := NewCallError(kind, fate, Call{}, "pid 1", cause)
			wrapped := fmt.Errorf("outside: %w", err)
			if err.Code != code || FateOf(wrapped) != fate || !errors.Is(wrapped, kind) || !errors.Is(wrapped, cause) {
				t.Errorf("%v: code %q, fate %v", err, err.Code, FateOf(wrapped))
			}
			for _, part := range []string{kind.Error(), fate.String(), "pid 1", "cause"} {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("text %q lacks %q", err, part)
				}
			}
			for _, other := range sentinels {
				if other != kind && errors.Is(wrapped, other) {
					t.Errorf("%v matches %v", err, other)
				}
			}
		}
	}
	if len(codes) != 14 {
		t.Errorf("%d sentinels, want 14: add the new one to the list of sentinels and to this test", len(codes))
	}
}

func TestNewCallErrorRefusesOtherKinds(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("NewCallError did not panic")
		}
	}()
	NewCallError(io.EOF, NotStarted, Call{}, "", nil)
}

// A code that this version does not know is kept.
func TestCallErrorKeepsUnknownCodes(t *testing.T) {
	err := &CallError{Code: "from_the_future", Fate: MayHaveRun, Label: "x"}
	if !strings.Contains(err.Error(), "from_the_future") || errors.Is(err, ErrClosed) {
		t.Errorf("text %q", err)
	}
}

func TestFateOf(t *testing.T) {
	tests := map[string]struct {
		err  error
		want Fate
	}{
		"nil":   {nil, Finished},
		"own":   {io.EOF, Finished},
		"panic": {&PanicError{Value: 1}, Finished},
		"call":  {&CallError{Code: "x", Fate: NotStarted}, NotStarted},
	}
	for name, test := range tests {
		if got := FateOf(test.err); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
	for _, f := range []Fate{0, NotStarted, MayHaveRun, Finished} {
		if f.String() == "" {
			t.Errorf("fate %d has no text", f)
		}
	}
}

func TestRemoteErrorMatchesContextErrors(t *testing.T) {
	if err := (&RemoteError{Message: "context canceled", Canceled: true}); !errors.Is(err, context.Canceled) {
		t.Error("a canceled task's error does not match context.Canceled")
	}
	if err := (&RemoteError{Message: context.DeadlineExceeded.Error()}); !errors.Is(err, context.DeadlineExceeded) {
		t.Error("error does not match context.DeadlineExceeded")
	}
	if err := (&RemoteError{Message: "other"}); errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		t.Error("error matches a context error")
	}
	for _, test := range []struct{ kind, message, want string }{
		{"ValueError", "bad", "ValueError: bad"}, {"ValueError", "", "ValueError"}, {"*fs.PathError", "bad", "bad"}, {"", "bad", "bad"},
	} {
		if got := (&RemoteError{Type: test.kind, Message: test.message}).Error(); got != test.want {
			t.Errorf("text %q, want %q", got, test.want)
		}
	}
}
