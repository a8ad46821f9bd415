//go:build unix && !aix && !solaris

package python

import (
	"bytes"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/gotandem/tandem/internal/osproc"
	"github.com/gotandem/tandem/internal/wire"
)

// What holds for a worker that was started holds for one that was forked. Left out
// are the tests of what happens before a worker is forked: bad gates and setup
// frames, and preloads that fail, which TestTemplate… are about.
func TestForkedWorker(t *testing.T) {
	needTemplates(t)
	forkWorkers = true
	defer func() { forkWorkers = false }()
	for name, test := range map[string]func(*testing.T){
		"SaysWhatItIs":                TestWorkerSaysWhatItIs,
		"PassesValues":                TestWorkerPassesValues,
		"GivesTasksTheirSurroundings": TestWorkerGivesTasksTheirSurroundings,
		"ReportsBadInputs":            TestWorkerReportsBadInputs,
		"ReportsBadResults":           TestWorkerReportsBadResults,
		"ReportsExceptions":           TestWorkerReportsExceptions,
		"ReportsUnknownTasks":         TestWorkerReportsUnknownTasks,
		"KeepsToFrameLimit":           TestWorkerKeepsToFrameLimit,
		"LimitsMemory":                TestWorkerLimitsMemory,
		"PassesLargeValues":           TestWorkerPassesLargeValues,
		"OutputCannotDisturb":         TestWorkerOutputCannotDisturb,
		"Forks":                       TestWorkerForks,
		"RefusesHostileFrames":        TestWorkerRefusesHostileFrames,
		"SkipsUnknownFrameTypes":      TestWorkerSkipsUnknownFrameTypes,
		"RunsBatches":                 TestWorkerRunsBatches,
		"RunsThreadsAtOnce":           TestWorkerRunsThreadsAtOnce,
		"SendsAnswersBehindCall":      TestWorkerSendsAnswersBehindRunningCall,
		"GivesBackCalls":              TestWorkerGivesBackCalls,
		"FinishesBeforeItStops":       TestWorkerFinishesBeforeItStops,
		"EndsWithItsParent":           TestWorkerEndsWithItsParent,
		"ObeysTerm":                   TestWorkerIgnoresInterruptAndObeysTerm,
		"LosesOnlyTheRunningCall":     TestWorkerLosesOnlyTheRunningCall,
		"CrashLeavesStack":            TestWorkerCrashLeavesStack,
		"HeldInterpreterLock":         TestWorkerAnswersSurviveHeldInterpreterLock,
		"ReadsGoldenFrames":           TestWorkerReadsGoldenFrames,
	} {
		t.Run(name, test)
	}
}

// needTemplates skips a test where there are no templates.
func needTemplates(t *testing.T) {
	t.Helper()
	if err := osproc.CanAdopt(); err != nil {
		t.Skip(err)
	}
}

// beginTemplate starts a template, which is a parent's process like a worker, and
// does not read its answer.
func beginTemplate(t testing.TB, s setting) *parent {
	t.Helper()
	forked := forkWorkers
	forkWorkers = false
	defer func() { forkWorkers = forked }()
	s.template = true
	return begin(t, s)
}

// fork has the template make a worker and returns it before setup is sent.
func (p *parent) fork(files ...*os.File) *osproc.Process {
	p.t.Helper()
	p.nextID++
	id := p.nextID
	frame, at := wire.BeginFrame(nil)
	frame = wire.EndFrame(wire.Fork{Nonce: "9f3c"}.Append(frame), at, wire.Header{Type: wire.TypeFork, ID: id})
	if err := osproc.SendFiles(p.socket, frame, files...); err != nil {
		p.t.Fatal(err)
	}
	h, body := p.next()
	forked, err := wire.ParseForked(body)
	if err != nil || h.Type != wire.TypeForked || h.ID != id || forked.Kind != "" {
		p.t.Fatalf("answer to fork is %v %s: %v", h, body, err)
	}
	worker, err := osproc.Adopt(p.process, forked.PID, func() osproc.Exit { return p.reap(forked.PID) })
	if err != nil {
		p.t.Fatal(err)
	}
	return worker
}

// reap has the template reap a worker.
func (p *parent) reap(pid int) osproc.Exit {
	p.write(wire.AppendHeader(nil, wire.Header{Type: wire.TypeReap, ID: uint64(pid)}))
	h, body := p.next()
	r, err := wire.ParseReaped(body)
	if err != nil || h.Type != wire.TypeReaped || h.ID != uint64(pid) || r.Kind != "" {
		p.t.Errorf("answer to reap is %v %s: %v", h, body, err)
	}
	return osproc.ExitOf(r.Status, time.Duration(r.User), time.Duration(r.System), r.MaxRSS)
}

// awaitTemplate reads the hello of a template.
func (p *parent) awaitTemplate() wire.Hello {
	p.t.Helper()
	h, body := p.next()
	hello, err := wire.ParseHello(body)
	if err != nil || h.Type != wire.TypeHello {
		p.t.Fatalf("answer of the template is %v %s: %v", h, body, err)
	}
	return hello
}

func TestTemplateSaysHowManyThreads(t *testing.T) {
	needTemplates(t)
	onEach(t, func(t *testing.T, interpreter string) {
		dir := scripts(t, map[string]string{
			"threads.py": "import threading\nfor _ in range(3): threading.Thread(target=threading.Event().wait, daemon=True).start()\n",
		})
		for name, want := range map[string]float64{"json": 1, "threads": 4} {
			p := beginTemplate(t, setting{interpreter: interpreter, dir: dir, setup: wire.Setup{Preload: []string{name}}})
			hello := p.awaitTemplate()
			if hello.Details["threads"] != want || hello.Details["unfit"] != "" {
				t.Errorf("%s: details are %v, want %v threads", name, hello.Details, want)
			}
		}
	})
}

func TestTemplateSaysWhatCannotBeLoaded(t *testing.T) {
	needTemplates(t)
	p := beginTemplate(t, setting{interpreter: anyInterpreter(t), setup: wire.Setup{Preload: []string{"nope"}}})
	h, body := p.next()
	f, err := wire.ParseFailure(body)
	if err != nil || h.Type != wire.TypeFatal || f.Kind != wire.KindStart {
		t.Fatalf("answer is %v %s, want fatal", h, body)
	}
	contains(t, f.Message, "preload: no module 'nope'")
	p.wantExit(1)
}

// A template ends with its stream, and says so when the stream makes no sense.
func TestTemplateEnds(t *testing.T) {
	needTemplates(t)
	p := beginTemplate(t, setting{interpreter: anyInterpreter(t)})
	p.awaitTemplate()
	if err := p.socket.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	p.wantExit(0)

	for name, frame := range map[string][]byte{
		"magic":          make([]byte, wire.HeaderSize),
		"no descriptors": withBody(wire.Header{Type: wire.TypeFork, ID: 1}, `{"nonce":"9f3c"}`),
		"no nonce":       withBody(wire.Header{Type: wire.TypeFork, ID: 1}, `{}`),
		"no JSON":        withBody(wire.Header{Type: wire.TypeFork, ID: 1}, `{`),
		"long":           wire.AppendHeader(nil, wire.Header{Type: wire.TypeFork, ID: 1, Length: 1 << 20}),
	} {
		t.Run(name, func(t *testing.T) {
			p := beginTemplate(t, setting{interpreter: anyInterpreter(t)})
			p.awaitTemplate()
			p.write(frame)
			contains(t, p.wantExit(1), "tandem worker: ")
		})
	}
}

func withBody(h wire.Header, body string) []byte {
	frame, at := wire.BeginFrame(nil)
	return wire.EndFrame(append(frame, body...), at, h)
}

// A template reaps only what has ended and is its child, and keeps nothing that
// comes with frames that need nothing.
func TestTemplateRefusesToReap(t *testing.T) {
	needTemplates(t)
	p := beginTemplate(t, setting{interpreter: anyInterpreter(t)})
	p.awaitTemplate()
	for _, pid := range []uint64{1, uint64(os.Getpid()), 1<<64 - 1} {
		p.write(wire.AppendHeader(nil, wire.Header{Type: wire.TypeReap, ID: pid}))
		h, body := p.next()
		if h.Type != wire.TypeReaped || h.ID != pid || !bytes.Contains(body, []byte(`"kind": "error"`)) {
			t.Errorf("answer is %v %s, want a failure", h, body)
		}
	}
	before := openOf(t, p.process.PID())
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	if err := osproc.SendFiles(p.socket, wire.AppendHeader(nil, wire.Header{Type: 99}), null, null); err != nil {
		t.Fatal(err)
	}
	p.write(wire.AppendHeader(nil, wire.Header{Type: wire.TypeReap, ID: 1}))
	p.next()
	if after := openOf(t, p.process.PID()); after != before {
		t.Errorf("the template has %d descriptors, %d before", after, before)
	}
}

// openOf counts the descriptors of a process.
func openOf(t *testing.T, pid int) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
