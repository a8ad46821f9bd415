package report

import (
	"os"
	"path"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
)

// Machine returns what numbers depend on: processor, kernel, Go, and the
// versions of the given modules.
func Machine(modules []string) []Fact {
	facts := []Fact{
		{"processor", processor()},
		{"cores", strconv.Itoa(runtime.NumCPU()) + ", GOMAXPROCS " + strconv.Itoa(runtime.GOMAXPROCS(0))},
		{"system", runtime.GOOS + "/" + runtime.GOARCH + " " + firstLine("/proc/sys/kernel/osrelease")},
		{"Go", runtime.Version()},
		{"compared with", strings.Join(versions(modules), ", ")},
	}
	if load := firstLine("/proc/loadavg"); load != "" {
		facts = append(facts, Fact{"load at the start", load})
	}
	return facts
}

// processor returns the name that the kernel gives, or "unknown".
func processor() string {
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	return modelName(string(info))
}

func modelName(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		key, value, found := strings.Cut(line, ":")
		if found && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}

// versions returns the versions of modules that this program was built with.
func versions(modules []string) []string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return nil
	}
	var found []string
	for _, m := range info.Deps {
		if slices.Contains(modules, m.Path) {
			found = append(found, shortName(m.Path)+" "+m.Version)
		}
	}
	return found
}

// shortName is the last part of a module's path that is no version.
func shortName(module string) string {
	base := path.Base(module)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" {
		return path.Base(path.Dir(module))
	}
	return base
}

func firstLine(file string) string {
	content, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(content), "\n")
	return line
}
