//go:build unix && !aix && !solaris

package python

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gotandem/tandem/internal/wire"
)

// cases is a setting for the functions of testdata/cases.py.
func cases(interpreter string) setting {
	return setting{interpreter: interpreter, dir: "testdata"}
}

func TestWorkerSaysWhatItIs(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		p := start(t, cases(interpreter))
		details := p.hello.Details
		if details["implementation"] != "cpython" || details["free_threaded"] != false {
			t.Errorf("details are %v", details)
		}
		contains(t, p.hello.Runtime, "CPython 3.")
		contains(t, interpreter, filepath.Base(details["executable"].(string)))
	})
}

func TestWorkerPassesValues(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		p := start(t, cases(interpreter))
		big := "1" + strings.Repeat("0", 60) + "1"
		for _, c := range []struct{ name, input, want string }{
			{"double", "21", "42"},
			{"double", ` "ab" `, `"abab"`},
			{"echo", `{"b":1,"a":[true,null,1.5,""]}`, `{"b":1,"a":[true,null,1.5,""]}`},
			{"echo", big, big},
			{"echo", "0.1", "0.1"},
			{"echo", `"é\u2028\ud83d\ude00"`, "\"é\u2028😀\""},
			{"kind_of", "3", `"int"`},
			{"kind_of", "3.0", `"float"`},
			{"big", "30", "1" + strings.Repeat("0", 29) + "1"},
			{"pickled", "4", `{"x":4,"y":5}`},
			{"surrogate", "0", `{"text":"a\udc80\u00e9\n\u2028"}`},
			{"Shapes.area", "3", "9"},
			{"returns_later", "1", "2"},
			{"partial_later", "1", "2"},
			{"alarm", "0", "true"},
			{"read_stdin", "0", `""`},
		} {
			p.wantValue("cases.py:"+c.name, c.input, c.want)
		}
		p.wantValue("os.path:basename", `"/a/b"`, `"b"`)
	})
}

func TestWorkerGivesTasksTheirSurroundings(t *testing.T) {
	p := start(t, setting{interpreter: anyInterpreter(t), dir: "testdata", env: []string{"MKL_NUM_THREADS=3"}})
	a := p.call("cases.py:surroundings", "0")
	var got struct {
		Gate        bool   `json:"gate"`
		ChildGate   string `json:"child_gate"`
		Inheritable []int
		MainThread  bool `json:"main_thread"`
		Threads     string
		IntIgnored  bool `json:"int_ignored"`
		TermDefault bool `json:"term_default"`
		Module      string
		FolderFirst bool `json:"folder_first"`
	}
	if err := json.Unmarshal([]byte(a.value), &got); err != nil {
		t.Fatal(err, a.failure)
	}
	if got.Gate || got.ChildGate != "False" || got.Module != "cases" || got.Threads == "" ||
		!got.MainThread || !got.IntIgnored || !got.TermDefault || !got.FolderFirst {
		t.Errorf("surroundings are %s", a.value)
	}
	for _, fd := range got.Inheritable {
		if fd == 3 || fd == 4 {
			t.Errorf("descriptor %d is passed on to children", fd)
		}
	}
	p.wantValue("os:getenv", `"MKL_NUM_THREADS"`, `"3"`)
}

func TestWorkerReportsBadInputs(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		p := start(t, cases(interpreter))
		const echo = "cases.py:echo"
		p.wantFailure(echo, "{", wire.KindBadInput, "cases.py:echo: input cannot be decoded")
		p.wantFailure(echo, "1 2", wire.KindBadInput, "Extra data")
		p.wantFailure(echo, "NaN", wire.KindBadInput, "NaN is not JSON")
		p.wantFailure(echo, "\"\xff\"", wire.KindBadInput, "utf-8")
		p.wantFailure(echo, strings.Repeat("[", 300000)+strings.Repeat("]", 300000), wire.KindBadInput, "nests too deep")
		p.wantValue(echo, "1", "1")

		first := p.send(echo, wire.FlagArray, `"a,]"`, `{"k": [1, "]"]}`, "\"\xff\"", `"\"["`)
		all := p.collect(4)
		for i, want := range []string{`"a,]"`, `{"k":[1,"]"]}`, "", `"\"["`} {
			a := all[first+uint64(i)]
			if a.value != want || (want == "") != (a.kind == string(wire.KindBadInput)) {
				t.Errorf("element %d: %q %+v, want %q", i, a.value, a.failure, want)
			}
		}
	})
}

func TestWorkerReportsBadResults(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		p := start(t, cases(interpreter))
		for _, c := range []struct{ name, want string }{
			{"set", "result['x'][2] is a set"},
			{"bytes", "result[0] is a bytes"},
			{"datetime", "result is a datetime.datetime, which JSON has no form for: return .isoformat()"},
			{"nan", "result['x'] is nan, which JSON has no form for"},
			{"infinity", "result[1] is -inf"},
			{"key", "result['a'] has a key that is a tuple"},
			{"generator", "result is a generator, which JSON has no form for: return list(...)"},
			{"coroutine", "result is a coroutine"},
			{"object", "result['a'] is a cases.Odd"},
			{"point", "result is a cases.Point, which JSON has no form for: return dataclasses.asdict(...)"},
		} {
			p.wantFailure("cases.py:bad", jsonString(c.name), wire.KindBadResult, "cases.py:bad: "+c.want)
		}
		p.wantFailure("cases.py:cycle", "0", wire.KindBadResult, "result['a'][1] contains itself")
		p.wantFailure("cases.py:nested", "200000", wire.KindBadResult, "nests too deep")
		// 3.9.14, 3.10.7 and 3.11 brought a limit on digits.
		if a := p.call("cases.py:bad", `"huge"`); a.kind != "" {
			contains(t, a.failure.Message, "result['n'] is too large an integer")
		}
		p.wantValue("cases.py:double", "1", "2")
	})
}

func TestWorkerReportsExceptions(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		p := start(t, cases(interpreter))
		f := p.wantFailure("cases.py:fail", `"bad width"`, wire.KindError, "bad width")
		if f.Type != "ValueError" || len(f.Chain) != 1 || f.Chain[0] != (wire.Cause{Type: "KeyError", Message: "'w'"}) {
			t.Errorf("failure is %+v", f)
		}
		contains(t, f.Traceback, "Traceback (most recent call last)", "in fail", "direct cause", "ValueError: bad width")
		if strings.Contains(f.Traceback, "tandem") {
			t.Errorf("traceback has frames of the worker:\n%s", f.Traceback)
		}
		f = p.wantFailure("cases.py:fail_in_context", `"x"`, wire.KindError, "x")
		if f.Type != "cases.Odd2" || len(f.Chain) != 1 || f.Chain[0].Type != "KeyError" {
			t.Errorf("failure is %+v", f)
		}
		f = p.wantFailure("cases.py:raises_later", `"x"`, wire.KindError, "'x'")
		if f.Type != "KeyError" || strings.Contains(f.Traceback, "asyncio") {
			t.Errorf("failure is %+v", f)
		}
		f = p.wantFailure("cases.py:leave", "3", wire.KindError, "3")
		if f.Type != "SystemExit" {
			t.Errorf("failure is %+v", f)
		}
		f = p.wantFailure("cases.py:interrupt", "0", wire.KindError)
		if f.Type != "KeyboardInterrupt" {
			t.Errorf("failure is %+v", f)
		}
		f = p.wantFailure("cases.py:recurse", "0", wire.KindError, "recursion")
		if f.Type != "RecursionError" {
			t.Errorf("failure is %+v", f)
		}
		p.wantFailure("cases.py:fail_broken", "0", wire.KindError, "<str() raised RuntimeError>")
		p.wantValue("cases.py:double", "1", "2")
	})
}

func TestWorkerReportsUnknownTasks(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		dir := scripts(t, map[string]string{
			"primes.py":   "from os.path import join\ndef count(n): return n\ndef is_prime(n): return False\ndef _hidden(n): pass\nlimit = 3\nclass Sieve:\n    def run(self): pass\n",
			"broken.py":   "def f(n):\n    return n +\n",
			"failing.py":  "import json\ndef f(n): return n\njson.loads('{')\n",
			"needs.py":    "import not_there\n",
			"exits.py":    "import sys\nsys.exit(2)\n",
			"relative.py": "from . import primes\n",
			"json.py":     "import json\ndef f(n): return json.dumps(n) + __name__\n",
			"text.txt":    "",
			"pkg/util.py": "from . import base\ndef f(n): return base.g(n)\n",
			"pkg/base.py": "def g(n): return n + 1\n",
		})
		p := start(t, setting{interpreter: interpreter, dir: dir})
		for _, c := range []struct{ name, want string }{
			{"primes.py:cuont", "no function 'cuont' in primes.py; did you mean 'count'?; it has: Sieve, count, is_prime"},
			{"primes.py:Sieve.rum", "no function 'rum' in Sieve of primes.py; did you mean 'run'?"},
			{"primes.py:limit", "'limit' in primes.py is not a function but int"},
			{"prime.py:count", "did you mean 'primes.py'?"},
			{"nowhere/x.py:f", "there is no folder"},
			{"primes.py", "is not a task: want FILE.py:FUNCTION"},
			{"text.txt:f", "no module 'text'"},
			{"./text.txt:f", "neither a .py file nor a module name"},
			{"not.there:f", "no module 'not' (of 'not.there')"},
			{"pkg.nope:f", "no module 'pkg.nope'"},
			{"broken.py:f", "broken.py cannot be loaded: SyntaxError: invalid syntax (broken.py, line 2)"},
			{"failing.py:f", "(decoder.py, line "},
			{"needs.py:f", "needs.py cannot be loaded: ModuleNotFoundError: No module named 'not_there' (needs.py, line 1)"},
			{"exits.py:f", "SystemExit: 2 (exits.py, line 2) (code that is to run only as a program"},
			{"relative.py:f", "name it as PACKAGE.MODULE:FUNCTION"},
		} {
			p.wantFailure(c.name, "1", wire.KindUnknownTask, c.want)
		}
		f := p.wantFailure("broken.py:f", "1", wire.KindUnknownTask)
		contains(t, f.Traceback, "broken.py\", line 2", "return n +", "^")
		f = p.wantFailure("failing.py:f", "1", wire.KindUnknownTask)
		contains(t, f.Traceback, "failing.py\", line 3")
		if strings.Contains(f.Traceback, "importlib") || strings.Contains(f.Traceback, "tandem") {
			t.Errorf("traceback has frames that are not the user's:\n%s", f.Traceback)
		}
		p.wantValue("json.py:f", "1", `"1json__2"`)
		p.wantValue("pkg.util:f", "1", "2")
	})
}

func TestWorkerPreloads(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		dir := scripts(t, map[string]string{
			"good.py":   "print('loaded')\ndef f(n): return n\n",
			"broken.py": "def f(n):\n    return n +\n",
		})
		with := func(names ...string) setting {
			return setting{interpreter: interpreter, dir: dir, setup: wire.Setup{Preload: names}}
		}
		p := start(t, with("good.py:f", "good.py", "json", "os.path:join"))
		p.wantValue("good.py:f", "1", "1")
		p.control(wire.TypeStop, 0, 0)
		if output := p.wantExit(0); strings.Count(output, "loaded") != 1 {
			t.Errorf("the file was not loaded exactly once: %s", output)
		}
		for name, want := range map[string]string{
			"good.py:g":   "preload: no function 'g' in good.py; it has: f",
			"broken.py:f": "preload: broken.py cannot be loaded: SyntaxError",
			"nope":        "preload: no module 'nope'",
		} {
			p := begin(t, with(name))
			h, body := p.next()
			f, err := wire.ParseFailure(body)
			if err != nil || h.Type != wire.TypeFatal || f.Kind != wire.KindStart {
				t.Fatalf("%s: answer is %v %s, want fatal", name, h.Type, body)
			}
			contains(t, f.Message, want)
			p.wantExit(1)
		}
	})
}

func TestWorkerKeepsToFrameLimit(t *testing.T) {
	p := start(t, setting{interpreter: anyInterpreter(t), dir: "testdata", setup: wire.Setup{MaxFrame: 1000}})
	p.wantValue("cases.py:long_text", "994", `"`+strings.Repeat("x", 994)+`"`)
	p.wantFailure("cases.py:long_text", "995", wire.KindTooLarge, "result has 1001 bytes as JSON, the frame limit is 1000")
	f := p.wantFailure("cases.py:fail", jsonString(strings.Repeat("é", 300)), wire.KindError, "éééé")
	if f.Type != "ValueError" {
		t.Errorf("failure is %+v", f)
	}
}

func TestWorkerLimitsMemory(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		const limit = 128 << 20
		p := start(t, setting{interpreter: interpreter, dir: "testdata", setup: wire.Setup{Memory: limit, MaxFrame: 256 << 20}})
		if p.hello.Memory != "rlimit" {
			t.Skipf("no memory limit on this system: %q", p.hello.Memory)
		}
		p.wantFailure("cases.py:eat", "200", wire.KindMemory)
		p.wantValue("cases.py:eat", "10", fmt.Sprint(10<<20))
		f := p.wantFailure("cases.py:size", `"`+strings.Repeat("x", 140<<20)+`"`, wire.KindMemory, "its input does not fit")
		if f.Type != "MemoryError" {
			t.Errorf("failure is %+v", f)
		}
		p.wantFailure("cases.py:long_text", fmt.Sprint(80<<20), wire.KindMemory, "its result does not fit")
		p.wantValue("cases.py:eat", "10", fmt.Sprint(10<<20))
	})
}

func TestWorkerPassesLargeValues(t *testing.T) {
	p := start(t, setting{interpreter: anyInterpreter(t), dir: "testdata", boxSize: 1 << 16})
	text := `"` + strings.Repeat("0123456789abcdef", 1<<16) + `"`
	for _, size := range []int{1 << 10, 1<<16 - 40, 1 << 16, 1<<16 + 1, 1 << 18, 1 << 20} {
		input := text[:size] + `"`
		p.wantValue("cases.py:echo", input, input)
	}
}

func TestWorkerOutputCannotDisturb(t *testing.T) {
	p := start(t, cases(anyInterpreter(t)))
	p.wantValue("cases.py:chatter", "3", "3")
	p.wantValue("cases.py:close_standard_streams", "0", "true")
	p.wantValue("cases.py:double", "4", "8")
	p.control(wire.TypeStop, 0, 0)
	// The two streams come through two pipes, so their lines mix.
	contains(t, p.wantExit(0), "line 0\n", "line 1\n", "line 2\n", "no line end", "problem 2")
}

func TestWorkerForks(t *testing.T) {
	p := start(t, cases(anyInterpreter(t)))
	p.wantValue("cases.py:fork_and_return", "0", "1")
	p.wantValue("cases.py:fork_in_pool", "4", "[8]")
	p.control(wire.TypeStop, 0, 0)
	contains(t, p.wantExit(0), "a forked child came back from its task")
}
