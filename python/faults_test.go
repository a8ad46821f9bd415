//go:build linux

package python

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/leaktest"
	"github.com/gotandem/tandem/process"
)

// faultRuns is how often each fault is run. Above 1, each is run in every shape,
// in both surroundings and on every interpreter.
var faultRuns = flag.Int("fault-runs", 1, "run each fault of the table `N` times, in all ways when N is above 1")

// outcome is what becomes of the call of a fault.
type outcome struct {
	value string   // the JSON that it returns, or
	own   string   // the type of the exception that it raises, or
	kind  error    // the engine's failure, and
	says  []string // what the error says, its traceback included
}

// fault is one thing that a task may do: a function of testdata/faults.py.
type fault struct {
	name     string
	outcomes []outcome     // one of them comes true
	timeout  time.Duration // of the call
	memory   int64         // limit of the workers
	since    int           // the minor version of Python 3 that it needs
	exit     string        // what Stats says of the worker's end, where it is not said by an error
	others   int           // how many calls beside those of the worker's threads may be lost
	remains  bool          // a process that nobody can find is left
	gentle   bool          // the worker is as before, so that it can be used for the next fault
}

const (
	shortly    = 400 * time.Millisecond // a timeout that will be exceeded
	smallLimit = 192 << 20
)

// returns, raises and dies are outcomes.
func returns(value string) []outcome { return []outcome{{value: value}} }
func raises(typ string, says ...string) []outcome {
	return []outcome{{own: typ, says: says}}
}
func dies(says ...string) []outcome      { return []outcome{{kind: tandem.ErrWorkerLost, says: says}} }
func overstays(says ...string) []outcome { return []outcome{{kind: tandem.ErrTimeout, says: says}} }
func exhausts(says ...string) []outcome  { return []outcome{{kind: tandem.ErrMemoryLimit, says: says}} }

// threadless is what becomes of a worker when another of its threads met the
// exhausted memory first.
var threadless = exhausts("exit status 1 (memory limit", "no memory is left for the worker program")

var limitText = fmt.Sprintf("the limit is %d bytes", smallLimit)

// faults is the table: what a task does, and what it costs. In every row, all
// other calls return their values, and at most one worker ends.
var faults = []fault{
	// The process ends.
	{name: "segfault", outcomes: dies("signal: segmentation fault", "Fatal Python error: Segmentation fault", "in segfault")},
	{name: "abort", outcomes: dies("signal: aborted", "Fatal Python error: Aborted")},
	{name: "exit_now", outcomes: dies("exit status 3")},
	{name: "exit_with_words", outcomes: dies("exit status 4; its last lines: the last line of the task")},
	{name: "kill_self", outcomes: dies("signal: killed")},
	{name: "terminate_self", outcomes: dies("signal: terminated")},
	{name: "alarm", outcomes: dies("signal: alarm clock")},
	// Some versions count the calls of C too.
	{name: "overflow_c_stack", outcomes: append(dies("signal: segmentation fault"), raises("RecursionError")...)},

	// The call does not end by itself.
	{name: "spin", timeout: shortly, outcomes: overstays("its worker was ended: signal: terminated")},
	{name: "swallow_everything", timeout: shortly, outcomes: overstays("its worker was ended: signal: terminated")},
	{name: "block_terminate", timeout: shortly, outcomes: overstays("its worker was ended: signal: terminated")},
	{name: "ignore_terminate", timeout: shortly, outcomes: overstays("its worker was ended: signal: killed")},
	{name: "hold_lock", timeout: shortly, outcomes: overstays("its worker was ended: signal: terminated")},
	{name: "hold_lock_ignoring", timeout: shortly, outcomes: overstays("its worker was ended: signal: killed")},
	{name: "stop_self", timeout: shortly, outcomes: overstays("its worker was ended: signal: terminated")},
	{name: "result_hangs", timeout: shortly, outcomes: overstays("its worker was ended: signal: terminated")},

	// Memory.
	{name: "allocate_at_once", memory: smallLimit, outcomes: exhausts("MemoryError", limitText, "in use")},
	{name: "allocate_in_steps", memory: smallLimit, outcomes: append(exhausts("MemoryError", limitText, "in use"), threadless...)},
	{name: "allocate_small_objects", memory: smallLimit, outcomes: append(exhausts("MemoryError", limitText), threadless...)},
	{name: "allocate_and_catch", memory: smallLimit, outcomes: returns("true")},
	{name: "allocate_in_c", memory: smallLimit, outcomes: dies("signal: segmentation fault", "memory limit 201326592 bytes, largest resident size")},
	{name: "abort_for_memory", memory: smallLimit, outcomes: exhausts("signal: aborted (memory limit 201326592 bytes", "std::bad_alloc")},
	{name: "allocate_large_result", memory: smallLimit, outcomes: exhausts("MemoryError", "its result does not fit")},

	// Recursion.
	{name: "recurse", outcomes: raises("RecursionError", "maximum recursion depth exceeded", "in recurse"), gentle: true},

	// Other processes.
	{name: "fork_and_leave", outcomes: returns(`"left"`)},
	{name: "leave_with_pipes", outcomes: returns(`"left"`)},
	{name: "leave_detached", outcomes: returns(`"left"`), remains: true},
	{name: "fork_and_return", outcomes: returns("1"), gentle: true},
	{name: "fork_and_raise", outcomes: returns("1"), gentle: true},
	{name: "fork_and_exit", outcomes: returns("1"), gentle: true},

	// Descriptors.
	{name: "close_three", outcomes: returns(`"closed"`)},
	{name: "close_range", outcomes: returns(`"closed"`)},
	{name: "close_all", outcomes: append(dies("exit status 1; its last lines: tandem worker: a task closed the socket of its worker"), returns(`"closed"`)...)},
	{name: "reuse_closed", outcomes: returns("20")},
	{name: "write_to_three", outcomes: returns(`"OSError"`), gentle: true},
	{name: "write_to_four", outcomes: returns(`"OSError"`), gentle: true},
	// Nonsense in the stream may stand for answers, so it costs what was sent and not answered before it.
	{name: "write_to_sockets", others: 1023, outcomes: append(dies("it broke the protocol: "), returns(`"written"`)...)},
	{name: "shut_sockets", outcomes: append(dies("exit status"), returns(`"shut"`)...)},
	{name: "limit_descriptors", outcomes: returns(`"limited"`)},

	// Output.
	{name: "write_without_line_ends", outcomes: returns(`"written"`), gentle: true},
	{name: "write_binary", outcomes: returns(`"written"`), gentle: true},
	{name: "replace_stdout", outcomes: returns(`"replaced"`)},
	{name: "replace_stdout_badly", outcomes: returns(`"replaced"`)},
	{name: "delete_stdout", outcomes: returns(`"deleted"`)},
	{name: "close_stdout", outcomes: returns(`"closed"`)},
	{name: "close_standard_descriptors", outcomes: returns(`"closed"`)},
	{name: "print_for_ever", outcomes: returns(`"started"`)},

	// The state of the process and of the interpreter.
	{name: "change_surroundings", outcomes: returns(`"changed"`)},
	{name: "change_signals", outcomes: returns(`"changed"`)},
	{name: "remove_directory", outcomes: returns(`"removed"`)},
	{name: "delete_modules", outcomes: returns(`"deleted"`)},
	{name: "clear_modules", outcomes: returns(`"cleared"`)},
	{name: "patch_modules", outcomes: returns(`"patched"`)},
	{name: "fail_after_patching", outcomes: raises("ValueError", "behind the patches")},
	{name: "disable_collector", outcomes: returns(`"disabled"`), gentle: true},
	{name: "trace_badly", outcomes: append(dies("the worker program failed", "tracing"), returns(`"traced"`)...)},
	{name: "profile_badly", outcomes: append(raises("ValueError", "profiling"), returns(`"profiled"`)...)},
	{name: "low_recursion_limit", outcomes: returns(`"limited"`)},

	// Threads.
	{name: "leave_thread", outcomes: returns(`"started"`), exit: "it did not end within 300ms of being told to: signal: killed"},
	{name: "leave_failing_thread", outcomes: returns(`"started"`), gentle: true},
	{name: "exit_thread", outcomes: raises("SystemExit"), gentle: true},

	// Exceptions.
	{name: "raise_system_exit", outcomes: raises("SystemExit", "3", "in raise_system_exit"), gentle: true},
	{name: "raise_interrupt", outcomes: raises("KeyboardInterrupt", "in raise_interrupt"), gentle: true},
	{name: "raise_generator_exit", outcomes: raises("GeneratorExit", "early"), gentle: true},
	{name: "raise_own", outcomes: raises("faults.Own", "own", "in raise_own"), gentle: true},
	{name: "raise_unpicklable", outcomes: raises("faults.Local", "not to be pickled", "in raise_unpicklable"), gentle: true},
	{name: "raise_mute", outcomes: raises("faults.Mute", "<str() raised RuntimeError>", "in raise_mute"), gentle: true},
	{name: "raise_leaving", outcomes: raises("faults.Leaving", "<str() raised SystemExit>", "in raise_leaving"), gentle: true},
	{name: "raise_odd_text", outcomes: raises("faults.Odd", "odd text", "in raise_odd_text"), gentle: true},
	{name: "raise_hidden", outcomes: raises("elsewhere.Masked", "masked"), gentle: true},
	{name: "raise_module_number", outcomes: raises("Numbered", "numbered", "in raise_module_number"), gentle: true},
	{name: "raise_long_name", outcomes: raises("", "named"), gentle: true},
	{name: "raise_twisted", outcomes: raises("faults.Twisted", "twisted", "in raise_twisted"), gentle: true},
	{name: "raise_large", outcomes: raises("ValueError", "mmm … mmm", "in raise_large"), gentle: true},
	{name: "raise_lone_surrogate", outcomes: raises("ValueError", "\x00\n\u2028z"), gentle: true},
	{name: "raise_group", since: 11, outcomes: raises("ExceptionGroup", "several (3 sub-exceptions)", "inner", "three"), gentle: true},
	{name: "raise_cycle", outcomes: raises("ValueError", "first", "second"), gentle: true},
	{name: "raise_chain", outcomes: raises("ValueError", "link 4999"), gentle: true},

	// Results.
	{name: "result_raises", outcomes: []outcome{{kind: tandem.ErrBadResult, says: []string{"ZeroDivisionError"}}}, gentle: true},
	{name: "result_exits", outcomes: []outcome{{kind: tandem.ErrBadResult, says: []string{"SystemExit"}}}, gentle: true},
	{name: "result_kills", outcomes: dies("signal: killed")},
	{name: "result_is_pushy", outcomes: []outcome{{kind: tandem.ErrBadResult, says: []string{"result cannot be written as JSON: TypeError"}}}, gentle: true},
	{name: "result_is_masked", outcomes: []outcome{{kind: tandem.ErrBadResult}}, gentle: true},
	{name: "result_is_false_coroutine", outcomes: []outcome{{kind: tandem.ErrBadResult}}, gentle: true},
}

// startMethods are the ways in which workers come to be.
var startMethods = []struct {
	name string
	set  func(*Config)
}{
	{"template", func(c *Config) { c.Start, c.Preload = StartTemplate, []string{"faults.py"} }},
	{"spawn", func(c *Config) { c.Start = StartSpawn }},
}

// surroundings are how the fault comes among the other calls.
var surroundings = []struct {
	name string
	run  func(*faultTest, *testing.T)
}{
	{"map", (*faultTest).insideMap},
	{"submits", (*faultTest).amongSubmits},
}

// TestFaults runs each fault of the table among a thousand other calls.
func TestFaults(t *testing.T) {
	long := *faultRuns > 1
	threads := []int{1}
	if long {
		threads = []int{1, 4}
	}
	onEachOrAny(t, long, func(t *testing.T, interpreter string) {
		for _, method := range startMethods {
			for _, n := range threads {
				t.Run(fmt.Sprintf("%s/2x%d", method.name, n), func(t *testing.T) {
					ft := &faultTest{interpreter: interpreter, threads: n, set: method.set}
					t.Run("gentle", ft.runGentle)
					ft.runRough(t)
				})
			}
		}
	})
}

// onEachOrAny runs f for each interpreter, or for one.
func onEachOrAny(t *testing.T, each bool, f func(t *testing.T, interpreter string)) {
	if each {
		onEach(t, f)
		return
	}
	f(t, anyInterpreter(t))
}

// faultTest is one fault on one kind of executor.
type faultTest struct {
	*fault
	interpreter string
	threads     int
	set         func(*Config)

	ex    *Executor
	mark  string
	wrong int // other calls that went wrong
}

// perform is the task of all calls.
var perform = tandem.Declare[json.RawMessage, json.RawMessage]("faults.py:perform")

// runGentle runs all gentle faults on one executor.
func (ft *faultTest) runGentle(t *testing.T) {
	leaktest.Check(t)
	ft.fault = &fault{}
	ft.start(t)
	for i := range faults {
		if ft.fault = &faults[i]; ft.gentle {
			t.Run(ft.name, func(t *testing.T) {
				ft.skipOld(t)
				for run := range *faultRuns {
					ft.perform(t, run)
				}
				if n := ft.ex.Stats().Restarts; n > 0 {
					t.Errorf("%d workers were replaced, want none", n)
				}
			})
		}
	}
	ft.finish(t)
}

// runRough runs each of the other faults on an executor of its own.
func (ft *faultTest) runRough(t *testing.T) {
	for i := range faults {
		if faults[i].gentle {
			continue
		}
		t.Run(faults[i].name, func(t *testing.T) {
			ft.fault = &faults[i]
			ft.skipOld(t)
			for run := range *faultRuns {
				leaktest.Check(t)
				ft.start(t)
				ft.perform(t, run)
				ft.finish(t)
			}
		})
	}
}

func (ft *faultTest) skipOld(t *testing.T) {
	name := filepath.Base(ft.interpreter)
	if minor, err := strconv.Atoi(strings.TrimPrefix(name, "python3.")); err != nil || minor < ft.since {
		t.Skipf("%s: needs Python 3.%d", name, ft.since)
	}
}

// perform runs the fault among others.
func (ft *faultTest) perform(t *testing.T, run int) {
	switch {
	case *faultRuns > 1:
		surroundings[run%len(surroundings)].run(ft, t)
	case ft.timeout > 0:
		ft.amongSubmits(t) // a map has one timeout for all its calls
	default:
		ft.insideMap(t)
	}
}

// start makes an executor whose processes carry a mark in their environment.
func (ft *faultTest) start(t *testing.T) {
	dir := scripts(t, map[string]string{"faults.py": readCases(t)})
	ft.mark = "PYTHON_TEST_FAULT=" + dir
	config := Config{
		Processes: 2, Threads: ft.threads, Interpreter: ft.interpreter, Dir: dir, Memory: ft.memory,
		Env:         []string{ft.mark, "PYTHONDONTWRITEBYTECODE=1"},
		Output:      func(process.Line) {},
		CancelGrace: 50 * time.Millisecond, KillGrace: 300 * time.Millisecond,
	}
	ft.set(&config)
	var err error
	if ft.ex, err = New(config); err != nil {
		t.Fatal(err)
	}
}

func readCases(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "faults.py"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const around = 500 // calls before the fault, and as many after it

// insideMap makes the fault one element of a map.
func (ft *faultTest) insideMap(t *testing.T) {
	in := make([]json.RawMessage, 2*around+1)
	for i := range in {
		in[i] = number(i)
	}
	in[around] = json.RawMessage(jsonString(ft.name))
	var options []tandem.MapOption
	if ft.timeout > 0 {
		options = append(options, tandem.Timeout(4*ft.timeout)) // long enough for the others
	}
	ctx := within(t)
	defer context.AfterFunc(ctx, func() { _ = ft.ex.Close(ctx) })() // a map joins what runs, also when its context has ended
	lost, i := 0, 0
	for out, err := range tandem.Map(ctx, ft.ex, perform, slices.Values(in), options...) {
		if i == around {
			ft.checkFault(t, out, err)
		} else {
			lost += ft.checkOther(t, i, out, err)
		}
		i++
	}
	if i != len(in) {
		t.Errorf("%d outcomes, want %d", i, len(in))
	}
	ft.checkLost(t, lost)
}

// amongSubmits submits calls, the fault, and more calls, and then waits.
func (ft *faultTest) amongSubmits(t *testing.T) {
	ctx := within(t)
	var futures []*tandem.Future[json.RawMessage]
	submit := func(in json.RawMessage, options ...tandem.CallOption) {
		f, err := tandem.Submit(ctx, ft.ex, perform, in, options...)
		if err != nil {
			t.Fatal(err)
		}
		futures = append(futures, f)
	}
	for i := range 2*around + 1 {
		switch {
		case i != around:
			submit(number(i))
		case ft.timeout > 0:
			submit(json.RawMessage(jsonString(ft.name)), tandem.Timeout(ft.timeout))
		default:
			submit(json.RawMessage(jsonString(ft.name)))
		}
	}
	lost := 0
	for i, f := range futures {
		out, err := f.Wait(ctx)
		if i == around {
			ft.checkFault(t, out, err)
		} else {
			lost += ft.checkOther(t, i, out, err)
		}
	}
	ft.checkLost(t, lost)
}

// within returns a context that ends a test that hangs.
func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func number(i int) json.RawMessage { return json.RawMessage(strconv.Itoa(i)) }

// checkFault compares the outcome of the fault's call with those that may be.
func (ft *faultTest) checkFault(t *testing.T, out json.RawMessage, err error) {
	t.Helper()
	var problems []string
	for _, want := range ft.outcomes {
		problem := want.differs(out, err)
		if problem == "" {
			return
		}
		problems = append(problems, problem)
	}
	t.Errorf("returned %.200s, error %T: %.3000v\nwrong: %s", out, err, err, strings.Join(problems, "; or "))
}

// differs returns why an outcome is another one, or an empty text.
func (want outcome) differs(out json.RawMessage, err error) string {
	text := ""
	switch {
	case want.value != "":
		if err != nil || string(out) != want.value {
			return "want " + want.value
		}
		return ""
	case want.kind != nil:
		fate := tandem.MayHaveRun
		if want.kind == tandem.ErrBadResult {
			fate = tandem.Finished
		}
		if !errors.Is(err, want.kind) || tandem.FateOf(err) != fate {
			return fmt.Sprintf("want %q, fate %v", want.kind, fate)
		}
		text = err.Error()
	default:
		remote, ok := errors.AsType[*tandem.RemoteError](err)
		if !ok || want.own != "" && remote.Type != want.own {
			return "want an exception " + want.own
		}
		if len(err.Error()) > 64<<10 {
			return fmt.Sprintf("the text has %d bytes", len(err.Error()))
		}
		text = err.Error() + "\n" + remote.Traceback
	}
	for _, part := range want.says {
		if !strings.Contains(text, part) {
			return fmt.Sprintf("the text lacks %q", part)
		}
	}
	return ""
}

// checkOther checks another call's outcome. It returns 1 when the call was lost.
func (ft *faultTest) checkOther(t *testing.T, i int, out json.RawMessage, err error) int {
	t.Helper()
	switch {
	case err == nil && string(out) == strconv.Itoa(2*i):
		return 0
	case tandem.FateOf(err) == tandem.MayHaveRun:
		t.Logf("call %d: %.500v", i, err)
		return 1
	}
	if ft.wrong++; ft.wrong <= 3 {
		t.Errorf("call %d returned %s, %.1000v", i, out, err)
	}
	return 0
}

// checkLost checks that no more calls were lost than ran in the worker at once.
func (ft *faultTest) checkLost(t *testing.T, lost int) {
	t.Helper()
	if most := ft.threads - 1 + ft.others; lost > most {
		t.Errorf("%d other calls were lost, want at most %d", lost, most)
	}
}

// finish closes the executor and looks for what is left.
func (ft *faultTest) finish(t *testing.T) {
	t.Helper()
	closeFault(t, ft.ex)
	stats := ft.ex.Stats()
	if stats.Restarts > 1 {
		t.Errorf("%d workers were replaced, want at most 1", stats.Restarts)
	}
	said := ft.exit == ""
	for _, w := range stats.Workers {
		said = said || strings.Contains(w.LastExit, ft.exit)
		if w.LastExit != "" && w.LastExit != "exit status 0" {
			t.Logf("slot %d: %.300s", w.Slot, w.LastExit)
		}
	}
	if !said {
		t.Errorf("no worker ended with %q", ft.exit)
	}
	if ft.remains {
		ft.endRemains(t)
	}
	awaitNone(t, ft.mark)
}

func closeFault(t *testing.T, ex *Executor) {
	t.Helper()
	if err := ex.Close(within(t)); err != nil {
		t.Errorf("close: %v", err)
	}
}

// endRemains kills the process that nobody else can find.
func (ft *faultTest) endRemains(t *testing.T) {
	t.Helper()
	left := marked(t, ft.mark)
	if len(left) != 1 {
		t.Errorf("processes %v are left, want the detached one", left)
	}
	for _, pid := range left {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			t.Error(err)
		}
	}
}

// awaitNone waits until no process carries the mark. A killed process is gone a
// moment after the kill.
func awaitNone(t *testing.T, mark string) {
	t.Helper()
	deadline := time.Now().Add(leaktest.Grace)
	for {
		left := marked(t, mark)
		if len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("processes %v are left", left)
			return
		}
		time.Sleep(5 * time.Millisecond) // nothing tells when a process that is not a child ends
	}
}

// marked returns the processes that carry the mark in their environment.
func marked(t *testing.T, mark string) (pids []int) {
	t.Helper()
	names, err := filepath.Glob("/proc/[0-9]*/environ")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil || !bytes.Contains(text, []byte(mark+"\x00")) {
			continue // it has ended, or belongs to others
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(name))); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}
