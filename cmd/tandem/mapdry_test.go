//go:build unix

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestDryRun(t *testing.T) {
	run(t, "a b\nc\n", "map", "--dry-run", "--", "gzip", "-k", "{}").expect(t, 0, "gzip -k 'a b'\ngzip -k c\n")
	run(t, "1\n", "map", "--dry-run", "--line-buffer", "--tag", "--", "echo").expect(t, 0, "echo 1\n")
	run(t, "1\n{x\n", "map", "--dry-run", "--as", "json", "tasks.py:echo").
		expect(t, 1, "tasks.py:echo(1)\n", "tandem: input 2 ({x): input is not valid JSON")
}

// A dry run lists what a run that goes on would run, and leaves the log alone.
func TestDryRunResumed(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	dry := func(args ...string) outcome {
		return run(t, "", append([]string{"map", "--dry-run", "--log", log, "--shell"}, args...)...)
	}
	dry("--resume", "--", "test {} -lt 3", ":::", "1").expect(t, 0, "test '1' -lt 3\n")
	if _, err := os.Stat(log); err == nil {
		t.Fatal("the log was made")
	}
	run(t, "", "map", "--log", log, "--shell", "--", "test {} -lt 3", ":::", "1", "5").expect(t, 1, "", "1 failed")
	before := readFile(t, log)
	inputs := []string{"--", "test {} -lt 3", ":::", "1", "5", "1"}
	dry(append([]string{"--resume"}, inputs...)...).expect(t, 0, "test '1' -lt 3\n", "log: 2 calls have finished\n")
	dry(append([]string{"--resume-failed"}, inputs...)...).
		expect(t, 0, "test '5' -lt 3\ntest '1' -lt 3\n", "log: 1 call has succeeded\n")
	dry("--resume", "--", "true", ":::", "1").expect(t, 2, "", "log is the log of another task")
	dry(inputs...).expect(t, 2, "", "log has the log of a run already")
	if readFile(t, log) != before {
		t.Error("the log was changed")
	}
}

// The first Ctrl-C ends a dry run that waits for inputs.
func TestDryRunInterrupted(t *testing.T) {
	s := start(t, "map", "--dry-run", "--as", "json", "tasks.py:echo")
	fmt.Fprint(s.stdin, "1\n{x\n")
	s.stderr.await(t, "tandem: input 2")
	s.signal(syscall.SIGINT)
	s.wait().expect(t, 130, "tasks.py:echo(1)\n", "tandem: input 2")
}
