//go:build unix

package process_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/leaktest"
	"github.com/gotandem/tandem/process"
	"github.com/gotandem/tandem/tandemtest"
	"github.com/gotandem/tandem/worker"
)

// parentRoles are what a parent in a process of its own does.
var parentRoles = map[string]func(ctx context.Context, ex *process.Executor, args []string) error{
	// work lets a worker do something that does not end, and says so.
	"work": func(ctx context.Context, ex *process.Executor, args []string) error {
		if args[0] == "deaf" {
			if _, err := tandem.Run(ctx, ex, act, action{Do: "ignore-term"}); err != nil {
				return err
			}
			args[0] = "spin"
		}
		in := action{Do: args[0], N: 1, Text: args[1]}
		if args[0] == "stop" {
			in.Do, in.N = "signal", int(syscall.SIGSTOP)
		}
		if _, err := tandem.Submit(ctx, ex, act, in); err != nil {
			return err
		}
		want, err := strconv.Atoi(args[2])
		if err != nil {
			return err
		}
		for n := 0; n < want; time.Sleep(time.Millisecond) {
			text, _ := os.ReadFile(args[1])
			n = strings.Count(string(text), "\n")
		}
		for _, w := range ex.Stats().Workers {
			report(args[1], w.PID)
		}
		fmt.Println("working")
		time.Sleep(time.Hour)
		return nil
	},
	// replace changes the file of the program between two workers.
	"replace": func(ctx context.Context, ex *process.Executor, args []string) error {
		if err := os.Remove(args[1]); err != nil {
			return err
		}
		if args[0] == "replaced" {
			if err := os.WriteFile(args[1], []byte("#!/bin/false\n"), 0o700); err != nil {
				return err
			}
		}
		tandem.Run(ctx, ex, act, action{Do: "exit"})
		_, err := tandem.Run(ctx, ex, double, 1)
		return err
	},
}

// playParent is a program with one executor, whose workers have all tasks.
func playParent() {
	os.Unsetenv(modeVariable) // what it starts are workers
	worker.Main(append(tandemtest.Tasks(), double, act, size, mirror)...)
	ex, err := process.New(process.Config{Workers: 1, HandshakeTimeout: 30 * time.Second})
	if err == nil {
		err = parentRoles[os.Args[1]](context.Background(), ex, os.Args[2:])
		ex.Close(context.Background())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A parent that is killed leaves neither workers nor their children.
func TestP3KilledParentLeavesNothing(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for what, reports := range map[string]int{"block": 1, "spin": 1, "deaf": 1, "stop": 1, "children": 3} {
		t.Run(what, func(t *testing.T) {
			leaktest.Check(t)
			pids := filepath.Join(t.TempDir(), "pids")
			p := parent(self, "work", what, pids, strconv.Itoa(reports))
			out, err := p.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := p.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(out).ReadString('\n')
			if err != nil || line != "working\n" {
				t.Errorf("%q, %v", line, err)
			}
			p.Process.Kill()
			p.Wait()
			awaitGone(t, pids)
		})
	}
}
