//go:build unix

package process_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/fault"
	"github.com/gotandem/tandem/internal/leaktest"
	"github.com/gotandem/tandem/internal/wire"
	"github.com/gotandem/tandem/process"
)

// faultVariable arms one point in the workers: POINT:WAY:FILE. The first worker
// that makes FILE fails there. With a + before FILE, each worker fails while FILE
// exists.
const faultVariable = "PROCESS_TEST_FAULT"

// ways are how a worker fails at a point.
var ways = map[string]func(){
	"exit":      func() { os.Exit(3) },
	"panic":     func() { panic("point of failure") },
	"SIGKILL":   func() { syscall.Kill(os.Getpid(), syscall.SIGKILL); time.Sleep(time.Hour) },
	"SIGSTOP":   func() { syscall.Kill(os.Getpid(), syscall.SIGSTOP); time.Sleep(time.Hour) }, // another thread may take the signal: this one must not go on meanwhile
	"hang":      func() { time.Sleep(time.Hour) },
	"late exit": func() { time.AfterFunc(20*time.Millisecond, func() { os.Exit(5) }) },
	"flood": func() {
		for range floodWrites {
			os.Stderr.Write(bytes.Repeat([]byte("flood\n"), 4096))
		}
	},
	"closed socket": func() {
		for _, fd := range socketsOfSelf() {
			syscall.Shutdown(fd, syscall.SHUT_RDWR)
		}
	},
	"garbage": func() { writeSocket([]byte(strings.Repeat("garbage ", 100))) },
	"wrong version": func() {
		frame := wire.AppendHeader(nil, wire.Header{Type: wire.TypeHello})
		frame[1]++
		writeSocket(frame)
	},
}

// floodWrites is several times what a pipe holds, a write of 24 KiB at a time.
const floodWrites = 16

// inFrame says why bytes cannot be put into the middle of a frame.
const inFrame = "what a worker writes into the middle of its frame is part of that frame: bodies have no checksum"

// impossible are the cells that cannot be tested, with the reason.
var impossible = map[string]string{
	"mid-frame/garbage":       inFrame,
	"mid-frame/wrong version": inFrame,
}

// verdict is what may become of the call that is hit. Outcomes of other calls
// are always right.
type verdict struct {
	most  int // how many calls may fail
	least int // how many must
	kind  error
}

// verdictOf returns what a fault costs. What is not running when a worker ends
// runs elsewhere; what has ended is in the black box. Only at run and encode a
// call certainly runs, and elsewhere one may do so by chance, on the thread that
// is not at the point.
func verdictOf(point fault.Point, way string) verdict {
	hangs := way == "hang" || way == "SIGSTOP"
	nonsense := way == "garbage" || way == "wrong version"
	v := verdict{most: 1, kind: tandem.ErrWorkerLost}
	switch {
	case point == fault.Spawn || point == fault.Hello || point == fault.Drain || way == "flood":
		v.most = 0
	case nonsense:
		v.most = 50 // outcomes behind the nonsense are lost, and nobody knows whose
	case point == fault.Run || point == fault.Encode:
		switch {
		case hangs:
			v.least, v.kind = 1, tandem.ErrTimeout
		case way != "closed socket":
			v.least = 1 // with that it goes on until it is killed
		}
	case way == "hang":
		v.most = 0 // nothing runs meanwhile, or it ends
	case way == "SIGSTOP":
		v.kind = tandem.ErrTimeout // what runs stops too
	}
	return v
}

// TestFaultMatrix makes one worker of two fail at each point in each way, among
// 50 other calls.
func TestFaultMatrix(t *testing.T) {
	for _, point := range fault.Points {
		for way := range ways {
			if way == "late exit" {
				continue // of workers that have nothing to do
			}
			name := string(point) + "/" + way
			t.Run(name, func(t *testing.T) {
				if reason := impossible[name]; reason != "" {
					t.Log("impossible: " + reason)
					return
				}
				testFault(t, point, way)
			})
		}
	}
}

func testFault(t *testing.T, point fault.Point, way string) {
	leaktest.Check(t)
	hit := filepath.Join(t.TempDir(), "hit")
	limit, grace := time.Second, 300*time.Millisecond // of calls and of workers that hang
	if way == "flood" {
		limit, grace = patience, patience // they end by themselves, however slow the machine is
	}
	var lines atomic.Int64
	ex, err := process.New(process.Config{
		Workers: 2, Env: []string{faultVariable + "=" + string(point) + ":" + way + ":" + hit},
		HandshakeTimeout: time.Second, CancelGrace: 50 * time.Millisecond, KillGrace: grace,
		Output: func(process.Line) { lines.Add(1) },
	})
	if err != nil {
		t.Fatal(err)
	}
	failed := runAround(t, ex, verdictOf(point, way), limit)
	for range 2 { // also on the worker that replaces the one that failed
		if again := runAround(t, ex, verdict{}, patience); again != 0 {
			t.Errorf("%d calls failed afterwards", again)
		}
	}
	if point == fault.Spawn || point == fault.Hello {
		eventually(t, "both workers to be ready", func() bool { return ready(ex.Stats()) == 2 })
	}
	if err := ex.Close(within(t)); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := os.Stat(hit); err != nil {
		t.Errorf("the point was not reached: %v", err)
	}
	if way == "flood" && lines.Load() < floodWrites*4096 {
		t.Errorf("%d lines came through", lines.Load())
	}
	t.Logf("%d calls failed", failed)
}

// runAround runs 51 calls and checks their outcomes. It returns how many failed.
func runAround(t *testing.T, ex *process.Executor, v verdict, limit time.Duration) (failed int) {
	t.Helper()
	in := make([]int, 51)
	for i := range in {
		in[i] = i
	}
	i := 0
	for out, err := range tandem.Map(within(t), ex, double, slices.Values(in), tandem.Timeout(limit)) {
		switch {
		case err == nil && out != 2*i:
			t.Errorf("call %d returned %d", i, out)
		case err != nil:
			failed++
			checkFailure(t, out, err, v.kind, tandem.MayHaveRun)
			t.Log(err)
		}
		i++
	}
	if i != len(in) || failed > v.most || failed < v.least {
		t.Errorf("%d of %d calls ended, %d failed: want %d to %d", i, len(in), failed, v.least, v.most)
	}
	return failed
}

// ready returns how many workers can take calls.
func ready(s tandem.Stats) (n int) {
	for _, w := range s.Workers {
		if w.State == "idle" || w.State == "busy" {
			n++
		}
	}
	return n
}

// armedFault is a point that fails once.
type armedFault struct {
	point fault.Point
	fail  func()
	file  string
	every bool
	skip  atomic.Int32 // how often the point is passed first
	done  atomic.Bool
}

func newFault(spec string) *armedFault {
	parts := strings.SplitN(spec, ":", 3)
	f := &armedFault{point: fault.Point(parts[0]), fail: ways[parts[1]]}
	f.file, f.every = strings.CutPrefix(parts[2], "+")
	if f.point == fault.MidFrame {
		f.skip.Store(1) // hello
	}
	return f
}

// reach fails if it is the first in all processes to reach the point.
func (f *armedFault) reach(p fault.Point) {
	if p != f.point || f.skip.Add(-1) >= 0 {
		return
	}
	if f.every {
		if _, err := os.Stat(f.file); err == nil {
			f.fail()
		}
		return
	}
	if f.done.Swap(true) {
		return
	}
	file, err := os.OpenFile(f.file, os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return
	}
	file.Close()
	f.fail()
}

// writeSocket writes to the socket to the parent.
func writeSocket(b []byte) {
	for _, fd := range socketsOfSelf() {
		syscall.Write(fd, b)
	}
}

// A call that cannot even be received costs a few workers, then itself.
func TestCallThatEndsEachWorkerIsGivenUp(t *testing.T) {
	leaktest.Check(t)
	poison := filepath.Join(t.TempDir(), "poison")
	ex := start(t, process.Config{Workers: 2, Env: []string{faultVariable + "=decode:exit:+" + poison}})
	expect(t, submit(t, ex, double, 1), 2)
	write(t, poison)
	err := expectFailure(t, submit(t, ex, double, 1), tandem.ErrWorkerLost, tandem.NotStarted)
	if !strings.Contains(err.Error(), "ended before they started it") {
		t.Error(err)
	}
	if err := os.Remove(poison); err != nil {
		t.Fatal(err)
	}
	expect(t, submit(t, ex, double, 1), 2)
}

// Workers that end although they were given nothing cannot go on for ever.
func TestWorkersThatEndUnusedRetireTheirSlots(t *testing.T) {
	leaktest.Check(t)
	broken := filepath.Join(t.TempDir(), "broken")
	write(t, broken)
	ex := start(t, process.Config{Workers: 2, Env: []string{faultVariable + "=hello:late exit:+" + broken}})
	eventually(t, "both slots to retire", func() bool {
		s := ex.Stats()
		return s.Workers[0].State == "retired" && s.Workers[1].State == "retired"
	})
	_, err := tandem.Run(within(t), ex, double, 1)
	checkFailure(t, 0, err, tandem.ErrWorkerStart, tandem.NotStarted)
	if !strings.Contains(err.Error(), "ended before it was given a call: exit status 5") {
		t.Error(err)
	}
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}
