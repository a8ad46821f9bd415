package worker

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/wire"
)

// describe turns an outcome's error into what crosses the border. The error's own
// methods may panic: then only its type and text cross.
func describe(err error) (f wire.Failure) {
	f = wire.Failure{Kind: wire.KindError, Type: fmt.Sprintf("%T", err), Message: text(err)}
	defer func() { _ = recover() }()
	f.Chain = chain(err)
	var p *tandem.PanicError
	var engine *tandem.CallError
	switch {
	case errors.As(err, &p) && err == error(p):
		f = wire.Failure{Kind: wire.KindPanic, Message: strings.TrimPrefix(p.Error(), "task panicked: "), Type: fmt.Sprintf("%T", p.Value), Traceback: string(p.Stack)}
	case errors.As(err, &engine) && err == error(engine) && kindOf(engine) != wire.KindError:
		f = wire.Failure{Kind: kindOf(engine), Message: text(engine.Err)}
	case errors.Is(err, context.Canceled):
		f.Kind = wire.KindCanceled
	}
	return f
}

// kindOf returns the kind of an error that Serve itself made. One that names a
// task is the outcome of another call, which the task returns as its own error.
func kindOf(e *tandem.CallError) wire.Kind {
	switch {
	case e.Task != "" || e.Label != "" || e.Worker != "":
		return wire.KindError
	case errors.Is(e, tandem.ErrBadInput):
		return wire.KindBadInput
	case errors.Is(e, tandem.ErrBadResult):
		return wire.KindBadResult
	case errors.Is(e, tandem.ErrUnknownTask):
		return wire.KindUnknownTask
	}
	return wire.KindError
}

// chain lists what err wraps, outermost first. Joined errors are walked in order.
func chain(err error) (causes []wire.Cause) {
	const most = 32 // a chain that refers to itself must end
	next := []error{err}
	for len(next) > 0 && len(causes) < most {
		e := next[0]
		next = next[1:]
		var below []error
		switch e := e.(type) {
		case interface{ Unwrap() error }:
			below = []error{e.Unwrap()}
		case interface{ Unwrap() []error }:
			below = e.Unwrap()
		}
		for _, b := range below {
			if b != nil {
				causes = append(causes, wire.Cause{Type: fmt.Sprintf("%T", b), Message: text(b)})
				next = append(next, b)
			}
		}
	}
	return causes
}

// text returns an error's text; the error's own method may panic.
func text(err error) (s string) {
	defer func() {
		if recover() != nil {
			s = fmt.Sprintf("%T whose text cannot be made", err)
		}
	}()
	if err == nil {
		return ""
	}
	return err.Error()
}

// What of a failure crosses the border, so that its frame stays far below the
// least frame limit even when each byte is escaped. More would carry longer
// traces; less would cut texts that people read.
const (
	mostText  = 64 << 10
	mostTrace = 32 << 10
	mostCause = 1 << 10
)

// trimmed returns f with texts of bounded length.
func trimmed(f wire.Failure) wire.Failure {
	f.Type, f.Message, f.Traceback = cut(f.Type, mostCause), cut(f.Message, mostText), cut(f.Traceback, mostTrace)
	for i, c := range f.Chain {
		f.Chain[i] = wire.Cause{Type: cut(c.Type, mostCause), Message: cut(c.Message, mostCause)}
	}
	return f
}

// cut shortens s to n bytes and says so.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return fmt.Sprintf("%s… (%d bytes more)", strings.ToValidUTF8(s[:n], ""), len(s)-n)
}
