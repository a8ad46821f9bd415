package runlog

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
	"github.com/gotandem/tandem/internal/wire"
)

// Version is the version of the log that this package writes, and the newest
// that it reads.
const Version = 1

// Names of events.
const (
	eventRun     = "run"
	eventEnd     = "end"
	eventHeld    = "held"
	eventWritten = "written"
	eventLost    = "lost" // the output of a held call is not there any more: it has not finished
	eventSummary = "summary"
)

// States of an ended call.
const (
	statusOK     = "ok"
	statusFailed = "failed"
	statusCut    = "cut"
)

// event is what resuming needs of a line.
type event struct {
	name   string
	run    int // of written
	number int
	key    outcome.Key
	status string
	replay bool  // of held: the output is kept
	apart  bool  // of held: not in the line
	bytes  int64 // of held: of the output
	header *header
}

// header is the line that begins a run.
type header struct {
	Event       string   `json:"event"`
	Version     int      `json:"version"`
	Run         int      `json:"run"`
	Mode        Mode     `json:"mode"`
	Kind        string   `json:"kind"`
	Task        string   `json:"task"`
	TaskDigest  string   `json:"task_digest"`
	File        string   `json:"file,omitempty"`
	FileDigest  string   `json:"file_digest,omitempty"`
	CommandLine []string `json:"command_line"`
	Started     string   `json:"started"`
	Host        string   `json:"host"`
	PID         int      `json:"pid"`
	Tandem      string   `json:"tandem"`
}

// errTorn says that a line is not a whole event.
var errTorn = errors.New("is not a whole event of a log")

// parse reads a line without its line feed. Events and members that it does not
// know are left out; so a newer tandem may add some.
func parse(line []byte) (event, error) {
	if len(line) == 0 || line[0] != '{' || !wire.IsJSON(line) {
		return event{}, errTorn
	}
	if e, ok := parseQuickly(line); ok {
		return e, nil
	}
	return parseAny(line)
}

// parseQuickly reads the beginning of what this package writes for a call, which
// is nearly all of a log. line is JSON.
func parseQuickly(line []byte) (e event, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte(`{"event":"`))
	if !ok {
		return e, false
	}
	switch {
	case bytes.HasPrefix(rest, []byte(`end","`)):
		e.name, rest = eventEnd, rest[len(`end","`):]
	case bytes.HasPrefix(rest, []byte(`held","`)):
		e.name, rest = eventHeld, rest[len(`held","`):]
	default:
		return e, false
	}
	if e.number, rest, ok = cutNumber(rest, `number":`); !ok {
		return e, false
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(`,"key":"`)); !ok || len(rest) < 2*len(e.key) {
		return e, false
	}
	if _, err := hex.Decode(e.key[:], rest[:2*len(e.key)]); err != nil {
		return e, false
	}
	if rest, ok = bytes.CutPrefix(rest[2*len(e.key):], []byte(`","status":"`)); !ok {
		return e, false
	}
	status, rest, _ := bytes.Cut(rest, []byte(`"`))
	e.status = statusNamed(status)
	if e.name == eventHeld {
		ok = e.parseHeld(rest)
	}
	return e, ok && e.status != ""
}

// parseHeld reads what becomes of an output.
func (e *event) parseHeld(rest []byte) (ok bool) {
	if bytes.HasPrefix(rest, []byte(`,"replay":false,`)) {
		return true
	}
	if rest, e.replay = bytes.CutPrefix(rest, []byte(`,"replay":true,`)); !e.replay {
		return false
	}
	size, rest, ok := cutNumber(rest, `"output_bytes":`)
	e.bytes = int64(size)
	e.apart = bytes.HasPrefix(rest, []byte(`,"stdout_file":"`)) || bytes.HasPrefix(rest, []byte(`,"stderr_file":"`))
	return ok
}

func cutNumber(text []byte, name string) (int, []byte, bool) {
	rest, ok := bytes.CutPrefix(text, []byte(name))
	n := 0
	for ok && n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
		n++
	}
	number, err := strconv.Atoi(string(rest[:n]))
	return number, rest[n:], ok && err == nil
}

func statusNamed(name []byte) string {
	for _, status := range []string{statusOK, statusFailed, statusCut} {
		if string(name) == status {
			return status
		}
	}
	return ""
}

// parseRun reads the line that begins a run, and no other one.
func parseRun(line []byte) (*header, error) {
	if !bytes.HasPrefix(line, []byte(`{"event":"run",`)) {
		return nil, errTorn
	}
	var h header
	return &h, json.Unmarshal(line, &h)
}

// parseAny reads any event.
func parseAny(line []byte) (event, error) {
	var m struct {
		Event  string `json:"event"`
		Run    int    `json:"run"`
		Number int    `json:"number"`
		Key    string `json:"key"`
		Status string `json:"status"`
		Replay bool   `json:"replay"`
		Bytes  int64  `json:"output_bytes"`
		Stdout string `json:"stdout_file"`
		Stderr string `json:"stderr_file"`
	}
	if err := json.Unmarshal(line, &m); err != nil {
		return event{}, fmt.Errorf("%w: %w", errTorn, err)
	}
	e := event{name: m.Event, run: m.Run, number: m.Number, status: m.Status,
		replay: m.Replay, apart: m.Replay && m.Stdout+m.Stderr != "", bytes: m.Bytes}
	switch e.name {
	case "":
		return event{}, fmt.Errorf("%w: it has no member event", errTorn)
	case eventRun:
		if err := json.Unmarshal(line, &e.header); err != nil {
			return event{}, fmt.Errorf("%w: %w", errTorn, err)
		}
	case eventEnd, eventHeld:
		key, err := hex.DecodeString(m.Key)
		if err != nil || len(key) != len(e.key) || statusNamed([]byte(m.Status)) == "" {
			return event{}, fmt.Errorf("%w: want a key of %d hexadecimal digits, and status ok, failed or cut", errTorn, 2*len(e.key))
		}
		e.key = outcome.Key(key)
	}
	return e, nil
}
