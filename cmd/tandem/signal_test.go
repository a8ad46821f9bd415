//go:build unix

package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func makeFifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// openFifo opens a fifo for writing when someone has opened it for reading.
func openFifo(t *testing.T, path string) *os.File {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		file, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NONBLOCK, 0)
		if err == nil {
			return file
		}
		if !errors.Is(err, syscall.ENXIO) || time.Now().After(deadline) {
			t.Fatalf("nobody reads: %v", err)
		}
		time.Sleep(5 * time.Millisecond) // a plain open tells, but could not be ended
	}
}

// writeFifo writes text to whoever reads, or will.
func writeFifo(t *testing.T, path, text string) {
	t.Helper()
	file := openFifo(t, path)
	if _, err := file.WriteString(text); err != nil {
		t.Error(err)
	}
	_ = file.Close()
}

// readFifo blocks until someone has written to the fifo.
func readFifo(t *testing.T, path string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	_ = file.SetReadDeadline(time.Now().Add(patience))
	if _, err := file.Read(make([]byte, 64)); err != nil {
		t.Fatalf("nobody wrote: %v", err)
	}
}

// The first Ctrl-C ends the input, which stays open, and lets calls finish.
func TestInterruptFinishesWhatRuns(t *testing.T) {
	for name, task := range map[string][]string{
		"python":  {"tasks.py:announce"},
		"command": {"--", "sh", "-c", `echo started; cat "$0"`},
	} {
		t.Run(name, func(t *testing.T) {
			fifo := makeFifo(t)
			s := start(t, append([]string{"map", "-p", "1"}, task...)...)
			fmt.Fprintln(s.stdin, fifo)
			gate := openFifo(t, fifo)
			s.signal(syscall.SIGINT)
			s.stderr.await(t, "tandem: finishing 1 call, press Ctrl-C again to stop it\n")
			fmt.Fprint(gate, "released")
			_ = gate.Close()
			want := map[string]string{"python": "\"released\"\n", "command": "started\nreleased"}[name]
			s.wait().expect(t, 130, want, "tandem: 1 input: 1 ok, 0 failed, the rest not run in ")
		})
	}
}

// The second Ctrl-C kills calls that will not end, and what they started.
func TestInterruptTwiceKills(t *testing.T) {
	s := start(t, "map", "-p", "2", "tasks.py:overstay", ":::", "1", "2", "3")
	s.stderr.await(t, "started")
	s.signal(syscall.SIGINT)
	s.stderr.await(t, "tandem: finishing 2 calls, press Ctrl-C again to stop them\n")
	s.signal(syscall.SIGINT)
	o := s.wait()
	o.expect(t, 130, "", "tandem: 2 inputs: 0 ok, 0 failed, 2 not finished, 1 not run in ")
	if strings.Contains(o.stderr, "tandem: input") {
		t.Errorf("errors about calls that were stopped:\n%s", o.stderr)
	}
}

// SIGTERM and SIGHUP let calls finish too, and say so.
func TestTerminateFinishesWhatRuns(t *testing.T) {
	for sig, want := range map[syscall.Signal]struct {
		status int
		said   string
	}{
		syscall.SIGTERM: {143, "tandem: terminated: finishing 1 call, another SIGTERM stops it\n"},
		syscall.SIGHUP:  {129, "tandem: hangup: finishing 1 call, SIGTERM stops it\n"},
	} {
		t.Run(sig.String(), func(t *testing.T) {
			fifo := makeFifo(t)
			s := start(t, "map", "-p", "1", "--", "sh", "-c", `echo started; cat "$0"`)
			fmt.Fprintln(s.stdin, fifo)
			gate := openFifo(t, fifo)
			s.signal(sig)
			s.stderr.await(t, want.said)
			fmt.Fprint(gate, "released")
			_ = gate.Close()
			s.wait().expect(t, want.status, "started\nreleased", "tandem: 1 input: 1 ok, 0 failed, the rest not run in ")
		})
	}
}

// During a drain nothing starts, also not again: a call whose attempt fails has not
// finished.
func TestDrainRepeatsNothing(t *testing.T) {
	python := folder(t, map[string]string{"task.py": "import os\n\n\ndef f(fifo):\n    if os.path.exists(fifo + \".tried\"):\n        open(fifo).read()\n" +
		"    open(fifo + \".tried\", \"w\").close()\n    raise ValueError(fifo)\n"}) + "task.py:f"
	for name, args := range map[string][]string{
		"command": {"--", "sh", "-c", `[ ! -e "$0.tried" ] || cat "$0"; : > "$0.tried"; exit 1`}, "python": {"--as", "str", python},
	} {
		t.Run(name, func(t *testing.T) {
			fifo, log := makeFifo(t), filepath.Join(t.TempDir(), "log")
			s := start(t, append([]string{"map", "-p", "1", "--retries", "0", "--log", log}, args...)...)
			fmt.Fprintln(s.stdin, fifo)
			gate := openFifo(t, fifo) // of the second attempt
			s.signal(syscall.SIGTERM)
			s.stderr.await(t, "finishing 1 call")
			_ = gate.Close()
			s.wait().expect(t, 143, "", "0 failed, 1 not finished")
			content, err := os.ReadFile(log)
			if err != nil || !strings.Contains(string(content), `"event":"end","number":1,`) || !strings.Contains(string(content), `"status":"cut"`) {
				t.Errorf("the log has %s, %v", content, err)
			}
		})
	}
}

// The second SIGTERM kills what will not end, and what it started.
func TestTerminateTwiceKills(t *testing.T) {
	s := start(t, "map", "--", "sh", "-c", `trap "" TERM; echo started > "$0"; sleep 600 & wait; wait`)
	fifo := makeFifo(t)
	fmt.Fprintln(s.stdin, fifo)
	readFifo(t, fifo)
	s.signal(syscall.SIGTERM)
	s.stderr.await(t, "another SIGTERM stops it\n")
	s.signal(syscall.SIGTERM)
	s.wait().expect(t, 143, "", "1 not finished")
}

// A hangup that is ignored from the start, as under nohup, stays ignored.
func TestIgnoredHangupStaysIgnored(t *testing.T) {
	fifo := makeFifo(t)
	s := prepare(t, "map", "-p", "1", "--", "sh", "-c", `echo started; cat "$0"`)
	s.cmd.Path, s.cmd.Args = "/bin/sh", append([]string{"sh", "-c", `trap "" HUP; exec "$0" "$@"`, program}, s.cmd.Args[1:]...)
	s.begin("", "")
	fmt.Fprintln(s.stdin, fifo)
	gate := openFifo(t, fifo)
	if err := s.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Error(err)
	}
	fmt.Fprint(gate, "released")
	_ = gate.Close()
	_ = s.stdin.Close()
	s.wait().expect(t, 0, "started\nreleased")
}

// A signal before the task is loaded ends at once.
func TestInterruptWhileLoading(t *testing.T) {
	fifo := makeFifo(t)
	file := filepath.Join(t.TempDir(), "loading.py")
	if err := os.WriteFile(file, fmt.Appendf(nil, "open(%q, 'w').write('x')\nimport time\ntime.sleep(600)\n", fifo), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, "map", file+":f", ":::", "1")
	readFifo(t, fifo)
	s.signal(syscall.SIGINT)
	if o := s.wait(); o.status != 130 || strings.Contains(o.stderr, "tandem: cannot") {
		t.Errorf("exit status %d, stderr %q", o.status, o.stderr)
	}
}

// A reader that has enough ends the program quietly, as it does cat.
func TestClosedOutputEndsQuietly(t *testing.T) {
	for name, args := range map[string][]string{"python": {"map", "tasks.py:echo"}, "command": {"map", "--", "echo"}} {
		t.Run(name, func(t *testing.T) {
			s := start(t, args...)
			fed := make(chan struct{})
			go func() {
				defer close(fed)
				for {
					if _, err := s.stdin.Write([]byte("1\n2\n3\n4\n")); err != nil {
						return
					}
				}
			}()
			if line, err := bufio.NewReaderSize(s.stdout, 16).ReadString('\n'); err != nil || line != "1\n" {
				t.Errorf("read %q, %v", line, err)
			}
			_ = s.stdout.Close()
			_ = s.cmd.Wait()
			<-fed
			if status := s.cmd.ProcessState.ExitCode(); status != 141 || s.stderr.String() != "" {
				t.Errorf("exit status %d, stderr %q", status, s.stderr)
			}
		})
	}
}
