package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/gotandem/tandem/bench/internal/driver"
	"github.com/gotandem/tandem/bench/internal/trial"
	"github.com/gotandem/tandem/python"
)

// pythonDir holds the programs in Python. The program is run in its own
// folder.
const pythonDir = "python"

// pythonFile returns the absolute path of one of them.
func pythonFile(name string) string {
	path, err := filepath.Abs(filepath.Join(pythonDir, name))
	if err != nil {
		return filepath.Join(pythonDir, name)
	}
	return path
}

// pythonWorkers is how many processes the pools of Python have, if a trial does
// not say otherwise.
const pythonWorkers = 2

// variant is one way to start tandem's Python workers.
type variant struct {
	name string
	set  func(*python.Config)
}

// standard starts workers as python.New does without being told.
var standard = variant{"tandem", func(*python.Config) {}}

// variants take part in every trial in which the start of a worker or its
// memory matters. The first is what goals are about. A start method is one line
// here.
var variants = []variant{
	standard,
}

// peer is a pool of another library, as python/peers.py knows it.
type peer struct {
	name string // for readers
	key  string // in PEERS
}

// The contenders that goals and several trials name.
const (
	plainLoop  = "plain loop, JSON in and out"
	pebbleName = "pebble ProcessPool"
	joblibName = "joblib Parallel"
	lokyName   = "loky reusable executor"
	mpireName  = "mpire WorkerPool"
	poolName   = "multiprocessing.Pool"
	ppeName    = "ProcessPoolExecutor"
	ppeSpawn   = ppeName + ", spawn"
)

// warmPeers are the pools whose workers have been started before the clock.
var warmPeers = []peer{
	{ppeName, "ppe"}, {poolName, "pool"}, {joblibName, "joblib"}, {lokyName, "loky"}, {pebbleName, "pebble"}, {mpireName, "mpire"},
}

// startedPeers are the pools by how they start their workers.
var startedPeers = []peer{
	{ppeName + ", fork", "ppe-fork"}, {ppeName + ", forkserver", "ppe-forkserver"}, {ppeSpawn, "ppe-spawn"},
	{poolName, "pool"}, {joblibName, "joblib"}, {lokyName, "loky"}, {pebbleName, "pebble"}, {mpireName, "mpire"},
}

// request is what a driver is asked to do.
type request map[string]any

// asked makes a contender of a peer: opened by one request, unless that is nil,
// and measured by another.
func asked(s settings, p peer, open, measure request) trial.Contender {
	return trial.Contender{Name: p.name, Open: func(ctx context.Context) (trial.Session, error) {
		d, err := driver.Start(s.python, pythonFile("driver.py"), p.key)
		if err != nil {
			return trial.Session{}, err
		}
		if open != nil {
			if _, err := d.Ask(ctx, open); err != nil {
				return trial.Session{Close: d.Close}, err
			}
		}
		return trial.Session{Close: d.Close, Measure: measured(d, measure)}, nil
	}}
}

func measured(d *driver.Driver, measure request) func(context.Context) (trial.Sample, error) {
	return func(ctx context.Context) (trial.Sample, error) {
		answer, err := d.Ask(ctx, measure)
		return trial.Sample{Values: answer.Values, Remark: answer.Remark}, err
	}
}

// opening opens a warm pool.
func opening(workers int) request { return request{"do": "open", "workers": workers} }

// openPython starts tandem's Python workers.
func openPython(ctx context.Context, c python.Config) (*python.Executor, error) {
	ex, err := python.New(c)
	if err != nil {
		return nil, fmt.Errorf("%w (%w)", trial.Unavailable("no Python"), err)
	}
	if err := ex.WaitReady(ctx); err != nil {
		return nil, closeAfter(err, ex)
	}
	return ex, nil
}

// tandemWorkers is the configuration of workers that load a file of pythonDir.
func tandemWorkers(s settings, v variant, workers int, file string) python.Config {
	c := python.Config{
		Processes: workers, Interpreter: s.python, Preload: []string{pythonFile(file)},
		HandshakeTimeout: limit, // large libraries on a busy machine
	}
	v.set(&c)
	return c
}

// milliseconds since start.
func milliseconds(start time.Time) float64 {
	return float64(time.Since(start)) / float64(time.Millisecond)
}

// pythonVersions says what the peers are.
func pythonVersions(interpreter string) string {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	d, err := driver.Start(interpreter, pythonFile("driver.py"), "loop")
	if err != nil {
		return "none"
	}
	defer d.Close()
	answer, err := d.Ask(ctx, request{"do": "versions"})
	if err != nil {
		return err.Error()
	}
	return answer.Remark
}
