package runlog

import (
	"encoding/json"
	"errors"
	"math"
	"time"

	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
)

// replay reads what is kept of a held call and returns its outcome, with no number.
func (l *Log) replay(p pending) (*outcome.Outcome, error) {
	line := make([]byte, p.length)
	if _, err := l.file.ReadAt(line, p.offset); err != nil {
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
		Key: p.key, Start: time.UnixMicro(int64(math.Round(m.Started * 1e6))), Wall: time.Duration(math.Round(m.WallS * 1e9)),
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
	if !p.apart {
		return o, nil
	}
	var err error
	o.Stdout, o.Stderr, err = l.outputs.open(p.id)
	if err == nil && o.Stdout.Len()+o.Stderr.Len() != p.bytes {
		o.Stdout.Close()
		o.Stderr.Close()
		err = errors.New("it is not whole any more")
	}
	return o, err
}
