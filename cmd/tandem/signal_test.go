//go:build unix

package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func makeFifo(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// writeFifo blocks until someone reads.
func writeFifo(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Error(err)
	}
}

// The first Ctrl-C ends the input, which stays open, and lets calls finish.
func TestInterruptFinishesWhatRuns(t *testing.T) {
	for name, task := range map[string][]string{
		"python":  {"tasks.py:announce"},
		"command": {"--", "sh", "-c", `echo '"released"' > "$0.out"; cat "$0"`},
	} {
		t.Run(name, func(t *testing.T) {
			fifo := makeFifo(t)
			s := start(t, append([]string{"map", "-p", "1"}, task...)...)
			fmt.Fprintln(s.stdin, fifo)
			if name == "python" {
				s.stderr.await(t, "started")
			} else {
				awaitReader(t, fifo)
			}
			s.signal(syscall.SIGINT)
			s.stderr.await(t, "tandem: finishing 1 call, press Ctrl-C again to stop it\n")
			writeFifo(t, fifo, "released")
			want := "released"
			if name == "python" {
				want = "\"released\"\n"
			}
			s.wait().expect(t, 130, want, "tandem: 1 input: 1 ok, 0 failed in ")
		})
	}
}

// awaitReader blocks until someone has opened the fifo for reading.
func awaitReader(t *testing.T, fifo string) {
	t.Helper()
	file, err := os.OpenFile(fifo, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = file.Close() })
}

// The second Ctrl-C kills calls that will not end, and what they started.
func TestInterruptTwiceKills(t *testing.T) {
	s := start(t, "map", "-p", "2", "tasks.py:overstay", ":::", "1", "2", "3")
	s.stderr.await(t, "started")
	s.signal(syscall.SIGINT)
	s.stderr.await(t, "tandem: finishing 3 calls, press Ctrl-C again to stop them\n")
	s.signal(syscall.SIGINT)
	o := s.wait()
	o.expect(t, 130, "", "tandem: 3 inputs: 0 ok, 0 failed, 3 not finished in ")
	if strings.Contains(o.stderr, "tandem: input") {
		t.Errorf("errors about calls that were stopped:\n%s", o.stderr)
	}
}

func TestTerminateEnds(t *testing.T) {
	for sig, status := range map[syscall.Signal]int{syscall.SIGTERM: 143, syscall.SIGHUP: 129} {
		t.Run(sig.String(), func(t *testing.T) {
			s := start(t, "map", "--", "sh", "-c", `trap "" TERM; echo started >&2; echo "$0" > "$1"; sleep 600 & wait; wait`)
			fifo := makeFifo(t)
			fmt.Fprintln(s.stdin, fifo)
			if _, err := os.ReadFile(fifo); err != nil {
				t.Fatal(err)
			}
			s.signal(sig)
			s.wait().expect(t, status, "", "1 not finished")
		})
	}
}

// A signal before the task is loaded ends at once.
func TestInterruptWhileLoading(t *testing.T) {
	fifo := makeFifo(t)
	file := filepath.Join(t.TempDir(), "loading.py")
	if err := os.WriteFile(file, fmt.Appendf(nil, "open(%q, 'w').close()\nimport time\ntime.sleep(600)\n", fifo), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, "map", file+":f", ":::", "1")
	if _, err := os.ReadFile(fifo); err != nil {
		t.Fatal(err)
	}
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
