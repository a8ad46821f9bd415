package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/gotandem/tandem/bench/internal/driver"
)

// inputFolder holds the inputs of the workloads, which are made once, from the
// first use to the last.
type inputFolder struct {
	mu   sync.Mutex
	left int // contenders that have not ended
	made bool
	dir  string
	err  error // why it could not be made
}

// ready returns the folder, which the first caller makes. Every contender calls
// it, and then release, also when it fails.
func (f *inputFolder) ready(ctx context.Context, s settings) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.made {
		f.made = true
		f.dir, f.err = makeInputs(ctx, s)
	}
	return f.dir, f.err
}

// release removes the folder when nobody needs it any more.
func (f *inputFolder) release() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.left--
	if f.left > 0 || f.dir == "" {
		return nil
	}
	return os.RemoveAll(f.dir)
}

// makeInputs has inputs and serial digests written into a new folder.
func makeInputs(ctx context.Context, s settings) (string, error) {
	dir, err := os.MkdirTemp("", "tandem-bench-")
	if err != nil {
		return "", err
	}
	d, err := driver.Start(s.python, pythonFile("driver.py"), "loop", oneThread(dir)...)
	if err == nil {
		defer d.Close()
		_, err = d.Ask(ctx, request{"do": "prepare", "folder": dir, "quick": s.quick})
	}
	if err != nil {
		return "", errors.Join(err, os.RemoveAll(dir))
	}
	return dir, nil
}

// load reads the inputs of a workload and the digest of its serial results.
func (sc *scene) load(workload string) (digest string, err error) {
	var digests map[string]string
	var sizes struct {
		Rounds int `json:"rounds"`
	}
	kernels, err := os.ReadFile(filepath.Join(sc.folder, "filters.bin"))
	sc.kernels = slices.Collect(slices.Chunk(kernels, 4*4*8))
	err = errors.Join(err, sc.read("digests.json", &digests), sc.read("sizes.json", &sizes), sc.read("documents.json", &sc.documents))
	sc.rounds = sizes.Rounds
	return digests[workload], err
}

func (sc *scene) read(name string, into any) error {
	content, err := os.ReadFile(filepath.Join(sc.folder, name))
	if err != nil {
		return err
	}
	return json.Unmarshal(content, into)
}
