//go:build unix

package process_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/process"
)

var double = tandem.Define("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })

// size returns the length of its input, mirror the input.
var size = tandem.Define("size", func(_ context.Context, b []byte) (int, error) { return len(b), nil })
var mirror = tandem.Define("mirror", func(_ context.Context, n int) ([]byte, error) { return make([]byte, n), nil })

// action is the input of act.
type action struct {
	Do   string // a key of actions
	N    int
	Text string
}

// act does what its input says.
var act = tandem.Define("act", func(ctx context.Context, in action) (string, error) {
	do := actions[in.Do]
	if do == nil {
		return "", fmt.Errorf("no action %q", in.Do)
	}
	return do(ctx, in)
})

var actions map[string]func(context.Context, action) (string, error)

func init() {
	actions = map[string]func(context.Context, action) (string, error){
		"pid":    func(context.Context, action) (string, error) { return strconv.Itoa(os.Getpid()), nil },
		"return": func(_ context.Context, in action) (string, error) { return in.Text, nil },
		"fail":   func(_ context.Context, in action) (string, error) { return "", errors.New(in.Text) },
		"rude":   func(context.Context, action) (string, error) { return "", rudeError{} },
		"exit":   func(_ context.Context, in action) (string, error) { os.Exit(in.N); return "", nil },
		"say-exit": func(_ context.Context, in action) (string, error) {
			os.Stderr.WriteString(in.Text)
			os.Exit(in.N)
			return "", nil
		},
		"signal": signalSelf, "block": block, "spin": spin, "mark": mark,
		"ignore-term": func(ctx context.Context, in action) (string, error) {
			signal.Ignore(syscall.SIGTERM)
			return in.Text, nil
		},
		"children": children, "allocate": allocate, "nested": nested,
		"print": printText, "sockets": sockets, "chdir": chdir, "where": where,
		"own-timeout": func(ctx context.Context, _ action) (string, error) {
			<-ctx.Done()
			return "", fmt.Errorf("gave up: %w", ctx.Err())
		},
		"nested-error": func(context.Context, action) (string, error) {
			return "", &tandem.CallError{Code: "bad_input", Fate: tandem.NotStarted, Task: "inner"}
		},
	}
}

type rudeError struct{}

func (rudeError) Error() string { panic("no text") }
func (rudeError) Unwrap() error { panic("no cause") }

// signalSelf sends signal N to its own process, and blocks.
func signalSelf(ctx context.Context, in action) (string, error) {
	report(in.Text, os.Getpid())
	syscall.Kill(os.Getpid(), syscall.Signal(in.N))
	return block(ctx, action{})
}

// block ignores its context and never ends. It reports its process in the file
// Text.
func block(_ context.Context, in action) (string, error) {
	report(in.Text, os.Getpid())
	time.Sleep(time.Hour)
	return "", nil
}

// spin is block that uses a processor.
func spin(_ context.Context, in action) (string, error) {
	report(in.Text, os.Getpid())
	for n := 0; ; n++ {
		_ = n
	}
}

// mark appends the line N to the file Text, and then kills its process when N is
// a multiple of 1000 past 0.
func mark(_ context.Context, in action) (string, error) {
	report(in.Text, in.N)
	if in.N > 0 && in.N%1000 == 0 {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		time.Sleep(time.Hour)
	}
	return strconv.Itoa(in.N), nil
}

// report appends a line to a file. One short write to a file opened for
// appending is not torn by others.
func report(path string, n int) {
	if path == "" {
		return
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	fmt.Fprintf(f, "%d\n", n)
}

// children starts two processes, one in a group of its own when N is 1, reports
// them in the file Text, and blocks.
func children(ctx context.Context, in action) (string, error) {
	for range 2 {
		c := exec.Command("sleep", "1000")
		if err := c.Start(); err != nil {
			return "", err
		}
		report(in.Text, c.Process.Pid)
	}
	if in.N == 0 {
		return "", nil
	}
	return block(ctx, in)
}

var kept [][]byte

// allocate takes N bytes and keeps them.
func allocate(_ context.Context, in action) (string, error) {
	const step = 1 << 20
	for range in.N / step {
		b := make([]byte, step)
		for i := 0; i < step; i += 4096 {
			b[i] = 1
		}
		kept = append(kept, b)
	}
	return "", nil
}

// nested runs calls on executors of the worker's own.
func nested(ctx context.Context, in action) (string, error) {
	local := tandem.NewLocal(tandem.LocalConfig{})
	defer local.Close(ctx)
	n, err := tandem.Run(ctx, local, double, in.N)
	if err != nil {
		return "", err
	}
	workers, err := process.New(process.Config{Workers: 1, HandshakeTimeout: 30 * time.Second})
	if err != nil {
		return "", err
	}
	defer workers.Close(ctx)
	n, err = tandem.Run(ctx, workers, double, n)
	return strconv.Itoa(n), err
}

// printText writes N times Text to standard output, and to standard error when
// N is negative.
func printText(_ context.Context, in action) (string, error) {
	out := os.Stdout
	if in.N < 0 {
		in.N, out = -in.N, os.Stderr
	}
	_, err := out.WriteString(strings.Repeat(in.Text, in.N))
	return "", err
}

// sockets writes Text to every Unix socket of the worker, or closes them when
// Text is empty.
func sockets(_ context.Context, in action) (string, error) {
	for _, fd := range socketsOfSelf() {
		if in.Text == "" {
			syscall.Close(fd)
		} else {
			syscall.Write(fd, []byte(in.Text))
		}
	}
	return "", nil
}

// socketsOfSelf returns the descriptors of this process that are sockets.
func socketsOfSelf() (fds []int) {
	entries, _ := os.ReadDir("/proc/self/fd")
	for _, e := range entries {
		target, _ := os.Readlink(filepath.Join("/proc/self/fd", e.Name()))
		if fd, err := strconv.Atoi(e.Name()); err == nil && strings.HasPrefix(target, "socket:") {
			fds = append(fds, fd)
		}
	}
	return fds
}

// chdir changes directory and environment of the worker.
func chdir(_ context.Context, in action) (string, error) {
	os.Setenv("PROCESS_TEST_CHANGED", in.Text)
	return "", os.Chdir(in.Text)
}

// where returns directory and environment.
func where(_ context.Context, in action) (string, error) {
	dir, err := os.Getwd()
	return fmt.Sprintf("%d %s %s", os.Getpid(), dir, os.Getenv(in.Text)), err
}
