package wire

import "fmt"

// Fork is the body of a fork frame.
type Fork struct {
	Nonce string `json:"nonce"` // the word that the new worker returns in hello
}

// Forked is the body of a forked frame: the worker's process, or why there is
// none.
type Forked struct {
	PID  int  `json:"pid,omitempty"`
	Kind Kind `json:"kind,omitempty"` // of a failure, as the fields below

	Type    string `json:"type,omitempty"`
	Message string `json:"message,omitempty"`
}

// Reaped is the body of a reaped frame: how a worker ended, or why nobody knows.
type Reaped struct {
	Status int   `json:"status"`    // as wait4 gives it
	User   int64 `json:"user_ns"`   // processor time
	System int64 `json:"system_ns"` // processor time
	MaxRSS int64 `json:"max_rss"`   // bytes

	Kind    Kind   `json:"kind,omitempty"` // of a failure, as the field below
	Message string `json:"message,omitempty"`
}

// Append appends f as JSON.
func (f Fork) Append(dst []byte) []byte { return appendPlain(dst, TypeFork, f) }

// Append appends f as JSON.
func (f Forked) Append(dst []byte) []byte { return appendPlain(dst, TypeForked, f) }

// Append appends r as JSON.
func (r Reaped) Append(dst []byte) []byte { return appendPlain(dst, TypeReaped, r) }

// appendPlain appends what always has a form.
func appendPlain(dst []byte, t Type, v any) []byte {
	dst, _ = appendJSON(dst, t, v)
	return dst
}

// ParseFork reads the body of a fork frame. The error is a [*ProtocolError].
func ParseFork(body []byte) (Fork, error) {
	var f Fork
	if err := parseJSON(body, TypeFork, &f); err != nil {
		return Fork{}, err
	}
	if !isHexWord(f.Nonce) {
		return Fork{}, badBody(TypeFork, fmt.Sprintf("nonce is %q, want a hexadecimal word", f.Nonce))
	}
	return f, nil
}

// ParseForked reads the body of a forked frame. It has a kind, or a pid that a
// child can have. The error is a [*ProtocolError].
func ParseForked(body []byte) (Forked, error) {
	var f Forked
	if err := parseJSON(body, TypeForked, &f); err != nil {
		return Forked{}, err
	}
	if f.Kind == "" && f.PID <= 1 {
		return Forked{}, badBody(TypeForked, fmt.Sprintf("pid is %d, want more than 1", f.PID))
	}
	return f, nil
}

// ParseReaped reads the body of a reaped frame. The error is a [*ProtocolError].
func ParseReaped(body []byte) (Reaped, error) {
	var r Reaped
	if err := parseJSON(body, TypeReaped, &r); err != nil {
		return Reaped{}, err
	}
	return r, nil
}
