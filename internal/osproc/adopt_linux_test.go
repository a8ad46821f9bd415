package osproc_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/gotandem/tandem/internal/osproc"
)

func init() {
	// foster starts a grandchild that leads a group, of the role that it is given,
	// says its number, and reaps it when it is sent a byte.
	roles["foster"] = func(args []string) {
		child := exec.Command("/proc/self/exe")
		child.Env = []string{roleVariable + "=" + args[0]}
		child.ExtraFiles = []*os.File{os.NewFile(3, "socket")}
		child.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
		check(child.Start())
		say(strconv.Itoa(child.Process.Pid) + "\n")
		one := make([]byte, 1)
		_, err := syscall.Read(3, one)
		check(err)
		var status syscall.WaitStatus
		var usage syscall.Rusage
		_, err = syscall.Wait4(child.Process.Pid, &status, 0, &usage)
		check(err)
		say("reaped " + strconv.Itoa(int(status)) + "\n")
	}
}

// foster is a process with a child that is adopted.
type foster struct {
	parent *osproc.Process
	conn   interface {
		Read([]byte) (int, error)
		Write([]byte) (int, error)
	}
	child *osproc.Process
	asked int
}

func newFoster(t *testing.T, role string) *foster {
	t.Helper()
	if err := osproc.CanAdopt(); err != nil {
		t.Skip(err)
	}
	conn, end, err := osproc.Socketpair()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	defer end.Close()
	self, err := osproc.Self()
	if err != nil {
		t.Fatal(err)
	}
	f := &foster{conn: conn}
	f.parent, err = newSpawner(t).Start(context.Background(), osproc.Command{
		Path: self, Args: []string{role}, Env: []string{roleVariable + "=foster"}, Files: []*os.File{end},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = f.parent.KillGroup()
		f.parent.Reap()
	})
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(f.line(t))
	if err != nil {
		t.Fatal(err)
	}
	if f.child, err = osproc.Adopt(f.parent, pid, func() osproc.Exit { return f.reap(t) }); err != nil {
		t.Fatal(err)
	}
	return f
}

// line reads words up to a line end; "ready" is what some roles say.
func (f *foster) line(t *testing.T) string {
	t.Helper()
	var text []byte
	one := make([]byte, 1)
	for {
		if _, err := f.conn.Read(one); err != nil {
			return string(text)
		}
		if one[0] == '\n' {
			return strings.ReplaceAll(string(text), "ready", "")
		}
		text = append(text, one[0])
	}
}

func (f *foster) reap(t *testing.T) osproc.Exit {
	f.asked++
	_, _ = f.conn.Write([]byte{1})
	status, err := strconv.Atoi(strings.TrimPrefix(f.line(t), "reaped "))
	if err != nil {
		return osproc.Exit{Code: osproc.CodeUnknown}
	}
	return osproc.ExitOf(status, 0, 0, 1)
}

func awaitExited(t *testing.T, p *osproc.Process) {
	t.Helper()
	select {
	case <-p.Exited():
	case <-time.After(patience):
		t.Fatal("the process does not end")
	}
}

func TestAdoptedProcessIsKilledAndReapedByItsParent(t *testing.T) {
	f := newFoster(t, "wait")
	select {
	case <-f.child.Exited():
		t.Error("it has ended")
	default:
	}
	if err := f.child.KillGroup(); err != nil {
		t.Error(err)
	}
	awaitExited(t, f.child)
	if err := syscall.Kill(f.child.PID(), 0); err != nil {
		t.Errorf("the number is free before Reap: %v", err)
	}
	for range 2 {
		if exit := f.child.Reap(); exit.Signal != syscall.SIGKILL || exit.Code != osproc.CodeSignaled || exit.MaxRSS != 1 {
			t.Errorf("exit is %+v", exit)
		}
	}
	if f.asked != 1 {
		t.Errorf("its parent was asked %d times", f.asked)
	}
	if err := f.child.Signal(syscall.SIGTERM); !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("signal after Reap: %v", err)
	}
}

// The rest of a group is killed also when the leader was reaped by someone else,
// because its parent has died.
func TestAdoptedGroupIsKilledWhenItsParentHasDied(t *testing.T) {
	f := newFoster(t, "family")
	if err := f.parent.KillGroup(); err != nil {
		t.Fatal(err)
	}
	f.parent.Reap()
	if err := f.child.KillGroup(); err != nil {
		t.Error(err)
	}
	awaitExited(t, f.child)
	if exit := f.child.Reap(); exit.Code != osproc.CodeUnknown {
		t.Errorf("exit is %v, want unknown", exit)
	}
	// The grandchild held the socket, and is gone.
	if text := f.line(t); strings.TrimLeft(text, "ready") != "" {
		t.Errorf("somebody said %q", text)
	}
}

func TestAdoptRefusesStrangers(t *testing.T) {
	f := newFoster(t, "wait")
	for _, pid := range []int{1, os.Getpid(), f.parent.PID()} {
		if p, err := osproc.Adopt(f.parent, pid, nil); err == nil {
			t.Errorf("process %d was adopted: %v", pid, p)
		}
	}
	_ = f.child.KillGroup()
	f.child.Reap()
	if _, err := osproc.Adopt(f.parent, f.child.PID(), nil); err == nil {
		t.Error("a process that was reaped was adopted")
	}
}

func TestSendFilesPassesFiles(t *testing.T) {
	conn, end, err := osproc.Socketpair()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	defer end.Close()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := osproc.SendFiles(conn, []byte("frame"), w, w); err != nil {
		t.Fatal(err)
	}
	w.Close()
	data, rights := make([]byte, 16), make([]byte, 128)
	n, oobn, _, _, err := unix.Recvmsg(int(end.Fd()), data, rights, unix.MSG_CMSG_CLOEXEC)
	if err != nil || string(data[:n]) != "frame" {
		t.Fatalf("received %q, %v", data[:n], err)
	}
	messages, err := unix.ParseSocketControlMessage(rights[:oobn])
	if err != nil || len(messages) != 1 {
		t.Fatalf("%d messages, %v", len(messages), err)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 2 {
		t.Fatalf("%d descriptors, %v", len(fds), err)
	}
	_, err = unix.Write(fds[1], []byte("x"))
	for _, fd := range fds {
		unix.Close(fd)
	}
	if got := make([]byte, 2); err != nil {
		t.Error(err)
	} else if n, _ := r.Read(got); string(got[:n]) != "x" {
		t.Errorf("read %q", got[:n])
	}
	if err := osproc.SendFiles(conn, []byte("frame"), w); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a closed file: %v", err)
	}
}
