package joblog_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/cmd/tandem/internal/joblog"
	"github.com/gotandem/tandem/cmd/tandem/internal/outcome"
)

const header = "Seq\tHost\tStarttime\tJobRuntime\tSend\tReceive\tExitval\tSignal\tCommand\n"

func TestLines(t *testing.T) {
	start := time.Unix(1795280041, 47_600_000)
	failed := errors.New("exit status 3")
	tests := []struct {
		name string
		o    outcome.Outcome
		want string
	}{
		{"exit status", outcome.Outcome{
			Number: 1, Start: start, Wall: 202 * time.Millisecond, Exit: 3, Err: failed, Call: "sh -c 'exit 3'",
			Stdout: outcome.Stream{Bytes: []byte("a\n")},
		}, "1\t:\t1795280041.047\t     0.202\t0\t2\t3\t0\tsh -c 'exit 3'\n"},
		{"passed on", outcome.Outcome{Number: 1, Start: start, Call: "x", Stdout: outcome.Stream{Size: 300}},
			"1\t:\t1795280041.047\t     0.000\t0\t300\t0\t0\tx\n"},
		{"signal", outcome.Outcome{Number: 2, Start: start, Exit: -1, Signal: 15, Err: failed, Call: "kill"},
			"2\t:\t1795280041.047\t     0.000\t0\t0\t0\t15\tkill\n"},
		{"timeout", outcome.Outcome{
			Number: 3, Start: start, Wall: 1205 * time.Millisecond, Exit: -1, Signal: 15, Call: "sleep 3",
			Err: &tandem.CallError{Code: "timeout", Fate: tandem.MayHaveRun},
		}, "3\t:\t1795280041.047\t     1.205\t0\t0\t-1\t15\tsleep 3\n"},
		{"cut", outcome.Outcome{Number: 4, Start: start, Exit: 0, Cut: true, Err: failed, Call: "x"},
			"4\t:\t1795280041.047\t     0.000\t0\t0\t-1\t0\tx\n"},
		{"function", outcome.Outcome{Number: 5, Start: start, Call: "a.py:f(1)"},
			"5\t:\t1795280041.047\t     0.000\t0\t0\t0\t0\ta.py:f(1)\n"},
		{"never started", outcome.Outcome{Number: 6, Exit: -1, Err: &tandem.CallError{Code: "closed"}, Call: "x"},
			"6\t:\t0.000\t     0.000\t0\t0\t-1\t0\tx\n"},
		{"long", outcome.Outcome{Number: 7, Start: start, Wall: 1234567 * time.Second, Call: "x"},
			"7\t:\t1795280041.047\t1234567.000\t0\t0\t0\t0\tx\n"},
		{"one line", outcome.Outcome{Number: 8, Start: start, Call: "printf '\\n' 'a\nb\tc\r\x00'"},
			"8\t:\t1795280041.047\t     0.000\t0\t0\t0\t0\tprintf '\\n' 'a\\nb\\tc\\r\\0'\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			write(t, path, false, &test.o)
			if got := read(t, path); got != header+test.want {
				t.Errorf("got  %q\nwant %q", got, header+test.want)
			}
		})
	}
}

func TestAppending(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	o := &outcome.Outcome{Number: 1, Call: "x"}
	line := "1\t:\t0.000\t     0.000\t0\t0\t0\t0\tx\n"
	write(t, "+"+path, false, o) // a new file has a header, also with +
	for _, step := range []struct {
		path    string
		resumed bool
		want    string
	}{
		{"+" + path, false, header + line + line},
		{path, true, header + line + line + line},
		{path, false, header + line},
	} {
		write(t, step.path, step.resumed, o)
		if got := read(t, path); got != step.want {
			t.Errorf("got %q, want %q", got, step.want)
		}
	}
}

// TestTornLineStaysApart: after a kill or on a full disk the last line can lack its end.
func TestTornLineStaysApart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte(header+"1\t:\t0.0"), 0o600); err != nil {
		t.Fatal(err)
	}
	write(t, path, true, &outcome.Outcome{Number: 1, Call: "x"})
	want := header + "1\t:\t0.0\n1\t:\t0.000\t     0.000\t0\t0\t0\t0\tx\n"
	if got := read(t, path); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// TestSlowCallsAreSeenAtOnce: the first line is there before Flush.
func TestSlowCallsAreSeenAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	l, err := joblog.Open(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Add(&outcome.Outcome{Number: 1}); err != nil || strings.Count(read(t, path), "\n") != 2 {
		t.Errorf("%q, %v", read(t, path), err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func TestFullDiskIsSaidOnce(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full on this system")
	}
	l, err := joblog.Open("/dev/full", false)
	if !errors.Is(err, syscall.ENOSPC) || l != nil {
		t.Fatalf("got %v", err)
	}
	if want := "job log /dev/full: no space left on device"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
}

func TestNoFolder(t *testing.T) {
	_, err := joblog.Open("/nonexistent/log", false)
	if err == nil || err.Error() != "job log /nonexistent/log: no such file or directory" {
		t.Errorf("got %v", err)
	}
}

// FuzzCommand: a line has nine columns whatever the command is.
func FuzzCommand(f *testing.F) {
	for _, command := range []string{"", "a\tb\nc", "\\n", "\xff\x00\r"} {
		f.Add(command)
	}
	path := filepath.Join(f.TempDir(), "log")
	f.Fuzz(func(t *testing.T, command string) {
		write(t, path, false, &outcome.Outcome{Number: 1, Call: command})
		got := strings.TrimPrefix(read(t, path), header)
		if strings.Count(got, "\n") != 1 || strings.Count(got, "\t") != 8 || strings.ContainsAny(got, "\r\x00") {
			t.Errorf("got %q", got)
		}
	})
}

func write(t *testing.T, path string, resumed bool, o *outcome.Outcome) {
	t.Helper()
	l, err := joblog.Open(path, resumed)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Add(o); err != nil {
		t.Error(err)
	}
	if err := l.Close(); err != nil {
		t.Error(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}
