//go:build linux

package process_test

import (
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gotandem/tandem"
	"github.com/gotandem/tandem/internal/codec"
	"github.com/gotandem/tandem/internal/leaktest"
	"github.com/gotandem/tandem/internal/osproc"
	"github.com/gotandem/tandem/internal/wire"
	"github.com/gotandem/tandem/process"
)

// mannerVariable says how the template of these tests behaves.
const mannerVariable = "PROCESS_TEST_MANNER"

func init() { modes["template"] = playTemplate }

// playTemplate is a template as far as the engine can tell. It starts its workers
// instead of forking them: this test binary once more.
func playTemplate() {
	manner := os.Getenv(mannerVariable)
	gate, err := wire.ParseGate(os.Getenv(wire.EnvName))
	must(err)
	os.Unsetenv(wire.EnvName)
	os.Unsetenv(modeVariable)
	conn, err := osproc.ConnFromFD(gate.Socket)
	must(err)
	_, _, err = wire.NewReader(conn, 0).Next() // setup; nothing follows before hello
	must(err)
	say := func(t wire.Type, id uint64, body []byte) {
		frame, start := wire.BeginFrame(nil)
		_, err := conn.Write(wire.EndFrame(append(frame, body...), start, wire.Header{Type: t, ID: id}))
		must(err)
	}
	hello, err := wire.Hello{Nonce: gate.Nonce, PID: os.Getpid(), Details: map[string]any{"threads": 1}}.Append(nil)
	must(err)
	say(wire.TypeHello, 0, hello)
	for {
		head, rights := make([]byte, wire.HeaderSize), make([]byte, 256)
		n, oobn, _, _, err := conn.ReadMsgUnix(head, rights)
		if err != nil || n == 0 {
			return
		}
		h, err := wire.ParseHeader(head, 0)
		if h.Type == wire.TypeReap {
			must(err)
			reapChild(manner, say, int(h.ID))
			continue
		}
		h, _ = wire.ParseHeader(head, 1<<16)
		body := make([]byte, h.Length)
		_, err = io.ReadFull(conn, body)
		must(err)
		fork, err := wire.ParseFork(body)
		must(err)
		files := received(rights[:oobn])
		switch manner {
		case "silent":
		case "dies":
			os.Exit(3)
		case "nonsense":
			_, _ = conn.Write(make([]byte, wire.HeaderSize))
		case "stranger":
			say(wire.TypeForked, h.ID, wire.Forked{PID: os.Getppid()}.Append(nil))
		case "init":
			say(wire.TypeForked, h.ID, wire.Forked{PID: 1}.Append(nil))
		case "refuses":
			say(wire.TypeForked, h.ID, wire.Forked{Kind: wire.KindStart, Message: "no room for a process"}.Append(nil))
		default:
			say(wire.TypeForked, h.ID, wire.Forked{PID: startChild(fork.Nonce, files)}.Append(nil))
		}
		for _, file := range files {
			file.Close()
		}
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func received(rights []byte) (files []*os.File) {
	messages, err := syscall.ParseSocketControlMessage(rights)
	must(err)
	for _, m := range messages {
		fds, err := syscall.ParseUnixRights(&m)
		must(err)
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), "received"))
		}
	}
	return files
}

func startChild(nonce string, files []*os.File) int {
	gate := wire.Gate{Version: wire.Version, Socket: 3, BlackBox: 4, Nonce: nonce}
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), wire.EnvName+"="+gate.String())
	cmd.ExtraFiles, cmd.Stdout, cmd.Stderr = files[:2], files[2], files[3]
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	must(cmd.Start())
	return cmd.Process.Pid
}

func reapChild(manner string, say func(wire.Type, uint64, []byte), pid int) {
	switch manner {
	case "forgets":
		return
	case "denies":
		say(wire.TypeReaped, uint64(pid), wire.Reaped{Kind: wire.KindError, Message: "no such child"}.Append(nil))
		return
	}
	var status syscall.WaitStatus
	var usage syscall.Rusage
	_, err := syscall.Wait4(pid, &status, 0, &usage)
	must(err)
	say(wire.TypeReaped, uint64(pid), wire.Reaped{Status: int(status), MaxRSS: usage.Maxrss << 10}.Append(nil))
}

// forking returns a configuration with a template of the given manner.
func forking(manner string) process.Config {
	return process.Config{
		Workers: 1, Env: []string{modeVariable + "=template", mannerVariable + "=" + manner},
		Runtime: &process.Runtime{
			Name: "test", Path: "/proc/self/exe", Codec: codec.Binary{},
			Template: &process.Template{},
		},
	}
}

func TestForkedWorkersServe(t *testing.T) {
	config := forking("good")
	config.Workers = 3
	ex := leakless(t, config)
	for n := range 10 {
		if got := run(t, ex, double, n); got != 2*n {
			t.Errorf("double %d = %d", n, got)
		}
	}
	if got := ex.Stats().StartMethod; got != "template" {
		t.Errorf("start method is %q", got)
	}
	// How a worker ended is known as exactly as of one that was started.
	_, err := tandem.Run(within(t), ex, act, action{Do: "exit", N: 7})
	exit, ok := errors.AsType[*process.ExitError](err)
	if !ok || exit.Code != 7 {
		t.Errorf("error is %v, want exit status 7", err)
	}
	_, err = tandem.Run(within(t), ex, act, action{Do: "signal", N: int(syscall.SIGKILL)})
	if exit, ok := errors.AsType[*process.ExitError](err); !ok || exit.Signal != syscall.SIGKILL {
		t.Errorf("error is %v, want signal: killed", err)
	}
	expect(t, submit(t, ex, double, 4), 8)
}

func TestTemplateThatCannotForkIsAnError(t *testing.T) {
	for manner, wants := range map[string][]string{
		"silent":   {"not ready after 3s, the HandshakeTimeout: its template does not answer"},
		"dies":     {"its template had ended"},
		"nonsense": {"its template had ended"},
		"stranger": {"is not a child of process"},
		"init":     {"pid is 1, want more than 1"},
		"refuses":  {"fork: no room for a process"},
	} {
		t.Run(manner, func(t *testing.T) {
			leaktest.Check(t)
			config := forking(manner)
			config.RestartBudget = 2
			if manner == "silent" {
				config.HandshakeTimeout = 3 * time.Second
			}
			ex := start(t, config)
			err := ex.WaitReady(within(t))
			if !errors.Is(err, tandem.ErrWorkerStart) {
				t.Fatalf("error is %v", err)
			}
			for _, want := range wants {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error is %v, want it to say %q", err, want)
				}
			}
		})
	}
}

// A template that does not say how a worker ended costs the exit status only.
func TestTemplateThatDoesNotReap(t *testing.T) {
	for _, manner := range []string{"forgets", "denies"} {
		t.Run(manner, func(t *testing.T) {
			ex := leakless(t, forking(manner))
			expect(t, submit(t, ex, double, 2), 4)
			_, err := tandem.Run(within(t), ex, act, action{Do: "exit", N: 7})
			if !errors.Is(err, tandem.ErrWorkerLost) || !strings.Contains(err.Error(), "its template does not say how it ended") {
				t.Errorf("error is %v", err)
			}
			expect(t, submit(t, ex, double, 3), 6)
		})
	}
}

func TestMissingProgramOfATemplateIsFinal(t *testing.T) {
	config := forking("good")
	config.Runtime.Path = "/nonexistent/python3"
	ex := leakless(t, config)
	if err := ex.WaitReady(within(t)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
}
