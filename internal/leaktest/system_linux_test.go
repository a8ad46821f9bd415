package leaktest

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// A shared mapping stays after its descriptor is closed, and is found.
func TestCheckFindsSharedMapping(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "segment")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(4096); err != nil {
		t.Fatal(err)
	}
	r := &recorder{TB: t}
	checkWith(r, shortGrace)
	mem, err := syscall.Mmap(int(f.Fd()), 0, 4096, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	got := r.end()
	if err := syscall.Munmap(mem); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got, "shared mapping") || !strings.Contains(got, "segment") {
		t.Errorf("report does not name the mapping:\n%s", got)
	}
}

// A child that has ended but was not waited for is a leak: a zombie.
func TestCheckFindsZombie(t *testing.T) {
	r := &recorder{TB: t}
	checkWith(r, shortGrace)
	p, err := os.StartProcess(os.Args[0], []string{os.Args[0], "-test.run=^nothing$"}, &os.ProcAttr{})
	if err != nil {
		t.Fatal(err)
	}
	got := r.end()
	if _, err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(got, "child process") {
		t.Errorf("report does not name the child:\n%s", got)
	}
}

// A worker that has outlived the worker that started it is a leak, although it
// is no child of this process.
func TestCheckFindsOrphan(t *testing.T) {
	r := &recorder{TB: t}
	checkWith(r, shortGrace)
	hold, stdin, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = []string{leakVariable + "=abandon"}
	cmd.Stdin = hold
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	got := r.end()
	stdin.Close() // ends the orphan
	hold.Close()

	want := "orphan process " + strings.TrimSpace(string(out))
	if !strings.Contains(got, want) {
		t.Errorf("report does not contain %q:\n%s", want, got)
	}
}
