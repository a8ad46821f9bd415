package osproc_test

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/gotandem/tandem/internal/osproc"
)

// memoryRole limits itself, says by what, and then uses memory: first short-lived
// pieces, then pieces that it keeps, in MiB.
func memoryRole(args []string) {
	limit, _ := strconv.ParseInt(args[0], 10, 64)
	churn, _ := strconv.Atoi(args[1])
	keep, _ := strconv.Atoi(args[2])
	mechanism, err := osproc.LimitMemory(limit << 20)
	fmt.Printf("%q %v\n", mechanism, err)
	if err != nil {
		return
	}
	var piece []byte
	for range churn {
		piece = touched(1 << 20)
	}
	var kept [][]byte
	for range keep {
		kept = append(kept, touched(1<<20))
	}
	fmt.Println("done", len(piece)+len(kept) > 0)
}

func touched(n int) []byte {
	piece := make([]byte, n)
	for i := 0; i < n; i += 4096 {
		piece[i] = 1
	}
	return piece
}

func TestLimitMemory(t *testing.T) {
	cases := []struct {
		name, limit, churn, keep string
		code                     int
		output                   string // matches it
	}{
		{"garbage is no use", "512", "2000", "0", 0, "done"},
		{"live memory below", "512", "0", "250", 0, "done"},
		{"live memory above", "512", "0", "600", 2, "out of memory|pthread_create failed"},
		{"too little to start", "1", "0", "0", 0, "already used"},
		{"nothing", "0", "0", "0", 0, "want more than"},
	}
	s := newSpawner(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			out, child := newCapture(t)
			command := roleCommand(t, "memory", c.limit, c.churn, c.keep)
			command.Stdout, command.Stderr = child, child
			p := start(t, s, command)
			child.Close()
			out.Wait()
			exit := p.Reap()
			text := strings.Join(out.lines, "\n")
			if strings.Contains(text, "race detector") {
				return // its stated refusal
			}
			if exit.Code != c.code || !regexp.MustCompile(c.output).MatchString(text) {
				t.Errorf("%v, want status %d and %q in:\n%.2000s", exit, c.code, c.output, text)
			}
		})
	}
}

func TestResidentSize(t *testing.T) {
	size, err := osproc.ResidentSize(os.Getpid())
	if err != nil || size < 1<<20 {
		t.Errorf("own resident size = %d, %v, want at least 1 MiB", size, err)
	}
	p := start(t, newSpawner(t), roleCommand(t, "exit", "0"))
	waitFor(t, p.Exited(), "exit")
	if size, err := osproc.ResidentSize(p.PID()); err != nil || size != 0 {
		t.Errorf("resident size of an ended process = %d, %v, want 0", size, err)
	}
	if _, err := osproc.ResidentSize(-1); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("resident size of no process: %v, want ErrNotExist", err)
	}
}
