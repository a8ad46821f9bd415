package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/bench/internal/trial"
	"github.com/gotandem/tandem/python"
)

// payload is one size of row 6.
type payload struct {
	name  string
	size  int
	count int // values of a measurement
}

var payloads = []payload{{"10 MB", 10_000_000, 10}, {"1 MB", 1_000_000, 100}, {"64 KB", 64_000, 500}}

// The contenders of row 6 that a goal names.
const (
	tandemBytes = "tandem, []byte to bytes"
	tandemView  = "tandem, []byte to memoryview"
)

// payloadTrials is row 6.
func payloadTrials(s settings) []trial.Trial {
	var trials []trial.Trial
	for _, p := range payloads {
		trials = append(trials, sendTrial(s, p))
	}
	return append(trials, arrayTrial(s, payloads[0]), echoTrial(s, payloads[0]))
}

// sendTrial sends bytes and gets a checksum back.
func sendTrial(s settings, p payload) trial.Trial {
	t := payloadTrial(s, p, p.name+" of bytes to a Python worker, and a small answer", "bytes", false,
		sending(s, tandemBytes, p, "digest"),
		sending(s, tandemView, p, "digest_view"),
	)
	if p.size == payloads[0].size {
		t.Goals = []trial.Goal{
			{Text: "at least 2.5 GB/s", Bound: 2.5},
			{Text: "as a memoryview at least 2.5 GB/s", Of: tandemView, Bound: 2.5},
		}
	}
	return t
}

// arrayTrial sends NumPy arrays. Joblib puts large ones into files that its
// workers map.
func arrayTrial(s settings, p payload) trial.Trial {
	array := carrying(s, "tandem, python.Array", p, func(ex tandem.Executor) func(context.Context, []byte) error {
		task := tandem.Declare[python.Array[uint8], [2]int](pythonFile("work.py") + ":digest_array")
		return func(ctx context.Context, data []byte) error {
			got, err := tandem.Run(ctx, ex, task, python.Array[uint8]{Data: data})
			if want := digest(data); err == nil && got != want {
				err = fmt.Errorf("digest %v: want %v", got, want)
			}
			return err
		}
	})
	return payloadTrial(s, p, p.name+" as a NumPy array to a Python worker, and a small answer", "array", false, array)
}

// echoTrial sends bytes there and back.
func echoTrial(s settings, p payload) trial.Trial {
	t := payloadTrial(s, p, p.name+" of bytes to a Python worker and back", "bytes", true, echoing(s, tandemBytes, p))
	t.Notes = append(t.Notes, "bytes are counted in one direction")
	return t
}

// payloadTrial compares contenders of tandem with all peers.
func payloadTrial(s settings, p payload, title, kind string, back bool, contenders ...trial.Contender) trial.Trial {
	t := trial.Trial{
		Title:   title,
		Metrics: []trial.Metric{{Name: "rate", Unit: "GB/s", More: true}},
		Notes: []string{
			fmt.Sprintf("%d values, no two alike, one after the other to one worker; joblib gets all at once for two, because one job is no process", s.size(p.count)),
		},
		Contenders: contenders,
	}
	if len(contenders) == 0 {
		t.Base = ppeName
	}
	measure := request{"do": "payload", "size": p.size, "count": s.size(p.count), "kind": kind, "back": back}
	for _, peer := range warmPeers {
		workers := 1
		if peer.name == joblibName {
			workers = 2
		}
		t.Contenders = append(t.Contenders, asked(s, peer, opening(workers), measure))
	}
	return t
}

func sending(s settings, name string, p payload, function string) trial.Contender {
	return carrying(s, name, p, func(ex tandem.Executor) func(context.Context, []byte) error {
		task := tandem.Declare[[]byte, [2]int](pythonFile("work.py") + ":" + function)
		return func(ctx context.Context, data []byte) error {
			got, err := tandem.Run(ctx, ex, task, data)
			if want := digest(data); err == nil && got != want {
				err = fmt.Errorf("digest %v: want %v", got, want)
			}
			return err
		}
	})
}

func echoing(s settings, name string, p payload) trial.Contender {
	return carrying(s, name, p, func(ex tandem.Executor) func(context.Context, []byte) error {
		task := tandem.Declare[[]byte, []byte](pythonFile("work.py") + ":echo")
		return func(ctx context.Context, data []byte) error {
			got, err := tandem.Run(ctx, ex, task, data)
			if err == nil && digest(got) != digest(data) {
				err = fmt.Errorf("%d bytes came back as %d others", len(data), len(got))
			}
			return err
		}
	})
}

// carrying measures calls of one worker, one after the other.
func carrying(s settings, name string, p payload, bind func(tandem.Executor) func(context.Context, []byte) error) trial.Contender {
	return trial.Contender{Name: name, Open: func(ctx context.Context) (trial.Session, error) {
		ex, err := openPython(ctx, tandemWorkers(s, standard, 1, "work.py"))
		if err != nil {
			return trial.Session{}, err
		}
		call := bind(ex)
		values := blocks(p.size, s.size(p.count))
		return trial.Session{Close: closing(ex), Measure: func(ctx context.Context) (trial.Sample, error) {
			start := time.Now()
			for _, value := range values {
				if err := call(ctx, value); err != nil {
					return trial.Sample{}, err
				}
			}
			took := time.Since(start).Seconds()
			return trial.Sample{Values: []float64{float64(p.size*len(values)) / took / 1e9}}, nil
		}}, nil
	}}
}

// blocks returns n values of random bytes, no two alike.
func blocks(size, n int) [][]byte {
	pattern := make([]byte, size)
	source := rand.NewChaCha8([32]byte{})
	_, _ = source.Read(pattern) // it never fails
	values := make([][]byte, n)
	for i := range values {
		values[i] = append([]byte(nil), pattern...)
		binary.LittleEndian.PutUint64(values[i], uint64(i))
	}
	return values
}

// digest is that of python/work.py.
func digest(data []byte) [2]int {
	part := append(append([]byte(nil), data[:16]...), data[len(data)-16:]...)
	return [2]int{len(data), int(crc32.ChecksumIEEE(part))}
}
