package procs_test

import (
	"os"
	"os/exec"
	"testing"

	"github.com/gotandem/tandem/bench/internal/procs"
)

func TestBelowFindsGrandchildren(t *testing.T) {
	// The outer shell waits for the inner one, which waits for its input.
	cmd := exec.Command("sh", "-c", "sh -c 'echo ready; read line; exit 0'; exit 0")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	below, err := procs.Below(os.Getpid())
	if err != nil || !below[cmd.Process.Pid] || len(below) < 2 {
		t.Errorf("Below = %v, %v, want %d and its child", below, err, cmd.Process.Pid)
	}
	if err := in.Close(); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestSizesOfThisProcess(t *testing.T) {
	for name, size := range map[string]func(int) (int64, error){"Proportional": procs.Proportional, "Peak": procs.Peak} {
		if got, err := size(os.Getpid()); err != nil || got < 1<<20 || got > 1<<32 {
			t.Errorf("%s = %d, %v, want between 1 MiB and 4 GiB", name, got, err)
		}
	}
	if _, err := procs.Peak(-1); err == nil {
		t.Error("a process that cannot be has a size")
	}
}
