package osproc

import (
	"errors"
	"os/exec"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// Kernels before 6.9 know no signals to a group by pidfd. Then the number is used
// as long as it is the leader's.
func TestSignalByNumberOnlyUntilTheLeaderIsReaped(t *testing.T) {
	if err := CanAdopt(); err != nil {
		t.Skip(err)
	}
	cmd := exec.Command("sleep", "60")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	fd, err := unix.PidfdOpen(cmd.Process.Pid, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := signalByNumber(fd, cmd.Process.Pid, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait()
	if err := signalByNumber(fd, cmd.Process.Pid, syscall.SIGKILL); !errors.Is(err, unix.ESRCH) {
		t.Errorf("after the leader was reaped: %v", err)
	}
}
