package machine

import "path"

// RunningThreads returns how many threads of the machine run or want to, the one
// that asks left out, and whether that is known.
func RunningThreads() (n int, known bool) {
	n = parseLoad(read("/proc/loadavg"))
	return max(0, n-1), n >= 0
}

// FreeMemory returns how many bytes new programs can have, by the machine and by the
// limits of this process's control groups, and whether that is known.
func FreeMemory() (bytes int64, known bool) {
	text := read("/proc/meminfo")
	free := parseMeminfo(text, "MemAvailable")
	if text == "" {
		return 0, false
	}
	eachGroup(func(dir string) {
		limit := parseLimit(read(path.Join(dir, "memory.max")))
		if limit == 0 {
			return
		}
		used := parseLimit(read(path.Join(dir, "memory.current"))) - parseStat(read(path.Join(dir, "memory.stat")), "inactive_file")
		free = min(free, max(0, limit-max(0, used)))
	})
	return free, true
}
