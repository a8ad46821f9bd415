package leaktest

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// systemLooks returns what only this system can compare.
//
// The network poller of the runtime opens its descriptors at its first use and
// keeps them. A pipe makes it do so now.
func systemLooks() []look {
	if r, w, err := os.Pipe(); err == nil {
		r.Close()
		w.Close()
	}
	return []look{processes, descriptors, mappings}
}

// descriptors returns the open descriptors with their targets.
func descriptors() (view, error) {
	const dir = "/proc/self/fd"
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	v := view{}
	for _, entry := range entries {
		target, err := os.Readlink(filepath.Join(dir, entry.Name()))
		if err != nil {
			continue // closed meanwhile, like the one that read the directory
		}
		v[entry.Name()+" "+target] = "descriptor " + entry.Name() + " -> " + target
	}
	return v, nil
}

// mappings returns the memory mappings that are shared with other processes.
func mappings() (view, error) {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return nil, err
	}
	v := view{}
	for line := range strings.Lines(string(maps)) {
		fields := strings.Fields(line) // range, permissions, offset, device, inode, path
		if len(fields) >= 5 && strings.HasSuffix(fields[1], "s") {
			v[strings.Join(fields, " ")] = "shared mapping " + strings.Join(fields, " ")
		}
	}
	return v, nil
}

// process is one line of the system's process table.
type process struct {
	pid, parent, session int
	state, started       string
	exe                  string // empty when it is a zombie or may not be read
}

// processes returns the children of this process, and the processes that run
// its file and were left by their parents. The latter have a parent that
// neither runs the file nor is our own: tools that run one test binary several
// times at once are parents of all of them.
func processes() (view, error) {
	table, err := processTable()
	if err != nil {
		return nil, err
	}
	self := table[os.Getpid()]
	v := view{}
	for _, p := range table {
		child := p.parent == self.pid
		orphan := p.pid != self.pid && self.exe != "" && p.exe == self.exe &&
			p.session == self.session && p.parent != self.parent && table[p.parent].exe != self.exe
		if child || orphan {
			v[strconv.Itoa(p.pid)+" "+p.started] = p.describe(child)
		}
	}
	return v, nil
}

// describe returns a line for the report.
func (p process) describe(child bool) string {
	kind := "orphan"
	if child {
		kind = "child"
	}
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.pid)) // empty for a zombie
	line := strings.ReplaceAll(strings.TrimRight(string(raw), "\x00"), "\x00", " ")
	return fmt.Sprintf("%s process %d, state %s: %s", kind, p.pid, p.state, line)
}

// processTable reads all processes that can be seen, by number.
func processTable() (map[int]process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	table := map[int]process{}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue // not a process
		}
		p, ok, err := readProcess(pid)
		if err != nil {
			return nil, err
		}
		if ok {
			table[pid] = p
		}
	}
	return table, nil
}

// readProcess reads one process. It returns false when the process is gone.
//
// The second field of stat is the command in parentheses and may contain
// anything, so the numbers are read after the last parenthesis.
func readProcess(pid int) (process, bool, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return process{}, false, nil
	}
	text := string(stat)
	fields := strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
	if len(fields) < 20 {
		return process{}, false, fmt.Errorf("/proc/%d/stat: unknown format: %q", pid, text)
	}
	parent, err1 := strconv.Atoi(fields[1])
	session, err2 := strconv.Atoi(fields[3])
	if err1 != nil || err2 != nil {
		return process{}, false, fmt.Errorf("/proc/%d/stat: unknown format: %q", pid, text)
	}
	exe, _ := os.Readlink(fmt.Sprintf("/proc/%d/exe", pid)) // not readable for every process
	return process{
		pid: pid, parent: parent, session: session,
		state: fields[0], started: fields[19], exe: exe,
	}, true, nil
}
