//go:build unix && !aix && !solaris

package python_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/leaktest"
	"github.com/gotandem/tandem/process"
	"github.com/gotandem/tandem/python"
)

// lab has the functions of these tests. Its import leaves a line in the file that
// LAB_LOG names, and its end another.
const lab = `
import atexit, os, random, signal, sys, time, ctypes

LOG = os.environ["LAB_LOG"]

def note(what):
    with open(LOG, "a") as log:
        log.write(f"{what} {os.getpid()}\n")

note("import")
atexit.register(note, "exit")
print("imported", end="")
THREADS = os.environ.get("OMP_NUM_THREADS")
PAGES = [open(__file__)]

def threads(_): return THREADS
def pid(_): return os.getpid()
def parent(_): return os.getppid()
def draws(_): return [random.random(), sys.modules["numpy.random"].state if "numpy.random" in sys.modules else 0]
def collects(_):
    import gc
    return gc.isenabled()
def page(_): return PAGES[0].readline() == "\n"

def descriptors(_):
    found = {}
    for fd in os.listdir("/proc/self/fd"):
        try:
            found[fd] = os.readlink("/proc/self/fd/" + fd)
        except OSError:
            pass
    return found

def sleep(path):
    open(path, "w").close()
    time.sleep(3600)

def hold(path):
    open(path, "w").close()
    ctypes.PyDLL(None).sleep(3600)

initialized = 0

def initialize():
    global initialized
    initialized += 1
    note("initialize")

async def initialize_later(): initialize()
def is_initialized(_): return initialized
def raises(): raise ValueError("no model file")
def exits(): sys.exit(3)
def ends(): os._exit(5)
def hangs(): time.sleep(3600)
def hoards(): return bytearray(1 << 40)
number = 7
`

// laboratory returns a configuration for lab.py in a new folder, and its log.
func laboratory(t testing.TB, method python.Start) (config python.Config, log string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"lab.py":            lab,
		"threaded.py":       "import threading\nfor _ in range(3): threading.Thread(target=threading.Event().wait, daemon=True).start()\n",
		"numpy/__init__.py": "from . import random\n", // as far as a template knows it
		"numpy/random.py":   "import os\nstate = 0\ndef seed():\n    global state\n    state = os.urandom(8).hex()\n",
	} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	log = filepath.Join(dir, "log")
	return python.Config{
		Interpreter: python.AnyInterpreter(t), Processes: 1, Preload: []string{"lab.py"}, Start: method,
		Dir: dir, Env: []string{"LAB_LOG=" + log, "PYTHONDONTWRITEBYTECODE=1"}, Output: func(process.Line) {},
	}, log
}

// open starts an executor that is closed with the test, after which nothing may
// be left.
func open(t *testing.T, config python.Config) *python.Executor {
	t.Helper()
	leaktest.Check(t)
	ex, err := python.New(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeIt(t, ex) })
	return ex
}

func ask[Out any](t *testing.T, ex *python.Executor, function string) Out {
	t.Helper()
	out, err := tandem.Run(within(t), ex, tandem.Declare[int, Out]("lab.py:"+function), 0)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// notes returns the lines of a log, without the process numbers.
func notes(t *testing.T, log string) (all []string) {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		word, _, _ := strings.Cut(line, " ")
		all = append(all, word)
	}
	return all
}

func count(all []string, word string) (n int) {
	for _, one := range all {
		if one == word {
			n++
		}
	}
	return n
}

// await blocks until a condition holds that nothing notifies of.
func await(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", patience, what)
		}
	}
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

func TestReplacingAWorkerTakesAForkNotAnImport(t *testing.T) {
	onEachStart(t, func(t *testing.T, method python.Start) {
		config, log := laboratory(t, method)
		ex := open(t, config)
		const workers = 4
		for range workers {
			first := ask[int](t, ex, "pid")
			kill(t, first)
			if second := ask[int](t, ex, "pid"); second == first {
				t.Error("the worker lives on")
			}
		}
		want := 1
		if method == python.StartSpawn {
			want = workers + 1
		}
		if n := count(notes(t, log), "import"); n != want {
			t.Errorf("%d imports, want %d", n, want)
		}
		if got := ex.Stats().StartMethod; got != method.String() {
			t.Errorf("start method is %q", got)
		}
	})
}

func TestWorkersHaveNothingOfOthers(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("descriptors are listed in /proc")
	}
	onEachStart(t, func(t *testing.T, method python.Start) {
		config, _ := laboratory(t, method)
		config.Processes = 3
		ex := open(t, config)
		for range 8 { // workers come and go, so that the template has had many
			found := ask[map[string]string](t, ex, "descriptors")
			boxes, sockets := 0, 0
			for fd, target := range found {
				own, _ := os.Readlink("/proc/self/fd/" + fd)
				switch number, _ := strconv.Atoi(fd); {
				case number <= 2 || target == os.DevNull:
				case number >= 1000 && strings.HasPrefix(target, "socket:"):
					sockets++
				case strings.HasSuffix(target, "/lab.py"), strings.HasPrefix(target, "/proc/"):
					// what the module opened, and the listing itself
				case strings.HasPrefix(target, "/memfd:tandem-box"):
					boxes++
				case target == own: // what the test was started with goes to all it starts
				default:
					t.Errorf("descriptor %s is %s", fd, target)
				}
			}
			if found["0"] != os.DevNull || boxes != 1 || sockets != 1 {
				t.Errorf("%d black boxes, %d sockets, and standard input is %s", boxes, sockets, found["0"])
			}
			kill(t, ask[int](t, ex, "pid"))
		}
		if !ask[bool](t, ex, "page") {
			t.Error("what the module opened cannot be read")
		}
	})
}

func TestWorkersDrawDifferentNumbers(t *testing.T) {
	onEachStart(t, func(t *testing.T, method python.Start) {
		config, _ := laboratory(t, method)
		config.Preload = append(config.Preload, "numpy")
		ex := open(t, config)
		seen := make(map[string]bool)
		for range 3 {
			draws := ask[[]any](t, ex, "draws")
			if method == python.StartSpawn {
				draws = draws[:1] // NumPy seeds itself when it is imported
			}
			for _, draw := range draws {
				if text := fmt.Sprint(draw); seen[text] || text == "0" {
					t.Errorf("%s was drawn before", text)
				} else {
					seen[text] = true
				}
			}
			if !ask[bool](t, ex, "collects") {
				t.Error("the garbage collector is off")
			}
			kill(t, ask[int](t, ex, "pid"))
		}
	})
}

func TestThreadVariablesAreSetBeforeImports(t *testing.T) {
	onEachStart(t, func(t *testing.T, method python.Start) {
		config, _ := laboratory(t, method)
		config.Processes = 3
		config.Env = append(config.Env, "MKL_NUM_THREADS=3")
		ex := open(t, config)
		if got, want := ask[string](t, ex, "threads"), strconv.Itoa(max(1, runtime.GOMAXPROCS(0)/3)); got != want {
			t.Errorf("OMP_NUM_THREADS was %q at the import, want %s", got, want)
		}
		got, err := tandem.Run(within(t), ex, tandem.Declare[string, string]("os:getenv"), "MKL_NUM_THREADS")
		if got != "3" || err != nil {
			t.Errorf("MKL_NUM_THREADS is %q, %v: want the user's 3", got, err)
		}
	})
}

func TestAtexitRunsOnceInEachWorker(t *testing.T) {
	onEachStart(t, func(t *testing.T, method python.Start) {
		config, log := laboratory(t, method)
		ex, err := python.New(config)
		if err != nil {
			t.Fatal(err)
		}
		pid := ask[int](t, ex, "pid")
		closeIt(t, ex)
		text, err := os.ReadFile(log)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), "exit"); n != 1 || !strings.Contains(string(text), fmt.Sprintf("exit %d\n", pid)) {
			t.Errorf("the log is %q, want one exit, of the worker %d", text, pid)
		}
		for _, w := range ex.Stats().Workers {
			if !strings.HasPrefix(w.LastExit, "exit status 0") {
				t.Errorf("the worker ended with %q", w.LastExit)
			}
		}
	})
}

func TestImportsPrintOnce(t *testing.T) {
	config, _ := laboratory(t, python.StartTemplate)
	lines := make(chan string, 100)
	config.Output = func(l process.Line) { lines <- string(l.Text) }
	skipWithoutTemplates(t, config)
	ex, err := python.New(config)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		kill(t, ask[int](t, ex, "pid"))
	}
	ask[int](t, ex, "pid")
	closeIt(t, ex)
	close(lines)
	var all []string
	for line := range lines {
		all = append(all, line)
	}
	if !slices.Equal(all, []string{"imported"}) {
		t.Errorf("output is %q, want one line", all)
	}
}

// skipWithoutTemplates skips a test where the system has no templates.
func skipWithoutTemplates(t *testing.T, config python.Config) {
	t.Helper()
	config.Start = python.StartTemplate
	ex, err := python.New(config)
	if errors.Is(err, tandem.ErrUnsupported) {
		t.Skip(err)
	}
	if err == nil {
		closeIt(t, ex)
	}
	os.Remove(strings.TrimPrefix(config.Env[0], "LAB_LOG="))
}

func TestThreadsOfImportsLeadToSpawn(t *testing.T) {
	config, log := laboratory(t, python.StartAuto)
	skipWithoutTemplates(t, config)
	config.Preload = append(config.Preload, "threaded.py")
	config.Processes = 2
	ex := open(t, config)
	ask[int](t, ex, "pid")
	const want = "spawn: the imports of lab.py, threaded.py started 3 threads"
	if got := ex.Stats().StartMethod; got != want {
		t.Errorf("start method is %q, want %q", got, want)
	}
	await(t, "two workers", func() bool { return count(notes(t, log), "import") == 3 })
}

func TestThreadsOfImportsPreventATemplate(t *testing.T) {
	config, _ := laboratory(t, python.StartAuto)
	skipWithoutTemplates(t, config)
	config.Preload = append(config.Preload, "threaded.py")
	config.Start = python.StartTemplate
	err := open(t, config).WaitReady(within(t))
	if err == nil || !strings.Contains(err.Error(), "workers cannot be forked from a template: the imports of lab.py, threaded.py started 3 threads") {
		t.Errorf("error is %v", err)
	}
}

// A template that is killed takes its workers along; the next worker gets
// another.
func TestKilledTemplateCostsItsWorkers(t *testing.T) {
	config, log := laboratory(t, python.StartTemplate)
	skipWithoutTemplates(t, config)
	config.Processes = 2
	ex := open(t, config)
	for round := range 3 {
		template := ask[int](t, ex, "parent")
		var futures []*tandem.Future[int]
		for i := range 2 {
			path := filepath.Join(t.TempDir(), strconv.Itoa(i))
			future, err := tandem.Submit(within(t), ex, tandem.Declare[string, int]("lab.py:sleep"), path)
			if err != nil {
				t.Fatal(err)
			}
			futures = append(futures, future)
			await(t, "the call to run", func() bool { _, err := os.Stat(path); return err == nil })
		}
		kill(t, template)
		for _, future := range futures {
			_, err := future.Wait(within(t))
			if !errors.Is(err, tandem.ErrWorkerLost) || tandem.FateOf(err) != tandem.MayHaveRun ||
				!strings.Contains(err.Error(), "its template had ended: exit status unknown") {
				t.Errorf("error is %v", err)
			}
		}
		if next := ask[int](t, ex, "parent"); next == template {
			t.Error("the template lives on")
		}
		if n := count(notes(t, log), "import"); n != round+2 {
			t.Errorf("%d imports after %d templates", n, round+2)
		}
	}
}

func TestInitializer(t *testing.T) {
	onEachStart(t, func(t *testing.T, method python.Start) {
		for _, name := range []string{"lab.py:initialize", "lab:initialize_later"} {
			config, log := laboratory(t, method)
			config.Initializer, config.Preload = name, nil
			config.Env = append(config.Env, "PYTHONPATH="+config.Dir)
			ex, err := python.New(config)
			if err != nil {
				t.Fatal(err)
			}
			module, _, _ := strings.Cut(name, ":")
			for range 3 {
				n, err := tandem.Run(within(t), ex, tandem.Declare[int, int](module+":is_initialized"), 0)
				if n != 1 || err != nil {
					t.Errorf("%s ran %d times in a worker, %v", name, n, err)
				}
				kill(t, ex.Stats().Workers[0].PID)
				await(t, "the end of the worker", func() bool { return ex.Stats().Restarts > 0 })
			}
			closeIt(t, ex)
			if all := notes(t, log); count(all, "initialize") < 3 {
				t.Errorf("log is %q", all)
			}
		}
	})
}

func TestBadInitializerIsNotReady(t *testing.T) {
	onEachStart(t, func(t *testing.T, method python.Start) {
		for name, wants := range map[string][]string{
			"raises":   {"initializer: lab.py:raises raised ValueError: no model file"},
			"exits":    {"initializer: lab.py:exits raised SystemExit: 3: it must return for the worker to serve"},
			"ends":     {"(before that it calls the initializer lab.py:ends)", "exit status 5"},
			"hangs":    {"not ready after 2s, the HandshakeTimeout (before that it calls the initializer lab.py:hangs)", "signal: killed", "in hangs"},
			"hoards":   {"initializer: lab.py:hoards raised MemoryError"},
			"number":   {"initializer: 'number' in lab.py is not a function but int"},
			"nonesuch": {"initializer: no function 'nonesuch' in lab.py"},
		} {
			t.Run(name, func(t *testing.T) {
				config, _ := laboratory(t, method)
				config.Initializer, config.Preload = "lab.py:"+name, nil
				if name == "hangs" {
					config.HandshakeTimeout = 2 * time.Second
				}
				err := open(t, config).WaitReady(within(t))
				if !errors.Is(err, tandem.ErrWorkerStart) {
					t.Fatalf("error is %v", err)
				}
				for _, want := range wants {
					if !strings.Contains(err.Error(), want) {
						t.Errorf("error is %v\nwant it to say %q", err, want)
					}
				}
				if remote, ok := errors.AsType[*tandem.RemoteError](err); name == "raises" && (!ok || !strings.Contains(remote.Traceback, "in raises")) {
					t.Errorf("there is no traceback: %#v", remote)
				}
			})
		}
	})
}

func init() {
	// A program with two workers that run a call without an end. It prints the
	// numbers of all its processes.
	python.Roles["engine"] = func(args []string) {
		var method python.Start
		err := method.Set(args[0])
		ex, newErr := python.New(python.Config{Interpreter: args[1], Processes: 2, Dir: args[2], Preload: []string{"lab.py"}, Start: method})
		if err := errors.Join(err, newErr); err != nil {
			fmt.Println(err)
			return
		}
		ctx := context.Background()
		template, err := tandem.Run(ctx, ex, tandem.Declare[int, int]("lab.py:parent"), 0)
		pids := []int{template}
		for i := range 2 {
			path := filepath.Join(args[2], "running"+strconv.Itoa(i))
			_, submitErr := tandem.Submit(ctx, ex, tandem.Declare[string, int]("lab.py:"+args[3]), path)
			if err = errors.Join(err, submitErr); err != nil {
				fmt.Println(err)
				return
			}
			for ; err == nil; time.Sleep(time.Millisecond) {
				if _, err := os.Stat(path); err == nil {
					break
				}
			}
		}
		for _, w := range ex.Stats().Workers {
			pids = append(pids, w.PID)
		}
		text, _ := json.Marshal(pids)
		fmt.Println(string(text))
		time.Sleep(time.Hour)
	}
}

// An engine that is killed leaves neither a template nor workers.
func TestKilledEngineLeavesNothing(t *testing.T) {
	onEachStart(t, func(t *testing.T, method python.Start) {
		for _, what := range []string{"sleep", "hold"} {
			t.Run(what, func(t *testing.T) {
				config, log := laboratory(t, method)
				self, err := os.Executable()
				if err != nil {
					t.Fatal(err)
				}
				engine := exec.Command(self, method.String(), config.Interpreter, config.Dir, what)
				engine.Env = append(os.Environ(), "PYTHON_TEST_ROLE=engine", "LAB_LOG="+log)
				out, err := engine.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := engine.Start(); err != nil {
					t.Fatal(err)
				}
				line, _ := bufio.NewReader(out).ReadString('\n')
				_ = engine.Process.Kill()
				_ = engine.Wait()
				var pids []int
				if err := json.Unmarshal([]byte(line), &pids); err != nil || len(pids) != 3 {
					t.Fatalf("the engine said %q: %v", line, err)
				}
				for _, pid := range pids {
					await(t, fmt.Sprintf("the end of process %d", pid), func() bool { return ended(pid) })
				}
			})
		}
	})
}

// ended reports whether a process is gone, or a zombie that nobody takes.
func ended(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return true
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(text), ") Z ")
}

// What imports do to their process must not reach the worker's own work, and
// what they left must be there for each worker, once.
func TestImportsWithConsequences(t *testing.T) {
	onEachStart(t, func(t *testing.T, method python.Start) {
		config, _ := laboratory(t, method)
		module := `
import os, socket, tempfile, time
socket.setdefaulttimeout(0.05)
FOLDER = tempfile.TemporaryDirectory(dir=os.path.dirname(__file__))
LOG = open(os.environ["LAB_LOG"] + ".imports", "a")
LOG.write("imported\n")
def wait(_):
    time.sleep(0.3)
    return socket.getdefaulttimeout()
def folder(_): return os.path.isdir(FOLDER.name)
def pid(_): return os.getpid()
`
		if err := os.WriteFile(filepath.Join(config.Dir, "heavy.py"), []byte(module), 0o644); err != nil {
			t.Fatal(err)
		}
		config.Preload, config.MaxCalls = []string{"heavy.py"}, 1
		ex, err := python.New(config)
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			expect(t, ex, "heavy.py:wait", 0.05)
			expect(t, ex, "heavy.py:folder", true)
		}
		starts := int(ex.Stats().Restarts) + 1
		closeIt(t, ex)
		if left, _ := filepath.Glob(filepath.Join(config.Dir, "tmp*")); len(left) > 0 {
			t.Errorf("%d temporary folders are left", len(left))
		}
		text, err := os.ReadFile(filepath.Join(config.Dir, "log.imports"))
		if err != nil {
			t.Fatal(err)
		}
		lines, most := strings.Count(string(text), "imported"), 1
		if method == python.StartSpawn {
			most = starts
		}
		if lines == 0 || lines > most {
			t.Errorf("imports wrote %d lines, want 1 to %d", lines, most)
		}
	})
}

// Threads that a library ends before a fork, as OpenBLAS does, do not stand in
// the way of one.
func TestThreadsThatEndBeforeAFork(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("templates need Linux")
	}
	config, _ := laboratory(t, python.StartTemplate)
	module := `
import os, threading
over = threading.Event()
thread = threading.Thread(target=over.wait, daemon=True)
thread.start()
def end():
    over.set()
    thread.join()
os.register_at_fork(before=end)
def alive(_): return thread.is_alive()
`
	if err := os.WriteFile(filepath.Join(config.Dir, "aware.py"), []byte(module), 0o644); err != nil {
		t.Fatal(err)
	}
	config.Preload = []string{"aware.py"}
	ex := open(t, config)
	expect(t, ex, "aware.py:alive", false)
	if got := ex.Stats().StartMethod; got != "template" {
		t.Errorf("start method is %q", got)
	}
}

func expect[Out comparable](t *testing.T, ex *python.Executor, task string, want Out) {
	t.Helper()
	got, err := tandem.Run(within(t), ex, tandem.Declare[int, Out](task), 0)
	if err != nil {
		t.Fatal(err)
	}
	if got != want {
		t.Errorf("%s returned %v, want %v", task, got, want)
	}
}
