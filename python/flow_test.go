//go:build unix && !aix && !solaris

package python

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/gotandem/tandem/internal/wire"
)

// fifo makes a FIFO. Opening it blocks until the other side does too, so it
// tells that a call runs, and lets one go on.
func fifo(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func readFifo(t *testing.T, path string) {
	t.Helper()
	if text, err := os.ReadFile(path); err != nil || string(text) != "running" {
		t.Fatalf("read %q, %v", text, err)
	}
}

func writeFifo(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0); err != nil {
		t.Fatal(err)
	}
}

func inputs(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprint(i)
	}
	return all
}

func TestWorkerRunsBatches(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		for _, threads := range []int{1, 4} {
			p := start(t, setting{interpreter: interpreter, dir: "testdata", setup: wire.Setup{Threads: threads}})
			const n = 3000
			first := p.send("cases.py:double", wire.FlagArray, inputs(n)...)
			second := p.send("cases.py:double", wire.FlagArray|wire.FlagTimeout, inputs(n)...)
			third := p.send("cases.py:double", wire.FlagTimeout, inputs(n)...)
			all := p.collect(3 * n)
			for _, from := range []uint64{first, second, third} {
				for i := range n {
					if a := all[from+uint64(i)]; a.value != fmt.Sprint(2*i) {
						t.Fatalf("call %d: %q %+v, want %d", i, a.value, a.failure, 2*i)
					}
				}
			}
		}
	})
}

func TestWorkerRunsThreadsAtOnce(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		p := start(t, setting{interpreter: interpreter, dir: "testdata", setup: wire.Setup{Threads: 4}})
		for range 5 {
			p.send("cases.py:meet", wire.FlagArray, inputs(4)...)
			for id, a := range p.collect(4) {
				if a.kind != "" {
					t.Errorf("call %d: %+v", id, a.failure)
				}
			}
		}
		p.control(wire.TypeStop, 0, 0)
		p.wantExit(0)
	})
}

// A running call must not hold back the answers of earlier ones.
func TestWorkerSendsAnswersBehindRunningCall(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		p := start(t, cases(interpreter))
		gate := fifo(t, "gate")
		p.send("cases.py:double", 0, inputs(10)...)
		last := p.send("cases.py:wait_for", 0, jsonString(gate))
		p.collect(10)
		writeFifo(t, gate, "go")
		if a := p.collect(1)[last]; a.value != `"go"` {
			t.Errorf("answer is %+v", a)
		}
	})
}

func TestWorkerGivesBackCalls(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		p := start(t, cases(interpreter))
		started, gate := fifo(t, "started"), fifo(t, "gate")
		running := p.send("cases.py:note_and_wait", 0, fmt.Sprintf("[%q, %q]", started, gate))
		first := p.send("cases.py:double", wire.FlagArray, inputs(10)...)
		readFifo(t, started)

		p.control(wire.TypeRecall, 0, 3)
		p.wantReturned(first+7, 3)
		p.control(wire.TypeCancel, running, 3) // the running call goes on
		p.wantReturned(first, 2)
		p.control(wire.TypeCancel, first+4, 1)
		p.wantReturned(first+4, 1)
		p.control(wire.TypeRecall, 0, 100) // up to the gap that the cancel made
		p.wantReturned(first+5, 2)
		p.control(wire.TypeCancel, first+4, 6) // all were given back
		writeFifo(t, gate, "go")
		all := p.collect(3)
		if all[running].value != `"go"` || all[first+2].value != "4" || all[first+3].value != "6" {
			t.Errorf("answers are %+v", all)
		}
		p.control(wire.TypeRecall, 0, 5)
		if h, _ := p.next(); h.Type != wire.TypeReturned || h.Count != 0 {
			t.Errorf("answer is %+v, want returned with count 0", h)
		}
	})
}

func (p *parent) wantReturned(first uint64, count uint32) {
	p.t.Helper()
	if h, _ := p.next(); h.Type != wire.TypeReturned || h.ID != first || h.Count != count {
		p.t.Errorf("answer is %+v, want returned %d to %d", h, first, first+uint64(count)-1)
	}
}

func TestWorkerFinishesBeforeItStops(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		for _, threads := range []int{1, 3} {
			p := start(t, setting{interpreter: interpreter, dir: "testdata", setup: wire.Setup{Threads: threads}})
			p.send("cases.py:double", 0, inputs(500)...)
			p.control(wire.TypeStop, 0, 0)
			p.control(wire.TypeRecall, 0, 1)
			all := p.collect(500)
			for _, a := range all {
				if a.returned || a.kind != "" {
					t.Errorf("answer is %+v", a)
				}
			}
			p.wantExit(0)
		}
	})
}

func TestWorkerEndsWithItsParent(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		for _, task := range []string{"", "spin", "wait_for"} {
			p := start(t, setting{interpreter: interpreter, dir: "testdata", setup: wire.Setup{Threads: 2}})
			started, gate := fifo(t, "started"), fifo(t, "gate")
			switch task {
			case "spin":
				p.send("cases.py:spin", 0, jsonString(started))
				readFifo(t, started)
			case "wait_for":
				p.send("cases.py:note_and_wait", 0, fmt.Sprintf("[%q, %q]", started, gate))
				readFifo(t, started)
			}
			p.socket.Close()
			p.wantExit(1)
		}
	})
}

func TestWorkerIgnoresInterruptAndObeysTerm(t *testing.T) {
	p := start(t, cases(anyInterpreter(t)))
	if err := p.process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	p.wantValue("cases.py:double", "1", "2")
	if err := p.process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	<-p.process.Exited()
	if exit := p.process.Reap(); exit.Signal != syscall.SIGTERM {
		t.Errorf("the worker ended with %v", exit)
	}
}

// A kill in the middle of a batch costs the call that ran, and the box names it.
func TestWorkerLosesOnlyTheRunningCall(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		p := start(t, cases(interpreter))
		const n, last = 400, 257
		pairs := make([]string, n)
		for i := range pairs {
			pairs[i] = fmt.Sprintf("[%d, %d]", i, last)
		}
		first := p.send("cases.py:kill_at", wire.FlagArray, pairs...)
		<-p.process.Exited()
		running, _ := p.box.Running(0)
		if running != first+last {
			t.Errorf("the box says that call %d ran, want %d", running, first+last)
		}
		all := p.rest()
		if len(all) != last {
			t.Errorf("%d answers, want %d", len(all), last)
		}
		for i := range uint64(last) {
			if all[first+i].value != fmt.Sprint(i) {
				t.Fatalf("answer %d is %+v", i, all[first+i])
			}
		}
	})
}

func TestWorkerCrashLeavesStack(t *testing.T) {
	p := start(t, cases(anyInterpreter(t)))
	p.send("cases.py:crash", 0, "0")
	<-p.process.Exited()
	contains(t, p.allOutput(), "Segmentation fault", "cases.py", "in crash")
}

// Answers that the interpreter lock kept from being sent are in the box.
func TestWorkerAnswersSurviveHeldInterpreterLock(t *testing.T) {
	p := start(t, cases(anyInterpreter(t)))
	started := fifo(t, "started")
	first := p.send("cases.py:double", 0, inputs(20)...)
	last := p.send("cases.py:hold_interpreter_lock", wire.FlagTimeout, jsonString(started))
	readFifo(t, started)
	if running, since := p.box.Running(0); running != last || since == 0 {
		t.Errorf("the box says that call %d runs since %d, want %d", running, since, last)
	}
	if err := p.process.KillGroup(); err != nil {
		t.Fatal(err)
	}
	<-p.process.Exited()
	all := p.rest()
	for i := range uint64(20) {
		if all[first+i].value != fmt.Sprint(2*i) {
			t.Errorf("answer %d is %+v", i, all[first+i])
		}
	}
}

// golden returns the bytes of a frame in internal/wire/testdata.
func golden(t *testing.T, name string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "internal", "wire", "testdata", name+".hex"))
	if err != nil {
		t.Fatal(err)
	}
	var digits strings.Builder
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, "#")
		digits.WriteString(strings.Join(strings.Fields(line), ""))
	}
	frame, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

// The golden frames of the protocol mean the same to the Python worker.
func TestWorkerReadsGoldenFrames(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		p := start(t, cases(interpreter))
		define := wire.AppendHeader(nil, wire.Header{})
		for _, number := range []uint16{1, 7, 258} {
			frame, at := wire.BeginFrame(define[:0])
			frame = wire.TaskInfo{Name: "cases.py:echo"}.Append(frame)
			p.write(wire.EndFrame(frame, at, wire.Header{Type: wire.TypeDefine, Task: number}))
		}
		p.write(golden(t, "call_array")) // ids 3 to 5
		all := p.collect(3)
		if all[3].value != "1" || all[4].value != `"a,b"` || all[5].value != `{"k":[]}` {
			t.Errorf("answers are %+v", all)
		}
		p.write(golden(t, "cancel"))
		p.write(golden(t, "recall"))
		if h, _ := p.next(); h.Type != wire.TypeReturned || h.Count != 0 {
			t.Errorf("answer is %+v", h)
		}
		p.write(golden(t, "stop"))
		p.wantExit(0)
	})
}
