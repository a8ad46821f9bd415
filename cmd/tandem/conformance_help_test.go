//go:build linux

package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// helperName is the first argument of the test binary when it plays the part of a
// command.
const helperName = "conformance-helper"

func init() {
	if len(os.Args) > 2 && os.Args[1] == helperName {
		os.Exit(playPart(os.Args[2], os.Args[3:]))
	}
}

// helper returns the command line of a part that the test binary plays.
func helper(t *testing.T, part string, args ...string) []string {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return append([]string{path, helperName, part}, args...)
}

// playPart plays a part and returns the exit status.
func playPart(part string, args []string) int {
	switch part {
	case "mix": // TAG SIZE: chunks without an end on both streams in turn, then lines
		tag, size := args[0], number(args[1])
		for range 3 {
			os.Stdout.Write(bytes.Repeat([]byte(tag), size))
			os.Stderr.Write(bytes.Repeat([]byte(strings.ToUpper(tag)), size))
		}
		for n := range 10 {
			fmt.Fprintf(os.Stdout, "\n%s %d", tag, n)
			fmt.Fprintf(os.Stderr, "\n%s %d", strings.ToUpper(tag), n)
		}
		fmt.Fprintln(os.Stdout)
		fmt.Fprintln(os.Stderr)
	case "blast": // SIZE SEED: so many bytes without a line feed
		if _, err := io.Copy(os.Stdout, newPattern(number(args[1]), number(args[0]))); err != nil {
			return 1
		}
	case "arguments": // each in hexadecimal
		for _, arg := range args {
			fmt.Println(hex.EncodeToString([]byte(arg)))
		}
	}
	return 0
}

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil {
		panic(err)
	}
	return n
}

// pattern is a stream of bytes that depend on a seed and on where they stand,
// without line feeds.
type pattern struct {
	block    []byte
	at, left int
}

func newPattern(seed, size int) *pattern {
	block := make([]byte, 65_521) // a prime: no buffer's size divides it
	state := uint32(seed)*2_654_435_761 + 1
	for i := range block {
		state = state*1_664_525 + 1_013_904_223
		block[i] = 'a' + byte(state>>24)%26
	}
	return &pattern{block: block, left: size}
}

func (p *pattern) Read(b []byte) (int, error) {
	if p.left == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), p.left)], p.block[p.at:])
	p.at, p.left = (p.at+n)%len(p.block), p.left-n
	return n, nil
}

// expectStream reads from r what want has, to its end, and fails the test at the
// first difference.
func expectStream(t *testing.T, r io.Reader, want io.Reader) {
	t.Helper()
	got, wanted := make([]byte, mib), make([]byte, mib)
	for at := int64(0); ; {
		n, err := io.ReadFull(want, wanted)
		m, gotErr := io.ReadFull(r, got[:n])
		if m != n || !bytes.Equal(got[:n], wanted[:n]) {
			t.Fatalf("the stream differs from what was sent between byte %d and %d (%v)", at, at+int64(n), gotErr)
		}
		at += int64(n)
		if err != nil {
			return
		}
	}
}

// expectEnd fails the test when r has more.
func expectEnd(t *testing.T, r io.Reader) {
	t.Helper()
	more, err := io.ReadAll(io.LimitReader(r, 100))
	if len(more) > 0 || err != nil {
		t.Errorf("more than was sent: %q, %v", more, err)
	}
}

// peakMemory follows the most memory that the program ever had, until the function
// it returns is called, which returns that in bytes.
func (s *started) peakMemory() func() int64 {
	name := fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid)
	stop, stopped, most := make(chan struct{}), make(chan struct{}), int64(0)
	go func() {
		defer close(stopped)
		for ended := false; !ended; {
			select {
			case <-time.After(2 * time.Millisecond): // nothing tells; the last reading is at most that old
			case <-stop:
				ended = true
			}
			most = max(most, statusLine(name, "VmHWM:"))
		}
	}()
	end := sync.OnceValue(func() int64 {
		close(stop)
		<-stopped
		return most
	})
	s.t.Cleanup(func() { end() })
	return end
}

// statusLine returns the bytes that a line of /proc/PID/status says; 0 when the
// process is gone.
func statusLine(name, key string) int64 {
	file, err := os.Open(name)
	if err != nil {
		return 0
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if rest, found := strings.CutPrefix(lines.Text(), key); found {
			n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n * kib
		}
	}
	return 0
}

// memoryBound is what a test takes for bounded memory. The race detector needs
// more than the program.
func memoryBound(bytes int64) int64 {
	if len(buildFlags) > 0 {
		return 2 * bytes
	}
	return bytes
}

// writeFile makes a file in a folder that ends with the test, and returns its path.
func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// fileLines returns the lines of a file; none when there is no file.
func fileLines(t *testing.T, path string) []string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return strings.Fields(string(text))
}

// eventually waits until a condition holds that no event tells.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain until %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// with adds to the environment of a run that has not begun.
func (s *started) with(variables ...string) *started {
	s.cmd.Env = append(s.cmd.Env, variables...)
	return s
}

// within makes a run that has not begun start by a shell script, which gets the
// command line of the program as its arguments.
func (s *started) within(script string, before ...string) *started {
	s.t.Helper()
	args := append(before, "sh", "-c", script, "sh")
	s.cmd.Args = append(args, s.cmd.Args...)
	path, err := exec.LookPath(args[0])
	if err != nil {
		s.t.Fatal(err)
	}
	s.cmd.Path = path
	return s
}
