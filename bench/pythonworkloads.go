package main

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/bench/internal/driver"
	"github.com/gotandem/tandem/bench/internal/trial"
	"github.com/gotandem/tandem/python"
)

// serial is the contender that mpire's workloads are compared with.
const serial = "serial"

// oneThread keeps numerical libraries from using the other core, and tells
// tandem's workers where their inputs are.
func oneThread(folder string) []string {
	return []string{"OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1", "MKL_NUM_THREADS=1", "BENCH_INPUTS=" + folder}
}

// workload is one of mpire's, with the ways to do it.
type workload struct {
	title  string
	name   string // in python/pooled.py
	tandem []tandemWay
	peers  []peer // keys are ways in python/pooled.py
	note   string
}

// tandemWay is how a user of tandem would write a workload. It starts workers,
// ends them and returns the digest of the results.
type tandemWay struct {
	name string
	run  func(context.Context, *scene) (finish func() string, err error)
}

// scene is what a way needs.
type scene struct {
	s       settings
	variant variant
	folder  string // of the inputs
	workers int

	kernels   [][]byte // inputs of workload 1
	documents [][]string
	rounds    int // of workload 3
}

var workloads = []workload{
	{
		title: "numerical", name: "numerical",
		tandem: []tandemWay{{"tandem", numericalWay}},
		peers: []peer{
			{poolName, "pool"}, {poolName + " with initializer", "pool-initializer"}, {ppeName, "ppe"},
			{ppeName + " with initializer", "ppe-initializer"}, {joblibName, "joblib"}, {mpireName, "mpire"},
		},
		note: "the image is made inside the time: by tandem's workers when they load the module, by the others' program",
	},
	{
		title: "stateful", name: "stateful",
		tandem: []tandemWay{{"tandem, an executor for each worker", statefulWay}, {"tandem, parts merged by the program", mergedWay}},
		peers: []peer{
			{poolName, "pool"}, {ppeName, "ppe"}, {ppeName + ", a pool for each worker", "ppe-each"}, {joblibName, "joblib"}, {mpireName, "mpire"},
		},
		note: "mpire keeps state in its workers and has an exit hook; what has a pool for each worker asks it at the end; the others send all counts of each document back",
	},
	{
		title: "expensive init", name: "init",
		tandem: []tandemWay{{"tandem", initWay}},
		peers: []peer{
			{poolName, "pool"}, {poolName + " with initializer", "pool-initializer"}, {ppeName, "ppe"},
			{ppeName + " with initializer", "ppe-initializer"}, {joblibName, "joblib"}, {mpireName, "mpire"},
		},
		note: "without an initializer the program loads the model once and sends it with every task",
	},
}

// workloadTrials is row 11.
func workloadTrials(s settings) []trial.Trial {
	inputs := &inputFolder{}
	var trials []trial.Trial
	for _, w := range workloads {
		for _, workers := range []int{1, 2} {
			trials = append(trials, w.trial(s, inputs, workers))
		}
	}
	trials = append(trials, startTrial(s, inputs))
	for _, t := range trials {
		inputs.left += len(t.Contenders)
	}
	return trials
}

func (w workload) trial(s settings, inputs *inputFolder, workers int) trial.Trial {
	t := trial.Trial{
		Title:   fmt.Sprintf("mpire's workload %q, workers: %d", w.title, workers),
		Metrics: []trial.Metric{{Name: "time, start included", Unit: "s"}},
		Notes:   []string{w.note, "results are compared with the serial ones by digest"},
		Base:    serial, Rounds: 3, Cold: true,
	}
	for _, way := range w.tandem {
		for _, v := range variants {
			name := way.name
			if v.name != standard.name {
				name += " (" + v.name + ")"
			}
			t.Contenders = append(t.Contenders, way.contender(s, name, w.name, v, inputs, workers))
		}
	}
	for _, p := range append([]peer{{serial, "serial"}}, w.peers...) {
		t.Contenders = append(t.Contenders, prepared(s, p, inputs, func(folder string) request {
			return request{"do": "workload", "name": w.name, "folder": folder, "workers": workers}
		}))
	}
	return t
}

// startTrial is what starting alone costs.
func startTrial(s settings, inputs *inputFolder) trial.Trial {
	t := trial.Trial{
		Title:   fmt.Sprintf("mpire's workloads: the start alone, workers: %d", pythonWorkers),
		Metrics: []trial.Metric{{Name: "time", Unit: "ms"}},
		Notes:   []string{"a pool is made and runs a trivial call; tandem's workers load the module of workload 1, which imports scipy.signal and makes the image"},
		Rounds:  3, Cold: true,
	}
	for _, v := range variants {
		t.Contenders = append(t.Contenders, trial.Contender{Name: v.name, Open: func(ctx context.Context) (trial.Session, error) {
			folder, err := inputs.ready(ctx, s)
			return trial.Session{Close: inputs.release, Measure: func(ctx context.Context) (trial.Sample, error) {
				return startAlone(ctx, &scene{s: s, variant: v, folder: folder, workers: pythonWorkers})
			}}, err
		}})
	}
	for _, p := range []peer{{poolName, "pool"}, {ppeName, "ppe"}, {joblibName, "joblib"}, {mpireName, "mpire"}} {
		t.Contenders = append(t.Contenders, prepared(s, p, inputs, func(string) request {
			return request{"do": "cold", "workers": pythonWorkers, "module": "work"}
		}))
	}
	return t
}

// prepared makes a contender of a peer that has its imports before the clock.
func prepared(s settings, p peer, inputs *inputFolder, measure func(folder string) request) trial.Contender {
	return trial.Contender{Name: p.name, Open: func(ctx context.Context) (trial.Session, error) {
		folder, err := inputs.ready(ctx, s)
		session := trial.Session{Close: inputs.release}
		if err != nil {
			return session, err
		}
		d, err := driver.Start(s.python, pythonFile("driver.py"), p.key, oneThread(folder)...)
		if err != nil {
			return session, err
		}
		session.Close = func() error { return errors.Join(d.Close(), inputs.release()) }
		session.Measure = measured(d, measure(folder))
		_, err = d.Ask(ctx, request{"do": "ready"})
		return session, err
	}}
}

func (way tandemWay) contender(s settings, name, workload string, v variant, inputs *inputFolder, workers int) trial.Contender {
	return trial.Contender{Name: name, Open: func(ctx context.Context) (trial.Session, error) {
		session := trial.Session{Close: inputs.release}
		folder, err := inputs.ready(ctx, s)
		if err != nil {
			return session, err
		}
		sc := &scene{s: s, variant: v, folder: folder, workers: workers}
		want, err := sc.load(workload)
		session.Measure = func(ctx context.Context) (trial.Sample, error) {
			start := time.Now()
			finish, err := way.run(ctx, sc)
			took := time.Since(start).Seconds()
			if err != nil {
				return trial.Sample{}, err
			}
			if got := finish(); got != want {
				return trial.Sample{}, fmt.Errorf("digest of the results is %.12s…: want %.12s…", got, want)
			}
			return trial.Sample{Values: []float64{took}}, nil
		}
		return session, err
	}}
}

// open starts workers that load a module.
func (sc *scene) open(ctx context.Context, workers int, file string) (*python.Executor, error) {
	c := tandemWorkers(sc.s, sc.variant, workers, file)
	c.Env = oneThread(sc.folder)
	return openPython(ctx, c)
}

func startAlone(ctx context.Context, sc *scene) (trial.Sample, error) {
	start := time.Now()
	ex, err := sc.open(ctx, sc.workers, "tandem_numerical.py")
	if err != nil {
		return trial.Sample{}, err
	}
	value, err := tandem.Run(ctx, ex, tandem.Declare[int, int](pythonFile("work.py")+":increment"), 1)
	took := milliseconds(start)
	if err == nil && value != 2 {
		err = fmt.Errorf("increment(1) = %d", value)
	}
	return trial.Sample{Values: []float64{took}}, errors.Join(err, closing(ex)())
}

func numericalWay(ctx context.Context, sc *scene) (func() string, error) {
	ex, err := sc.open(ctx, sc.workers, "tandem_numerical.py")
	if err != nil {
		return nil, err
	}
	task := tandem.Declare[[]byte, []byte](pythonFile("tandem_numerical.py") + ":convolve")
	var results [][]byte
	for result, err := range tandem.Map(ctx, ex, task, slices.Values(sc.kernels)) {
		if err != nil {
			return nil, closeAfter(err, ex)
		}
		results = append(results, result)
	}
	return func() string { return hash(results) }, closing(ex)()
}

// tasksOfRound is TASKS of python/workloads.py.
const tasksOfRound = 10

func initWay(ctx context.Context, sc *scene) (func() string, error) {
	ex, err := sc.open(ctx, sc.workers, "tandem_init.py")
	if err != nil {
		return nil, err
	}
	task := tandem.Declare[[]byte, []byte](pythonFile("tandem_init.py") + ":predict")
	var results [][]byte
	for range sc.rounds {
		for result, err := range tandem.Map(ctx, ex, task, indices) {
			if err != nil {
				return nil, closeAfter(err, ex)
			}
			results = append(results, result)
		}
	}
	return func() string { return hash(results) }, closing(ex)()
}

// indices are the tasks of a round, as bytes: answers are bytes then.
func indices(yield func([]byte) bool) {
	for i := range uint64(tasksOfRound) {
		if !yield(binary.LittleEndian.AppendUint64(nil, i)) {
			return
		}
	}
}

// statefulWay keeps counts in the workers. An executor of one worker for each
// share of the documents lets the program ask each for its part at the end.
func statefulWay(ctx context.Context, sc *scene) (func() string, error) {
	parts := make([]map[string]int, sc.workers)
	errs := make([]error, sc.workers)
	share := (len(sc.documents) + sc.workers - 1) / sc.workers
	var group sync.WaitGroup
	for i := range sc.workers {
		documents := sc.documents[min(i*share, len(sc.documents)):min((i+1)*share, len(sc.documents))]
		group.Go(func() { parts[i], errs[i] = sc.countShare(ctx, documents) })
	}
	group.Wait()
	counts := make(map[string]int)
	for _, part := range parts {
		mergeInto(counts, part)
	}
	return func() string { return hashPopular(counts) }, errors.Join(errs...)
}

// countShare has one worker count some documents and report.
func (sc *scene) countShare(ctx context.Context, documents [][]string) (map[string]int, error) {
	ex, err := sc.open(ctx, 1, "tandem_stateful.py")
	if err != nil {
		return nil, err
	}
	add := tandem.Declare[[]string, any](pythonFile("tandem_stateful.py") + ":add")
	for _, err := range tandem.Map(ctx, ex, add, slices.Values(documents)) {
		if err != nil {
			return nil, closeAfter(err, ex)
		}
	}
	report := tandem.Declare[any, map[string]int](pythonFile("tandem_stateful.py") + ":report")
	part, err := tandem.Run(ctx, ex, report, nil)
	return part, errors.Join(err, closing(ex)())
}

// mergedWay keeps nothing in the workers.
func mergedWay(ctx context.Context, sc *scene) (func() string, error) {
	ex, err := sc.open(ctx, sc.workers, "tandem_stateful.py")
	if err != nil {
		return nil, err
	}
	task := tandem.Declare[[]string, map[string]int](pythonFile("tandem_stateful.py") + ":count_one")
	counts := make(map[string]int)
	for part, err := range tandem.Map(ctx, ex, task, slices.Values(sc.documents), tandem.Unordered()) {
		if err != nil {
			return nil, closeAfter(err, ex)
		}
		mergeInto(counts, part)
	}
	return func() string { return hashPopular(counts) }, closing(ex)()
}

func mergeInto(counts, part map[string]int) {
	for prefix, n := range part {
		counts[prefix] += n
	}
}

// popularAbove is POPULAR of python/workloads.py.
const popularAbove = 3

// hashPopular is digest_popular of python/workloads.py.
func hashPopular(counts map[string]int) string {
	var prefixes []string
	for prefix, n := range counts {
		if n > popularAbove {
			prefixes = append(prefixes, prefix)
		}
	}
	slices.Sort(prefixes)
	var lines [][]byte
	for _, prefix := range prefixes {
		lines = append(lines, fmt.Appendf(nil, "%s %d\n", prefix, counts[prefix]))
	}
	return hash(lines)
}

func hash(parts [][]byte) string {
	h := sha256.New()
	for _, part := range parts {
		h.Write(part)
	}
	return hex.EncodeToString(h.Sum(nil))
}
