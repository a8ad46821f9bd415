package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// MaxThreads is how many threads one worker may have: as many as the black box
// has room for.
const MaxThreads = 252

// Setup is the body of a setup frame: how the worker is to serve.
type Setup struct {
	Threads  int            `json:"threads"`            // 1 to MaxThreads
	Memory   uint64         `json:"memory"`             // limit in bytes; 0 for none
	MaxFrame uint32         `json:"max_frame"`          // largest body; not 0
	Preload  []string       `json:"preload"`            // what to load before the first call
	Options  map[string]any `json:"options"`            // for one runtime only
	ReadyBy  uint64         `json:"ready_by,omitempty"` // when hello must have come, CLOCK_MONOTONIC in ns; 0 when not known
	Measure  bool           `json:"measure,omitempty"`  // answers are to begin with a [Measure]
}

// Hello is the body of a hello frame: what the worker is.
type Hello struct {
	Nonce   string         `json:"nonce"`   // the word from the gate
	Runtime string         `json:"runtime"` // for people, for example "go 1.26"
	PID     int            `json:"pid"`
	Tasks   []TaskInfo     `json:"tasks"`
	Memory  string         `json:"memory"`           // the mechanism that enforces the limit
	Arenas  bool           `json:"arenas,omitempty"` // it takes and sends large values through the arenas
	Details map[string]any `json:"details"`
}

// TaskInfo names a task and the types of its input and its value.
type TaskInfo struct {
	Name string `json:"name"`
	In   string `json:"in"`
	Out  string `json:"out"`
}

// Define is the body of a define frame: the task that gets the header's number.
type Define = TaskInfo

// Failure is the body of a failure frame and of a fatal frame.
type Failure struct {
	Kind      Kind    `json:"kind"`
	Type      string  `json:"type"` // the error's type in its own language
	Message   string  `json:"message"`
	Chain     []Cause `json:"chain"` // what caused it, the deepest last
	Traceback string  `json:"traceback"`
}

// Cause is one link in a failure's chain.
type Cause struct {
	Type    string `json:"type"`
	Message string `json:"message"`
}

// Append appends s as JSON. Empty lists are written as lists, never as null.
// The error, which leaves dst as it was, is about a value in Options.
func (s Setup) Append(dst []byte) ([]byte, error) {
	s.Preload = notNil(s.Preload)
	if s.Options == nil {
		s.Options = map[string]any{}
	}
	return appendJSON(dst, TypeSetup, s)
}

// Append appends h as JSON. Empty lists are written as lists, never as null.
// The error, which leaves dst as it was, is about a value in Details.
func (h Hello) Append(dst []byte) ([]byte, error) {
	h.Tasks = notNil(h.Tasks)
	if h.Details == nil {
		h.Details = map[string]any{}
	}
	return appendJSON(dst, TypeHello, h)
}

// Append appends t as JSON.
func (t TaskInfo) Append(dst []byte) []byte {
	dst, _ = appendJSON(dst, TypeDefine, t) // strings always have a form
	return dst
}

// Append appends f as JSON. Bytes that are not UTF-8 become U+FFFD.
func (f Failure) Append(dst []byte) []byte {
	f.Chain = notNil(f.Chain)
	dst, _ = appendJSON(dst, TypeFailure, f) // strings always have a form
	return dst
}

// ParseSetup reads the body of a setup frame. Members that are not known are
// ignored, here and in the other Parse functions. The error is a
// [*ProtocolError].
func ParseSetup(body []byte) (Setup, error) {
	var s Setup
	if err := parseJSON(body, TypeSetup, &s); err != nil {
		return Setup{}, err
	}
	switch {
	case s.Threads < 1 || s.Threads > MaxThreads:
		return Setup{}, badBody(TypeSetup, fmt.Sprintf("threads is %d, want 1 to %d", s.Threads, MaxThreads))
	case s.MaxFrame == 0:
		return Setup{}, badBody(TypeSetup, "max_frame is 0")
	}
	return s, nil
}

// ParseHello reads the body of a hello frame. The error is a [*ProtocolError].
func ParseHello(body []byte) (Hello, error) {
	var h Hello
	if err := parseJSON(body, TypeHello, &h); err != nil {
		return Hello{}, err
	}
	if h.Nonce == "" {
		return Hello{}, badBody(TypeHello, "nonce is missing")
	}
	return h, nil
}

// ParseDefine reads the body of a define frame. The error is a
// [*ProtocolError].
func ParseDefine(body []byte) (Define, error) {
	var d Define
	if err := parseJSON(body, TypeDefine, &d); err != nil {
		return Define{}, err
	}
	if d.Name == "" {
		return Define{}, badBody(TypeDefine, "name is missing")
	}
	return d, nil
}

// ParseFailure reads the body of a failure or fatal frame. A kind that is not
// known is kept. The error is a [*ProtocolError].
func ParseFailure(body []byte) (Failure, error) {
	var f Failure
	if err := parseJSON(body, TypeFailure, &f); err != nil {
		return Failure{}, err
	}
	if f.Kind == "" {
		return Failure{}, badBody(TypeFailure, "kind is missing")
	}
	return f, nil
}

func notNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func appendJSON(dst []byte, t Type, v any) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return dst, fmt.Errorf("%s: %w", t, err)
	}
	return append(dst, bytes.TrimSuffix(text.Bytes(), []byte("\n"))...), nil
}

func parseJSON(body []byte, t Type, v any) error {
	if len(body) == 0 {
		return badBody(t, "it is empty")
	}
	if err := json.Unmarshal(body, v); err != nil {
		return badBody(t, err.Error())
	}
	return nil
}

func badBody(t Type, detail string) error {
	return protocolError(FieldBody, "of "+t.String()+": "+detail)
}
