//go:build unix && !aix && !solaris

package command_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/command"
	"github.com/gotandem/tandem/internal/leaktest"
)

// Exit status and signal come back as the task's own error, with all output.
func TestExit(t *testing.T) {
	leaktest.Check(t)
	e := newExecutor(t, command.Config{Processes: 1})
	tests := []struct {
		spec   command.Spec
		code   int
		signal syscall.Signal
		text   string
	}{
		{shell("exit 0"), 0, 0, ""},
		{command.Spec{Args: []string{"false"}}, 1, 0, "exit status 1"},
		{shell("echo why >&2; exit 42"), 42, 0, "exit status 42: why"},
		{shell("exit 255"), 255, 0, "exit status 255"},
		{shell("kill -KILL $$"), -1, syscall.SIGKILL, "signal 9 (killed)"},
		{shell("kill -TERM $$"), -1, syscall.SIGTERM, "signal 15 (terminated)"},
	}
	for _, test := range tests {
		output, err := run(t, e, test.spec)
		if test.code == 0 {
			if err != nil || output.PID == 0 || output.Slot != 1 || output.Duration <= 0 {
				t.Errorf("output %+v, error %v", output, err)
			}
			continue
		}
		exit, ok := errors.AsType[*command.ExitError](err)
		if !ok || exit.Code != test.code || exit.Signal != test.signal {
			t.Errorf("%q: error %v, want code %d and signal %v", test.spec.Args, err, test.code, test.signal)
			continue
		}
		if !strings.Contains(err.Error(), test.text) || tandem.FateOf(err) != tandem.Finished {
			t.Errorf("%q: error %q, fate %v, want %q, finished", test.spec.Args, err, tandem.FateOf(err), test.text)
		}
	}
	if stats := e.Stats(); stats.Succeeded != 1 || stats.Failed != 5 || stats.Workers[0].LastExit != "signal: terminated" {
		t.Errorf("stats %+v", stats)
	}
}

// A failed program's output is on its error.
func TestExitErrorHasOutput(t *testing.T) {
	e := newExecutor(t, command.Config{Processes: 1})
	_, err := run(t, e, shell("echo out; for i in 1 2 3 4 5 6 7; do echo $i >&2; done; exit 3"))
	exit, ok := errors.AsType[*command.ExitError](err)
	if !ok || string(exit.Stdout) != "out\n" || string(exit.Stderr) != "1\n2\n3\n4\n5\n6\n7\n" {
		t.Fatalf("error %#v", err)
	}
	if got := exit.StderrTail(); got != "3\n4\n5\n6\n7" {
		t.Errorf("tail %q", got)
	}
}

// C2: calls at once, each with large chunks on both streams: all bytes arrive,
// and none at another call.
func TestOutputC2NeverMixed(t *testing.T) {
	leaktest.Check(t)
	e := newExecutor(t, command.Config{Processes: 4})
	specs := make([]command.Spec, 30)
	for i := range specs {
		specs[i] = roleSpec(t, "chunks", fmt.Sprintf("<%02d>", i))
	}
	i := 0
	for output, err := range tandem.Map(t.Context(), e, command.Exec, slices.Values(specs)) {
		if err != nil {
			t.Fatal(err)
		}
		tag := specs[i].Args[1]
		chunks := strings.Repeat(tag, 300_000)
		if string(output.Stdout) != chunks+"out "+tag+"\n" || string(output.Stderr) != chunks+"err "+tag+"\n" {
			t.Errorf("call %d: %d and %d bytes, not those of %s", i, len(output.Stdout), len(output.Stderr), tag)
		}
		i++
	}
}

// What goes in comes out, byte for byte, whatever its size.
func TestStdinReachesTheProgram(t *testing.T) {
	leaktest.Check(t)
	e := newExecutor(t, command.Config{Processes: 2})
	random := make([]byte, 10<<20)
	for i := range random {
		random[i] = byte(rand.Uint32())
	}
	for _, size := range []int{0, 1, 512, 513, 64 << 10, 64<<10 + 1, len(random)} {
		output, err := run(t, e, command.Spec{Args: []string{"cat"}, Stdin: random[:size:size]})
		if err != nil || !bytes.Equal(output.Stdout, random[:size]) || output.Stderr != nil {
			t.Errorf("%d bytes: got %d, error %v", size, len(output.Stdout), err)
		}
	}
}

// Without Stdin there is nothing to read, and Stdin need not be read.
func TestStdinNullAndUnread(t *testing.T) {
	leaktest.Check(t)
	e := newExecutor(t, command.Config{Processes: 2})
	if output, err := run(t, e, command.Spec{Args: []string{"cat"}}); err != nil || output.Stdout != nil {
		t.Errorf("output %q, error %v", output.Stdout, err)
	}
	for _, args := range [][]string{{"true"}, {"sh", "-c", "exec <&-; echo done"}, {"head", "-c", "1"}} {
		if _, err := run(t, e, command.Spec{Args: args, Stdin: make([]byte, 1<<20)}); err != nil {
			t.Errorf("%q: %v", args, err)
		}
	}
}

// C1: no character of an argument has a meaning.
func TestArgumentsC1PassUnchanged(t *testing.T) {
	e := newExecutor(t, command.Config{Processes: 2})
	template, err := command.ParseTemplate([]string{"printf", "%s|", "{}", "{%}", "{#}"})
	if err != nil {
		t.Fatal(err)
	}
	for i, input := range []string{"a  b", "it's", `"q"`, "*", "$(echo x)", "`x`", ";", "two\nlines", "-n", "\xff\xfe", "", "~", "a\\b"} {
		output, err := run(t, e, command.Spec{Template: template, Fields: command.Fields{Whole: input}, Seq: i})
		want := fmt.Sprintf("%s|%d|%d|", input, output.Slot, i)
		if err != nil || string(output.Stdout) != want || output.Slot < 1 || output.Slot > 2 {
			t.Errorf("output %q, error %v, want %q", output.Stdout, err, want)
		}
	}
}

// C5: the environment is this process's at New, then Config's, then Spec's,
// without what makes a worker.
func TestEnvironmentC5(t *testing.T) {
	t.Setenv("TANDEM_WORKER", "x")
	t.Setenv("FROM_PARENT", "parent")
	t.Setenv("OVERRIDDEN", "parent")
	e := newExecutor(t, command.Config{Processes: 1, Env: []string{"FROM_CONFIG=config", "OVERRIDDEN=config"}})
	spec := command.Spec{Args: []string{"env"}, Env: []string{"FROM_SPEC=a=b", "OVERRIDDEN=spec", "EMPTY="}}
	output, err := run(t, e, spec)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Split(string(output.Stdout), "\n")
	for _, want := range []string{"FROM_PARENT=parent", "FROM_CONFIG=config", "FROM_SPEC=a=b", "OVERRIDDEN=spec", "EMPTY="} {
		if !slices.Contains(got, want) {
			t.Errorf("environment lacks %s", want)
		}
	}
	for _, entry := range got {
		key, value, _ := strings.Cut(entry, "=")
		if key == "TANDEM_WORKER" || key == "OVERRIDDEN" && value != "spec" {
			t.Errorf("environment has %s", entry)
		}
	}
}

// C5: a program gets three descriptors, also while others run.
func TestDescriptorsC5(t *testing.T) {
	if !isLinux() {
		return // descriptors cannot be listed
	}
	e := newExecutor(t, command.Config{Processes: 3})
	held, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	for output, err := range tandem.Map(t.Context(), e, command.Exec, func(yield func(command.Spec) bool) {
		for range 6 {
			if !yield(roleSpec(t, "descriptors", descriptorsAtStart...)) {
				return
			}
		}
	}) {
		if got := strings.TrimSpace(string(output.Stdout)); err != nil || got != "0 1 2" {
			t.Errorf("descriptors %s, error %v", got, err)
		}
	}
}

func TestDirectory(t *testing.T) {
	config, spec := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(spec, "tool"), []byte("#!/bin/sh\npwd\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	e := newExecutor(t, command.Config{Processes: 1, Dir: config})
	for want, s := range map[string]command.Spec{
		config: {Args: []string{"pwd", "-P"}},
		spec:   {Args: []string{"./tool"}, Dir: spec},
	} {
		real, err := filepath.EvalSymlinks(want)
		if err != nil {
			t.Fatal(err)
		}
		output, err := run(t, e, s)
		if err != nil || strings.TrimSpace(string(output.Stdout)) != real {
			t.Errorf("ran in %q, error %v, want %s", output.Stdout, err, real)
		}
	}
}

// What cannot be started is the call's error and says what is wrong.
func TestBadSpecs(t *testing.T) {
	leaktest.Check(t)
	dir := t.TempDir()
	for name, mode := range map[string]fs.FileMode{"plain": 0o600, "noexec": 0o700, "nointerpreter": 0o700} {
		text := map[string]string{"plain": "x", "noexec": "echo x\n", "nointerpreter": "#!/no/such\n"}[name]
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	long := strings.Repeat("x", 10<<20)
	e := newExecutor(t, command.Config{Processes: 1, Env: []string{"PATH=relative:" + dir + ":" + os.Getenv("PATH")}})
	tests := map[string]struct {
		spec  command.Spec
		text  string
		cause error
	}{
		"no args":           {command.Spec{}, "no program", nil},
		"empty program":     {command.Spec{Args: []string{""}}, "no program", nil},
		"not in PATH":       {command.Spec{Args: []string{"no-such-tool"}}, "no-such-tool is not in PATH (searched \"relative:", fs.ErrNotExist},
		"not executable":    {command.Spec{Args: []string{"plain"}}, "plain is not executable", fs.ErrPermission},
		"no file":           {command.Spec{Args: []string{"/no/such"}}, "/no/such", fs.ErrNotExist},
		"a directory":       {command.Spec{Args: []string{dir}}, dir, fs.ErrPermission},
		"no #!":             {command.Spec{Args: []string{"noexec"}}, "script that begins with #!", syscall.ENOEXEC},
		"no interpreter":    {command.Spec{Args: []string{"nointerpreter"}}, "its interpreter or loader is not", fs.ErrNotExist},
		"zero byte":         {command.Spec{Args: []string{"echo", "a\x00b"}}, "argument 1 contains a zero byte", nil},
		"bad environment":   {command.Spec{Args: []string{"true"}, Env: []string{"novalue"}}, "Env[0]", nil},
		"no directory":      {command.Spec{Args: []string{"true"}, Dir: "/no/such"}, "/no/such", fs.ErrNotExist},
		"argument too long": {command.Spec{Args: []string{"echo", long}}, fmt.Sprint(len(long) + 1), syscall.E2BIG},
		"too many":          {command.Spec{Args: append([]string{"echo"}, slices.Repeat([]string{long[:100_000]}, 100)...)}, "limit", syscall.E2BIG},
	}
	for name, test := range tests {
		_, err := run(t, e, test.spec, tandem.Retries(3))
		expectFailure(t, err, tandem.ErrBadInput, tandem.NotStarted)
		if err != nil && !strings.Contains(err.Error(), test.text) || test.cause != nil && !errors.Is(err, test.cause) {
			t.Errorf("%s: error %.300q, want %q and %v", name, err.Error(), test.text, test.cause)
		}
	}
	if stats := e.Stats(); stats.Retried != 0 {
		t.Errorf("%d retries of what would fail again", stats.Retried)
	}
}

// An argument near the limit passes.
func TestLongArgument(t *testing.T) {
	e := newExecutor(t, command.Config{Processes: 1})
	long := strings.Repeat("x", 131_000)
	output, err := run(t, e, command.Spec{Args: []string{"printf", "%s", long}})
	if err != nil || string(output.Stdout) != long {
		t.Errorf("%d bytes, error %v", len(output.Stdout), err)
	}
}

// Output over the limit ends the program, wherever it goes.
func TestOutputLimit(t *testing.T) {
	leaktest.Check(t)
	e := newExecutor(t, command.Config{Processes: 1, MaxOutput: 1 << 20})
	output, err := run(t, e, shell("head -c 524288 /dev/zero; head -c 524288 /dev/zero >&2"))
	if err != nil || len(output.Stdout)+len(output.Stderr) != 1<<20 {
		t.Errorf("%d + %d bytes, error %v", len(output.Stdout), len(output.Stderr), err)
	}
	for _, script := range []string{"cat /dev/zero", "cat /dev/zero >&2", "cat /dev/zero & exec cat /dev/zero >&2", "trap '' TERM; while cat /dev/zero; do :; done"} {
		_, err := run(t, e, shell(script))
		if !errors.Is(err, tandem.ErrTooLarge) || !strings.Contains(err.Error(), "MaxOutput") {
			t.Errorf("%s: error %v", script, err)
		}
	}
}

// An executor refuses what is not its task.
func TestUnknownTasks(t *testing.T) {
	e := newExecutor(t, command.Config{})
	other := tandem.Declare[command.Spec, command.Output]("other")
	if _, err := tandem.Run(t.Context(), e, other, command.Spec{}); !errors.Is(err, tandem.ErrUnknownTask) {
		t.Errorf("another name: %v", err)
	}
	types := tandem.Declare[string, string](command.Exec.Name())
	if _, err := tandem.Run(t.Context(), e, types, ""); !errors.Is(err, tandem.ErrUnknownTask) {
		t.Errorf("other types: %v", err)
	}
	closure := tandem.Func(func(context.Context, command.Spec) (command.Output, error) { return command.Output{}, nil })
	if _, err := tandem.Run(t.Context(), e, closure, command.Spec{}); !errors.Is(err, tandem.ErrNotPortable) {
		t.Errorf("closure: %v", err)
	}
}

// What programs do wrong is told with what they wrote.
func TestPrograms(t *testing.T) {
	leaktest.Check(t)
	sh := func(script string) command.Program { return command.Program{Args: []string{"sh", "-c", script}} }
	programs := map[string]command.Program{
		"echo": sh("cat; echo"), "empty": sh("cat >&2"), "text": sh("echo no number"), "two": sh("echo 1 2"),
		"long": sh("head -c 5000 /dev/zero | tr '\\0' x"), "fails": sh("echo 1; echo why >&2; exit 3"), "unread": sh("echo 7"),
		"place": {Args: []string{"sh", "-c", `test "$PWD:$KEY" = /:value && echo 8`}, Dir: "/", Env: []string{"KEY=value"}},
	}
	e := newExecutor(t, command.Config{Processes: 2, Programs: programs})
	programs["echo"] = sh("exit 1") // New has copied them
	tests := []struct {
		name string
		want int
		kind error
		text string
	}{
		{"echo", 5, nil, ""},
		{"unread", 7, nil, ""},
		{"place", 8, nil, ""},
		{"empty", 0, tandem.ErrBadResult, "wrote nothing to standard output"},
		{"text", 0, tandem.ErrBadResult, `wrote "no number\n"`},
		{"two", 0, tandem.ErrBadResult, `wrote "1 2\n"`},
		{"long", 0, tandem.ErrBadResult, strings.Repeat("x", 200) + `"…`},
		{"none", 0, tandem.ErrUnknownTask, "command.Exec, echo, empty, fails, long, place, text, two, unread"},
	}
	for _, test := range tests {
		got, err := tandem.Run(t.Context(), e, tandem.Declare[int, int](test.name), 5)
		if got != test.want || !errors.Is(err, test.kind) || err != nil && !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: %d, %v, want %d, %v with %q", test.name, got, err, test.want, test.kind, test.text)
		}
		if test.kind == tandem.ErrBadResult && tandem.FateOf(err) != tandem.Finished {
			t.Errorf("%s: fate %v", test.name, tandem.FateOf(err))
		}
	}
	_, err := tandem.Run(t.Context(), e, tandem.Declare[int, int]("fails"), 5, tandem.Retries(1))
	exit, ok := err.(*command.ExitError)
	if !ok || exit.Code != 3 || string(exit.Stdout) != "1\n" || e.Stats().Retried != 1 {
		t.Errorf("fails: %v", err)
	}
	if remote, ok := errors.AsType[*tandem.RemoteError](err); !ok || remote.Type != "exit status 3" || remote.Message != "why" {
		t.Errorf("fails: %+v", remote)
	}
	_, err = tandem.Run(t.Context(), e, tandem.Declare[chan int, int]("echo"), make(chan int))
	expectFailure(t, err, tandem.ErrBadInput, tandem.NotStarted)
}

// Every problem of a Program is named.
func TestProgramProblems(t *testing.T) {
	_, err := command.New(command.Config{Programs: map[string]command.Program{
		"": {Args: []string{"x"}}, "command": {Args: []string{"x"}}, "a": {}, "b": {Args: []string{"x"}, Env: []string{"x"}, Dir: "/no/such"},
	}})
	for _, text := range []string{`Programs[""]`, `Programs["command"]`, `Programs["a"].Args`, `Programs["b"].Env[0]`, `Programs["b"].Dir`} {
		if err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("error %v does not name %s", err, text)
		}
	}
}

// Every problem of a Config is named.
func TestConfigProblems(t *testing.T) {
	_, err := command.New(command.Config{Processes: -1, Queue: -1, KillGrace: -1, MaxOutput: -1, Memory: -1, Nice: 20,
		Spill: command.Spill{Dir: "/no/such", Threshold: -1}, Env: []string{"x"}, Dir: "/no/such"})
	for _, field := range []string{"Processes", "Queue", "KillGrace", "MaxOutput", "Memory", "Nice", "Spill.Dir", "Spill.Threshold", "Env[0]", "Dir: "} {
		if err == nil || !strings.Contains(err.Error(), field) {
			t.Errorf("error %v does not name %s", err, field)
		}
	}
}

// A failing program is run again when retries are left, and slots are numbered
// from 1 and not shared.
func TestRetries(t *testing.T) {
	e := newExecutor(t, command.Config{Processes: 2})
	marks := filepath.Join(t.TempDir(), "marks")
	spec := shell(`echo x >>"$1"; test $(wc -l <"$1") -ge 3`, marks)
	if _, err := run(t, e, spec, tandem.Retries(5)); err != nil {
		t.Error(err)
	}
	if stats := e.Stats(); stats.Retried != 2 || stats.Succeeded != 1 {
		t.Errorf("stats %+v", stats)
	}
}

// A call runs in the free slot with the lowest number: with nothing else, in the
// first, and calls that wait get theirs in their order.
func TestLowestSlot(t *testing.T) {
	e := newExecutor(t, command.Config{Processes: 3})
	for range 50 {
		out, err := run(t, e, shell("exit 0"))
		if err != nil || out.Slot != 1 {
			t.Fatalf("slot %d, want 1 (%v)", out.Slot, err)
		}
	}
	var running []*tandem.Future[command.Output]
	for range 3 {
		began := newEvent(t)
		running = append(running, submit(t, e, shell(`echo >"$1"; exec sleep 1000`, began.path)))
		began.await(t)
	}
	for i := len(running) - 1; i >= 0; i-- {
		running[i].Cancel()
		slot := 0
		if ended, ok := errors.AsType[*command.ExitError](await(t, running[i])); ok {
			slot = ended.Slot
		}
		if slot != i+1 {
			t.Errorf("call %d was in slot %d", i+1, slot)
		}
		if out, err := run(t, e, shell("exit 0")); err != nil || out.Slot != i+1 {
			t.Errorf("the next call was in slot %d, want %d (%v)", out.Slot, i+1, err)
		}
	}
}

// Descriptors and goroutines do not grow with the number of calls.
func TestManyCallsLeaveNothing(t *testing.T) {
	leaktest.Check(t)
	e := newExecutor(t, command.Config{Processes: 3})
	if _, err := run(t, e, shell("exit 0")); err != nil {
		t.Fatal(err)
	}
	before := len(openDescriptors())
	inputs := slices.Repeat([]command.Spec{{Args: []string{"true"}}, {Args: []string{"cat"}, Stdin: make([]byte, 1000)}}, 100)
	for _, err := range tandem.Map(t.Context(), e, command.Exec, slices.Values(inputs)) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if after := len(openDescriptors()); after > before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// Stats tells of each slot's program.
func TestStatsShowsPrograms(t *testing.T) {
	e := newExecutor(t, command.Config{Processes: 2, Queue: 5})
	began := newEvent(t)
	future := submit(t, e, shell(`echo $$ >"$1"; exec sleep 1000`, began.path))
	pid := began.await(t)
	stats := e.Stats()
	for stats.Workers[0].State == "starting" { // the program can be faster than the note of it
		stats = e.Stats()
	}
	if stats.Slots != 2 || stats.QueueLimit != 5 || stats.Running != 1 || len(stats.Workers) != 2 {
		t.Errorf("stats %+v", stats)
	}
	if w := stats.Workers[0]; w.Slot != 1 || fmt.Sprint(w.PID) != pid || w.State != "busy" || w.Running != 1 {
		t.Errorf("worker %+v, want program %s", w, pid)
	}
	if w := stats.Workers[1]; w.State != "empty" || w.PID != 0 {
		t.Errorf("worker %+v", w)
	}
	future.Cancel()
	await(t, future)
	if stats := e.Stats(); stats.Running != 0 || stats.Workers[0].PID != 0 || stats.Workers[0].Finished != 1 {
		t.Errorf("stats %+v", stats)
	}
}
