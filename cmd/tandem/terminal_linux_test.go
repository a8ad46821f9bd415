package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"unsafe"
)

// openTerminal returns the two ends of a terminal: the one of its user, and the
// one of programs.
func openTerminal(t *testing.T) (user, programs *os.File) {
	t.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = user.Close() })
	connection, err := user.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var number, unlocked int32
	var failed syscall.Errno
	err = connection.Control(func(fd uintptr) {
		_, _, failed = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCSPTLCK, uintptr(unsafe.Pointer(&unlocked)))
		if failed == 0 {
			_, _, failed = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCGPTN, uintptr(unsafe.Pointer(&number)))
		}
	})
	if err != nil || failed != 0 {
		t.Fatal(err, failed)
	}
	programs, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = programs.Close() })
	return user, programs
}

// show copies what the terminal shows until its programs are gone.
func show(user *os.File, screen *watched) (shown chan struct{}) {
	shown = make(chan struct{})
	go func() {
		defer close(shown)
		buffer := make([]byte, 4096)
		for {
			n, err := user.Read(buffer)
			if n > 0 {
				_, _ = screen.Write(buffer[:n])
			}
			if err != nil {
				return // EIO: no program has it open
			}
		}
	}()
	return shown
}

// Inputs are expected from a terminal only when somebody can know that.
func TestTerminalInputIsRefused(t *testing.T) {
	_, programs := openTerminal(t)
	s := startWith(t, programs.Name(), "", "map", "tasks.py:echo")
	s.wait().expect(t, 2, "", "tandem: no inputs: write ::: INPUT... at the end")
}

// Progress is drawn on a terminal while calls run, and erased before lines that
// stay.
func TestTerminalShowsProgress(t *testing.T) {
	user, programs := openTerminal(t)
	screen := newWatched()
	shown := show(user, screen)
	fifo := makeFifo(t)
	s := prepare(t, "map", "-p", "1", "tasks.py:announce", ":::", fifo)
	s.cmd.Stderr, s.cmd.Env = programs, append(s.cmd.Env, "TERM=xterm")
	s.begin("", "")
	gate := openFifo(t, fifo)
	screen.await(t, "started")
	screen.await(t, "tandem: 0 of 1 done, 1 running")
	fmt.Fprint(gate, "released")
	_ = gate.Close()
	o := s.wait()
	_ = programs.Close()
	<-shown
	if o.status != 0 || o.stdout != "\"released\"\n" {
		t.Errorf("exit status %d, stdout %q", o.status, o.stdout)
	}
	const erase = "\r\x1b[K"
	text := screen.String()
	_, end, _ := strings.Cut(text[strings.LastIndex(text, erase):], erase)
	if !strings.HasPrefix(end, "tandem: 1 input: 1 ok, 0 failed in ") || !strings.HasSuffix(end, "\r\n") {
		t.Errorf("the terminal ends with %q", end)
	}
	if !strings.Contains(text, erase+"started\r\n") && !strings.HasPrefix(text, "started\r\n") {
		t.Errorf("the progress line was not erased before a line: %q", text)
	}
}

// Results on the same terminal do not end up behind the progress line.
func TestTerminalShowsResults(t *testing.T) {
	user, programs := openTerminal(t)
	screen := newWatched()
	show(user, screen)
	fifo := makeFifo(t)
	s := prepare(t, "map", "-p", "1", "tasks.py:announce", ":::", fifo)
	s.cmd.Stderr, s.cmd.Env = programs, append(s.cmd.Env, "TERM=xterm")
	s.begin("", programs.Name())
	gate := openFifo(t, fifo)
	screen.await(t, "tandem: 0 of 1 done, 1 running")
	fmt.Fprint(gate, "released")
	_ = gate.Close()
	s.wait()
	screen.await(t, "\r\x1b[K\"released\"\r\n")
}
