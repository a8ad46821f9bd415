// Package procs reads from /proc which processes there are below another one,
// and how much memory they take. It needs Linux.
package procs

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Below returns the numbers of all processes below root: its children, theirs,
// and so on.
func Below(root int) (map[int]bool, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	children := make(map[int][]int)
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue // no process
		}
		if parent, ok := parentOf(pid); ok {
			children[parent] = append(children[parent], pid)
		}
	}
	found := make(map[int]bool)
	for todo := []int{root}; len(todo) > 0; {
		last := len(todo) - 1
		next := children[todo[last]]
		todo = append(todo[:last], next...)
		for _, pid := range next {
			found[pid] = true
		}
	}
	return found, nil
}

// parentOf returns the parent of a process, if that has not ended.
func parentOf(pid int) (int, bool) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, false
	}
	// The name is in parentheses and may have any character; the state follows.
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
	if len(fields) < 2 {
		return 0, false
	}
	parent, err := strconv.Atoi(fields[1])
	return parent, err == nil
}

// Proportional returns the proportional set size of a process in bytes: what
// it shares with n others counts for one part of n+1.
func Proportional(pid int) (int64, error) { return field(pid, "smaps_rollup", "Pss:") }

// Peak returns the largest resident set size that a process has had, in bytes.
func Peak(pid int) (int64, error) { return field(pid, "status", "VmHWM:") }

// field returns a size from a file of a process.
func field(pid int, file, name string) (int64, error) {
	path := fmt.Sprintf("/proc/%d/%s", pid, file)
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); {
		parts := strings.Fields(lines.Text())
		if len(parts) == 3 && parts[0] == name && parts[2] == "kB" {
			kilobytes, err := strconv.ParseInt(parts[1], 10, 64)
			return kilobytes << 10, err
		}
	}
	return 0, fmt.Errorf("%s has no %s", path, name)
}
