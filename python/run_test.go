//go:build unix && !aix && !solaris

package python

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/wire"
	"github.com/gotandem/tandem/process"
)

var exotic = []string{
	"bool", "false", "none", "int", "zero", "float", "tiny", "nan", "inf", "huge", "str", "lone", "loud", "level", "set",
	"bytes", "tuple", "long", "longer", "empty", "dict", "unknown",
}

// A call whose input came in an array, and whose result may travel in a run, ends
// as one whose input came alone.
func TestWorkerAnswersArraysAlike(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		for _, limit := range []uint32{wire.DefaultMaxBody, 600} {
			p := start(t, setting{interpreter: interpreter, dir: "testdata", setup: wire.Setup{MaxFrame: limit}})
			var names []string
			for _, name := range exotic {
				names = append(names, jsonString(name))
			}
			alone := make(map[string]answer)
			for _, name := range names {
				alone[name] = p.call("cases.py:exotic", name)
			}
			for _, timed := range []wire.Flags{0, wire.FlagTimeout} {
				first := p.send("cases.py:exotic", wire.FlagArray|timed, names...)
				for id, a := range p.collect(len(names)) {
					name := names[id-first]
					want := alone[name]
					want.id = id
					if !reflect.DeepEqual(a, want) {
						t.Errorf("limit %d, %s: got %.200v %+v, want %.200v %+v", limit, name, a, a.failure, want, want.failure)
					}
				}
			}
		}
	})
}

// Results of several threads, and failures between them, end runs and begin
// others: each call gets its own answer.
func TestWorkerMixesRunsAndFrames(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		p := start(t, setting{interpreter: interpreter, dir: "testdata", setup: wire.Setup{Threads: 4}, boxSize: 2000})
		const n = 1500
		all := inputs(n)
		for i := 0; i < n; i += 7 {
			all[i] = `null` // which cannot be doubled
		}
		for i := 3; i < n; i += 50 {
			all[i] = jsonString(strings.Repeat("x", 900+i)) // also more than the box holds
		}
		for range 3 {
			first := p.send("cases.py:double", wire.FlagArray, all...)
			for id, a := range p.collect(n) {
				i := int(id - first)
				switch {
				case i%7 == 0 && i%50 != 3:
					if a.kind != "error" {
						t.Fatalf("call %d: %+v", i, a)
					}
				case i%50 == 3:
					if want := jsonString(strings.Repeat("x", 2*(900+i))); a.value != want {
						t.Fatalf("call %d: %.50q", i, a.value)
					}
				default:
					if a.value != fmt.Sprint(2*i) {
						t.Fatalf("call %d: %+v", i, a)
					}
				}
			}
		}
	})
}

// The results of a batch travel in few frames.
func TestWorkerSendsRuns(t *testing.T) {
	p := start(t, cases(anyInterpreter(t)))
	const n = 2000
	p.send("cases.py:double", wire.FlagArray, inputs(n)...)
	for got := 0; got < n; {
		h, _ := p.next()
		if h.Type != wire.TypeRun || h.ID != uint64(got+1) {
			t.Fatalf("after %d results: %+v", got, h)
		}
		got += int(h.Count)
	}
}

// Bytes that a task writes into the stream end the worker, and no other call gets
// a wrong value.
func TestGarbageInARun(t *testing.T) {
	ex, err := New(Config{
		Interpreter: anyInterpreter(t), Processes: 1, Dir: "testdata", Output: func(process.Line) {},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer ex.Close(t.Context())
	task := tandem.Declare[int, int]("cases.py:scribble")
	failed, n := 0, 0
	for value, err := range tandem.Map(t.Context(), ex, task, count(2000)) {
		switch {
		case errors.Is(err, tandem.ErrWorkerLost):
			failed++ // it may have run: its answer stood behind the garbage
		case err != nil:
			t.Fatalf("call %d: %v", n, err)
		case value != 2*n:
			t.Fatalf("call %d: %d", n, value)
		}
		n++
	}
	if n != 2000 || failed > 1024 {
		t.Errorf("%d outcomes, %d failed", n, failed)
	}
}
