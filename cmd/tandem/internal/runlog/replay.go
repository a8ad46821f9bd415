package runlog

import (
	"encoding/json"
	"errors"
	"io"
	"time"

	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
)

// replay reads the line of a held call and returns its outcome, with no number.
func replay(log io.ReaderAt, p pending) (*outcome.Outcome, error) {
	line := make([]byte, p.length)
	if _, err := log.ReadAt(line, p.offset); err != nil {
		return nil, err
	}
	m := struct {
		Status       string
		Started      float64
		WallS        float64 `json:"wall_s"`
		Exit         *int
		Signal       int
		Kind         string
		Error        string
		Stdout       string
		Stderr       string
		StdoutBase64 []byte `json:"stdout_base64"`
		StderrBase64 []byte `json:"stderr_base64"`
	}{}
	if err := json.Unmarshal(line, &m); err != nil {
		return nil, err
	}
	o := &outcome.Outcome{
		Key: p.key, Start: time.UnixMicro(int64(m.Started * 1e6)), Wall: time.Duration(m.WallS * 1e9),
		Exit: -1, Signal: m.Signal, Kind: m.Kind,
		Stdout: outcome.Stream{Bytes: append(m.StdoutBase64, m.Stdout...)},
		Stderr: outcome.Stream{Bytes: append(m.StderrBase64, m.Stderr...)},
	}
	if m.Exit != nil {
		o.Exit = *m.Exit
	}
	if p.failed {
		o.Err = errors.New(m.Error)
	}
	return o, nil
}
