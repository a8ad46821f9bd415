package machine

import (
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Facts is what is known of this machine.
type Facts struct {
	System string `json:"system"` // GOOS/GOARCH

	Cores  int     `json:"cores"`            // that this process may use
	Online int     `json:"online,omitempty"` // that the machine has
	Quota  float64 `json:"quota,omitempty"`  // processors' worth of time by the control group; 0: no quota

	Memory      int64 `json:"memory,omitempty"`       // bytes of the machine
	Available   int64 `json:"available,omitempty"`    // of them for new programs
	MemoryLimit int64 `json:"memory_limit,omitempty"` // of the control group; 0: none

	Files     uint64 `json:"files,omitempty"`      // descriptors that this process may have open
	FilesMost uint64 `json:"files_most,omitempty"` // to which that may be raised

	Temp      string `json:"temp"`                 // directory for temporary files
	TempFree  int64  `json:"temp_free,omitempty"`  // bytes free there
	TempError string `json:"temp_error,omitempty"` // why nothing can be written there; empty when it can
}

// Read reads the facts. temp is the folder for temporary files.
func Read(temp string) Facts {
	f := Facts{System: runtime.GOOS + "/" + runtime.GOARCH, Cores: runtime.NumCPU(), Temp: temp}
	f.readSystem()
	if err := tryTemp(f.Temp); err != nil {
		f.TempError = err.Error()
	}
	return f
}

// tryTemp makes a file in dir and removes it.
func tryTemp(dir string) error {
	file, err := os.CreateTemp(dir, "tandem-doctor-")
	if err != nil {
		return err
	}
	err = file.Close()
	if removed := os.Remove(file.Name()); err == nil {
		err = removed
	}
	return err
}

// parseQuota reads cpu.max of a control group: microseconds of processor time
// per period, or "max".
func parseQuota(text string) float64 {
	fields := strings.Fields(text)
	if len(fields) != 2 || fields[0] == "max" {
		return 0
	}
	quota, err1 := strconv.ParseFloat(fields[0], 64)
	period, err2 := strconv.ParseFloat(fields[1], 64)
	if err1 != nil || err2 != nil || quota <= 0 || period <= 0 {
		return 0
	}
	return quota / period
}

// parseLimit reads memory.max of a control group: bytes, or "max".
func parseLimit(text string) int64 {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil || n < 0 {
		return 0
	}
	return n
}

// parseMeminfo reads one line of /proc/meminfo, in bytes.
func parseMeminfo(text, name string) int64 {
	for line := range strings.Lines(text) {
		rest, ok := strings.CutPrefix(line, name+":")
		if !ok {
			continue
		}
		kilobytes, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 10, 64)
		if err != nil {
			return 0
		}
		return kilobytes << 10
	}
	return 0
}

// parseList counts the numbers of a list such as 0-3,8.
func parseList(text string) int {
	n := 0
	for part := range strings.SplitSeq(strings.TrimSpace(text), ",") {
		from, to, isRange := strings.Cut(part, "-")
		first, err := strconv.Atoi(from)
		last := first
		if isRange && err == nil {
			last, err = strconv.Atoi(to)
		}
		if err != nil || last < first {
			return 0
		}
		n += last - first + 1
	}
	return n
}

// parseGroup returns the path of the control group in /proc/self/cgroup of
// version 2.
func parseGroup(text string) string {
	for line := range strings.Lines(text) {
		if path, ok := strings.CutPrefix(line, "0::"); ok {
			return strings.TrimSpace(path)
		}
	}
	return ""
}
