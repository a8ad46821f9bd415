//go:build unix && !aix && !solaris

package command_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/command"
	"github.com/gotandem/tandem/internal/leaktest"
)

// text returns a stream of an output.
func text(t *testing.T, write func(io.Writer) (int64, error), size int64) string {
	t.Helper()
	var b bytes.Buffer
	if n, err := write(&b); err != nil || n != size {
		t.Errorf("%d bytes written, %v, want %d", n, err, size)
	}
	return b.String()
}

// C2 with files: both streams are whole, apart, and in a folder that stays empty,
// of a program that fails too.
func TestSpillC2(t *testing.T) {
	leaktest.Check(t)
	dir := t.TempDir()
	e := newExecutor(t, command.Config{Processes: 2, Spill: command.Spill{Dir: dir, Threshold: 10_000}})
	for _, code := range []int{0, 3} {
		spec := roleSpec(t, "chunks", fmt.Sprintf("<%d>", code))
		if code > 0 {
			spec = shell(`"$1" "$2"; exit 3`, spec.Args...)
			spec.Env = roleSpec(t, "chunks").Env
		}
		out, err := run(t, e, spec)
		output := command.OutputOf(out, err)
		if exit, failed := errors.AsType[*command.ExitError](err); failed != (code > 0) || failed && exit.Code != code {
			t.Fatalf("error %v", err)
		}
		if code > 0 && !strings.HasSuffix(err.Error(), "err <3>") {
			t.Errorf("error without the end of standard error: %.200q", err.Error())
		}
		tag := fmt.Sprintf("<%d>", code)
		chunks := strings.Repeat(tag, 300_000)
		if output.StdoutFile == nil || output.StderrFile == nil || output.Stdout != nil || output.Stderr != nil {
			t.Errorf("files %v and %v", output.StdoutFile, output.StderrFile)
		}
		for range 2 {
			if got := text(t, output.WriteStdout, output.StdoutSize); got != chunks+"out "+tag+"\n" {
				t.Errorf("stdout has %d bytes", len(got))
			}
			if got := text(t, output.WriteStderr, output.StderrSize); got != chunks+"err "+tag+"\n" {
				t.Errorf("stderr has %d bytes", len(got))
			}
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Errorf("there is %v, %v: a kill would leave it", entries, err)
		}
		output.Close()
		output.Close()
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("left %v, %v", entries, err)
	}
	small, err := run(t, e, shell("echo x"))
	if err != nil || string(small.Stdout) != "x\n" || small.StdoutFile != nil || small.StdoutSize != 2 {
		t.Errorf("small: %+v, %v", small, err)
	}
}

// Files of attempts that nobody gets are closed before the next one.
func TestSpillOfRetriesIsClosed(t *testing.T) {
	leaktest.Check(t)
	dir := t.TempDir()
	e := newExecutor(t, command.Config{Processes: 1, Spill: command.Spill{Dir: dir, Threshold: 100}})
	before := len(openDescriptors())
	_, err := run(t, e, shell("head -c 1000 /dev/zero; exit 1"), tandem.Retries(20))
	exit, ok := errors.AsType[*command.ExitError](err)
	if !ok || exit.StdoutSize != 1000 {
		t.Fatalf("error %v", err)
	}
	if isLinux() {
		if after := len(openDescriptors()); after > before+1 {
			t.Errorf("%d descriptors before, %d after: one file may be open", before, after)
		}
	}
	exit.Close()
}

// A file that cannot take more fails its call, which says why, and no other. The
// system's limit for files stands in for a full disk.
func TestSpillWithoutRoom(t *testing.T) {
	leaktest.Check(t)
	dir := t.TempDir()
	e := newExecutor(t, command.Config{Processes: 2, Spill: command.Spill{Dir: dir, Threshold: 1000}})
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &old); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setrlimit(syscall.RLIMIT_FSIZE, &old)
	small := old
	small.Cur = 1 << 20
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
		t.Fatal(err)
	}
	future := submit(t, e, shell("echo why >&2; exec cat /dev/zero"))
	if out, err := run(t, e, shell("head -c 500000 /dev/zero")); err != nil || out.StdoutSize != 500_000 {
		t.Errorf("another call: %d bytes, %v", out.StdoutSize, err)
	} else {
		out.Close()
	}
	err := await(t, future)
	expectFailure(t, err, tandem.ErrTooLarge, tandem.MayHaveRun)
	for _, want := range []string{dir, "bytes free there", syscall.EFBIG.Error(), "why"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %v lacks %q", err, want)
		}
	}
	_, err = run(t, e, shell("head -c 1050000 /dev/zero; trap '' PIPE"))
	if !errors.Is(err, tandem.ErrTooLarge) {
		t.Errorf("just over the limit: %v", err)
	}
}

// collector is a sink that keeps what it gets.
type collector struct {
	stdout, stderr bytes.Buffer
	ends           int
	fail           error
	block          chan struct{} // Stdout waits for it, if there is one
	got            atomic.Int64
}

func (c *collector) Stdout(p []byte) error {
	c.stdout.Write(p)
	c.got.Add(int64(len(p)))
	if c.block != nil {
		<-c.block
	}
	return c.fail
}

func (c *collector) Stderr(p []byte) error { c.stderr.Write(p); return nil }

func (c *collector) End() error { c.ends++; return nil }

// A sink gets everything, the outcome nothing but the tail, and each attempt
// has its end.
func TestSink(t *testing.T) {
	leaktest.Check(t)
	e := newExecutor(t, command.Config{Processes: 1, Spill: command.Spill{Dir: t.TempDir(), Threshold: 1}})
	sink := &collector{}
	spec := shell("head -c 300000 /dev/zero; echo why >&2; exit 4")
	spec.Sink = sink
	_, err := run(t, e, spec, tandem.Retries(2))
	exit, ok := errors.AsType[*command.ExitError](err)
	if !ok || exit.StderrTail() != "why" || exit.Stdout != nil || exit.StdoutFile != nil || exit.StdoutSize != 300_000 {
		t.Fatalf("error %v", err)
	}
	if sink.stdout.Len() != 900_000 || sink.stderr.String() != "why\nwhy\nwhy\n" || sink.ends != 3 {
		t.Errorf("%d bytes, %q, %d ends", sink.stdout.Len(), sink.stderr.String(), sink.ends)
	}
}

// An error of a sink ends the program and is the cause of the failure.
func TestSinkError(t *testing.T) {
	leaktest.Check(t)
	e := newExecutor(t, command.Config{Processes: 1})
	sink := &collector{fail: syscall.EPIPE}
	spec := shell("exec cat /dev/zero")
	spec.Sink = sink
	_, err := run(t, e, spec)
	expectFailure(t, err, tandem.ErrBadResult, tandem.MayHaveRun)
	if !errors.Is(err, syscall.EPIPE) || sink.ends != 1 {
		t.Errorf("error %v, %d ends", err, sink.ends)
	}
}

// While a sink blocks, nothing is read: the program has written no more than a
// pipe takes.
func TestSinkHoldsTheProgramBack(t *testing.T) {
	leaktest.Check(t)
	e := newExecutor(t, command.Config{Processes: 1})
	sink := &collector{block: make(chan struct{})}
	wrote := newEvent(t)
	spec := shell(`head -c 4000; echo x >"$1"; head -c 10000000 /dev/zero; exit 0`, wrote.path)
	spec.Stdin = make([]byte, 4000)
	spec.Sink = sink
	future := submit(t, e, spec)
	wrote.await(t)
	if got := sink.got.Load(); got > 4000 {
		t.Errorf("%d bytes passed while the sink blocks", got)
	}
	close(sink.block)
	if err := await(t, future); err != nil || sink.got.Load() != 10_004_000 {
		t.Errorf("%d bytes, %v", sink.got.Load(), err)
	}
}

// LineSink passes on whole lines, the last one without an end too, and gives up
// waiting for the end of a line after 1 MiB.
func TestLineSink(t *testing.T) {
	var got, errs []string
	keep := func(list *[]string) func([]byte) error {
		return func(p []byte) error { *list = append(*list, string(p)); return nil }
	}
	sink := command.NewLineSink(keep(&got), keep(&errs))
	for _, p := range []string{"a", "b\nc", "d\ne\nf", "", "\n", "g"} {
		if err := sink.Stdout([]byte(p)); err != nil {
			t.Fatal(err)
		}
		_ = sink.Stderr([]byte(p[:min(len(p), 1)]))
	}
	if want := []string{"ab\n", "cd\ne\n", "f\n"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if err := sink.End(); err != nil || got[3] != "g" || strings.Join(errs, "|") != "abd\n|g" {
		t.Errorf("%q, %q, %v", got, errs, err)
	}
	got = nil
	chunk := bytes.Repeat([]byte("x"), 64<<10)
	total := 0
	for range 40 {
		_ = sink.Stdout(chunk)
	}
	for _, part := range got {
		total += len(part)
		if len(part) < 1<<20 || len(part) > 1<<20+len(chunk) {
			t.Errorf("part of %d bytes", len(part))
		}
	}
	_ = sink.End()
	if len(got) != 3 || total+len(got[2]) != 40*len(chunk) {
		t.Errorf("%d parts, %d bytes", len(got), total)
	}
	none := command.NewLineSink(nil, nil)
	if none.Stdout(chunk) != nil || none.Stderr(chunk) != nil || none.End() != nil {
		t.Error("a sink without functions fails")
	}
}

// Chunks of any kind come out as they went in, and only whole lines before the end.
func FuzzLineSink(f *testing.F) {
	f.Add([]byte("a\nb\n\nc"), uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, size uint8) {
		var got []byte
		ended := false
		sink := command.NewLineSink(func(p []byte) error {
			if !ended && (len(p) == 0 || p[len(p)-1] != '\n') {
				t.Errorf("passed on %q", p)
			}
			got = append(got, p...)
			return nil
		}, nil)
		for chunk := range slices.Chunk(data, int(size)+1) {
			_ = sink.Stdout(chunk)
		}
		ended = true
		_ = sink.End()
		if !bytes.Equal(got, data) {
			t.Errorf("%q became %q", data, got)
		}
	})
}

// Programs know their numbers where that is asked for, whatever this process has,
// and Env wins.
func TestExportNumbers(t *testing.T) {
	t.Setenv("PARALLEL_SEQ", "outer")
	t.Setenv("PARALLEL_JOBSLOT", "outer")
	print := shell(`echo "$PARALLEL_SEQ $PARALLEL_JOBSLOT"`)
	print.Seq = 41
	tests := []struct {
		config command.Config
		env    []string
		want   string
	}{
		{command.Config{}, nil, "outer outer"},
		{command.Config{ExportNumbers: true}, nil, "41 1"},
		{command.Config{ExportNumbers: true}, []string{"A=b"}, "41 1"},
		{command.Config{ExportNumbers: true}, []string{"PARALLEL_SEQ=spec"}, "spec 1"},
		{command.Config{ExportNumbers: true, Env: []string{"PARALLEL_SEQ=config", "PARALLEL_JOBSLOT=x"}}, nil, "config x"},
	}
	for _, test := range tests {
		test.config.Processes = 1
		e := newExecutor(t, test.config)
		print.Env = test.env
		for range 2 {
			if out, err := run(t, e, print); err != nil || strings.TrimSpace(string(out.Stdout)) != test.want {
				t.Errorf("%+v: %q, %v, want %q", test.config, out.Stdout, err, test.want)
			}
		}
	}
}

// What is set after the start reaches the program and what it starts.
func TestNiceAndMemory(t *testing.T) {
	config := command.Config{Processes: 1, Nice: 4}
	if isLinux() {
		config.Memory = 64 << 20
	}
	e := newExecutor(t, config)
	ready := filepath.Join(t.TempDir(), "go")
	if err := syscall.Mkfifo(ready, 0o600); err != nil {
		t.Fatal(err)
	}
	future := submit(t, e, shell(`read go <"$1"; nice; ulimit -d`, ready))
	for e.Stats().Workers[0].PID == 0 { // set when the limits are
	}
	if err := os.WriteFile(ready, []byte("\n"), 0); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	out, err := future.Wait(ctx)
	ours, _ := syscall.Getpriority(syscall.PRIO_PROCESS, 0)
	if isLinux() {
		ours = 20 - ours
	}
	want := fmt.Sprintf("%d\n%d\n", min(ours+4, 19), 64<<10)
	if isLinux() && (err != nil || string(out.Stdout) != want) {
		t.Errorf("got %q, %v, want %q", out.Stdout, err, want)
	}
}

// A system short of descriptors is told apart, with what to do.
func TestNewWithoutDescriptors(t *testing.T) {
	leaktest.Check(t)
	var old syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	few := old
	few.Cur = 100
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	_, err := command.New(command.Config{Processes: 1000})
	if restored := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &old); restored != nil {
		t.Fatal(restored)
	}
	for _, want := range []string{"Processes is 1000", "may have 100 descriptors", "ulimit -n"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v lacks %q", err, want)
		}
	}
}
