//go:build unix

package main

import (
	"fmt"
	"syscall"
	"testing"
)

func TestDryRun(t *testing.T) {
	run(t, "a b\nc\n", "map", "--dry-run", "--", "gzip", "-k", "{}").expect(t, 0, "gzip -k 'a b'\ngzip -k c\n")
	run(t, "1\n", "map", "--dry-run", "--line-buffer", "--tag", "--", "echo").expect(t, 0, "echo 1\n")
	run(t, "1\n{x\n", "map", "--dry-run", "--as", "json", "tasks.py:echo").
		expect(t, 1, "tasks.py:echo(1)\n", "tandem: input 2 ({x): input is not valid JSON")
}

// The first Ctrl-C ends a dry run that waits for inputs.
func TestDryRunInterrupted(t *testing.T) {
	s := start(t, "map", "--dry-run", "--as", "json", "tasks.py:echo")
	fmt.Fprint(s.stdin, "1\n{x\n")
	s.stderr.await(t, "tandem: input 2")
	s.signal(syscall.SIGINT)
	s.wait().expect(t, 130, "tasks.py:echo(1)\n", "tandem: input 2")
}
