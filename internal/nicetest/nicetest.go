package nicetest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/gotandem/tandem/internal/osproc"
)

// With returns the niceness of this program's main thread and more.
func With(t testing.TB, more int) int {
	t.Helper()
	need(t)
	ours, err := read(fmt.Sprintf("/proc/%d/task/%[1]d/stat", os.Getpid()))
	if err != nil {
		t.Fatal(err)
	}
	return min(ours+more, osproc.MostNice)
}

// Expect fails t unless each process has a thread and all its threads have the
// niceness want.
func Expect(t testing.TB, want int, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		threads := OfThreads(t, pid)
		if len(threads) == 0 {
			t.Errorf("process %d has no thread", pid)
		}
		for thread, nice := range threads {
			if nice != want {
				t.Errorf("thread %d of process %d has niceness %d: want %d", thread, pid, nice, want)
			}
		}
	}
}

// OfThreads returns the niceness of each thread of a process: of none when there is
// no such process.
func OfThreads(t testing.TB, pid int) map[int]int {
	t.Helper()
	need(t)
	paths, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	threads := make(map[int]int)
	for _, path := range paths {
		nice, err := read(path)
		if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ESRCH) {
			continue // it has ended meanwhile
		}
		thread, numberErr := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err := errors.Join(err, numberErr); err != nil {
			t.Fatal(err)
		}
		threads[thread] = nice
	}
	return threads
}

func need(t testing.TB) {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the niceness of threads is read from /proc, which Linux has")
	}
}

// read returns field 19 of a file of /proc. The second field is a name in
// parentheses that may hold anything.
func read(path string) (int, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	if len(fields) < 17 {
		return 0, fmt.Errorf("%s: unknown format: %q", path, text)
	}
	return strconv.Atoi(fields[16])
}
