//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// noting is a Python function that notes its input in a journal and returns it with many
// bytes behind. The first input waits until that is released.
const noting = `import os
import time


def note(name):
    journal = os.open(os.environ["JOURNAL"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(journal, f"{name}\n".encode())
    os.close(journal)
    while name == "n0" and not os.path.exists(os.environ["GO"]):
        time.sleep(0.01)
    return name + " " + "x" * int(os.environ["BYTES"])
`

// notingCommand is a command that does the same.
var notingCommand = []string{"--", "sh", "-c", `echo "$0" >> "$JOURNAL"; while [ $0 = n0 ] && ! [ -e "$GO" ]; do sleep 0.01; done; ` +
	`printf "%s " $0; head -c $BYTES /dev/zero | tr "\0" x; echo`}

// noted is a run of such a task that is killed and resumed.
type noted struct {
	t         *testing.T
	dir       string
	calls     int
	bytesEach int
	args      []string
}

// newNoted makes a run over the inputs n0, n1 and so on.
func newNoted(t *testing.T, calls, bytesEach int, args ...string) *noted {
	n := &noted{t, t.TempDir(), calls, bytesEach, nil}
	var names strings.Builder
	for i := range calls {
		fmt.Fprintf(&names, "n%d\n", i)
	}
	n.write("inputs", names.String())
	n.args = append([]string{"map", "-q", "-p", "2", "--log", n.path("log"), "--resume", "-a", n.path("inputs")}, args...)
	return n
}

func (n *noted) path(name string) string { return filepath.Join(n.dir, name) }

func (n *noted) write(name, content string) {
	n.t.Helper()
	if err := os.WriteFile(n.path(name), []byte(content), 0o600); err != nil {
		n.t.Fatal(err)
	}
}

// release lets the first input go.
func (n *noted) release() { n.write("go", "") }

// begin begins a run with further variables.
func (n *noted) begin(variables ...string) *started {
	s := prepare(n.t, n.args...).with("JOURNAL="+n.path("journal"), "GO="+n.path("go"), "BYTES="+strconv.Itoa(n.bytesEach)).with(variables...)
	s.begin("/dev/null", "")
	return s
}

// ran returns how often each input ran.
func (n *noted) ran() map[string]int { return count(fileLines(n.t, n.path("journal"))) }

// TestKilledWithBlockedOutput kills tandem while nobody reads its output: what had ended
// by then is in the log with its output, or beside it, and does not run again.
func TestKilledWithBlockedOutput(t *testing.T) {
	type size struct {
		bytesEach int
		ends      int // that are in the log while the output is blocked
		held      int // of them, those whose output waits
	}
	small := size{20_000, 30, 20} // a pipe holds 64 KiB
	lines := size{20_000, 1, 1}   // what follows waits to write its lines
	large := size{3 << 20, 2, 2}  // then no more calls start
	python := []string{"--output", "raw", "--as", "str", writeFile(t, "task.py", noting) + ":note"}
	for name, test := range map[string]struct {
		size size
		args []string
	}{
		"command":         {small, notingCommand},
		"unordered":       {small, append([]string{"--unordered"}, notingCommand...)},
		"python":          {small, python},
		"lines":           {lines, append([]string{"--line-buffer"}, notingCommand...)},
		"tagged lines":    {lines, append([]string{"--line-buffer", "--tag"}, notingCommand...)},
		"large, command":  {large, notingCommand},
		"large, python":   {large, python},
		"large unordered": {large, append([]string{"--unordered"}, notingCommand...)},
	} {
		t.Run(name, func(t *testing.T) {
			const calls = 30
			n := newNoted(t, calls, test.size.bytesEach, test.args...)
			n.release()
			blocked := n.begin()
			ended := awaitEnds(t, n.path("log"), test.size.ends, test.size.held)
			_ = blocked.cmd.Process.Kill()
			first := blocked.wait()
			second := n.begin().wait()
			ran := n.ran()
			for _, number := range ended {
				if name := "n" + strconv.Itoa(number-1); ran[name] != 1 {
					t.Errorf("%s had ended and ran %d times", name, ran[name])
				}
			}
			written := make(map[string]bool)
			for line := range strings.Lines(first.stdout + "\n" + second.stdout) {
				if len(line) > n.bytesEach && line[len(line)-1] == '\n' { // else torn by the kill
					written[strings.Fields(line)[0]] = true
				}
			}
			if second.status != 0 || len(written) != calls || len(ran) != calls {
				t.Errorf("status %d, %d outputs of %d inputs, want %d\n%.500s", second.status, len(written), len(ran), calls, second.stderr)
			}
			if left, err := filepath.Glob(n.path("log.*")); err != nil || len(left) > 0 {
				t.Errorf("left behind: %v, %v", left, err)
			}
		})
	}
}

// TestKilledWithLargeOutputs kills tandem twice while outputs that are too large for a
// line of the log wait for the first one: what had ended does not run again, and nothing
// is left when all was written.
func TestKilledWithLargeOutputs(t *testing.T) {
	const calls, bytesEach = 11, 3 << 20
	var want strings.Builder
	for i := range calls {
		fmt.Fprintf(&want, "n%d %s\n", i, strings.Repeat("x", bytesEach))
	}
	for name, test := range map[string]struct {
		temp string // a variable
		args []string
	}{
		"command":             {"TMPDIR=" + otherFileSystem(t), notingCommand},
		"another folder":      {"TANDEM_TMPDIR=" + t.TempDir(), notingCommand},
		"another file system": {"TANDEM_TMPDIR=" + otherFileSystem(t), notingCommand},
		"python":              {"", []string{"--output", "raw", "--as", "str", writeFile(t, "task.py", noting) + ":note"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNoted(t, calls, bytesEach, test.args...)
			for kills := range 2 { // in the second run the outputs of the first wait
				s := n.begin(test.temp)
				awaitLines(t, n.path("journal"), calls+kills)
				awaitEnds(t, n.path("log"), calls-1, calls-1)
				_ = s.cmd.Process.Kill()
				if o := s.wait(); o.stdout != "" {
					t.Errorf("%d bytes were written before their turn", len(o.stdout))
				}
				if kept, err := os.ReadDir(n.path("log.outputs")); err != nil || len(kept) != calls-1 {
					t.Errorf("%d outputs are kept, want %d: %v", len(kept), calls-1, err)
				}
			}
			n.release()
			last := n.begin(test.temp).wait()
			if last.status != 0 || last.stdout != want.String() {
				t.Errorf("status %d, %d bytes, want %d\n%s", last.status, len(last.stdout), want.Len(), last.stderr)
			}
			ran := n.ran()
			for name, n := range ran {
				if n != 1 && name != "n0" {
					t.Errorf("%s ran %d times", name, n)
				}
			}
			if len(ran) != calls || ran["n0"] != 3 {
				t.Errorf("ran: %v", ran)
			}
			_, temp, _ := strings.Cut(test.temp, "=")
			for _, pattern := range []string{n.path("log.*"), n.path("tandem-*"), filepath.Join(temp, "tandem-*")} {
				if left, err := filepath.Glob(pattern); err != nil || len(left) > 0 {
					t.Errorf("left behind: %v, %v", left, err)
				}
			}
		})
	}
}

// otherFileSystem returns a folder that is not where those of tests are; where there is
// none, it is one of these.
func otherFileSystem(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "tandem-test-")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// awaitLines waits until a file has n lines.
func awaitLines(t *testing.T, path string, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("%s has %d lines", path, n), func() bool { return len(fileLines(t, path)) >= n })
}

// awaitEnds waits until a log has the ends of n calls, of which some are held, and
// returns the numbers of all that it has.
func awaitEnds(t *testing.T, log string, n, held int) (ended []int) {
	t.Helper()
	eventually(t, fmt.Sprintf("the log has the ends of %d calls, of which %d are held", n, held), func() bool {
		content, err := os.ReadFile(log)
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		ended = nil
		for line := range bytes.Lines(content) {
			var event struct {
				Event  string
				Number int
			}
			if err := json.Unmarshal(line, &event); err == nil && (event.Event == "end" || event.Event == "held") {
				ended = append(ended, event.Number)
			}
		}
		return len(ended) >= n && bytes.Count(content, []byte(`{"event":"held",`)) >= held
	})
	return ended
}
