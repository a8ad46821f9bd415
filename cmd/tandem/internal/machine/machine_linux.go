package machine

import (
	"os"
	"path"
	"syscall"
)

// readSystem reads what Linux tells.
func (f *Facts) readSystem() {
	f.Online = parseList(read("/sys/devices/system/cpu/online"))
	meminfo := read("/proc/meminfo")
	f.Memory, f.Available = parseMeminfo(meminfo, "MemTotal"), parseMeminfo(meminfo, "MemAvailable")
	f.readGroups()
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) == nil {
		f.Files, f.FilesMost = limit.Cur, limit.Max
	}
	var fs syscall.Statfs_t
	if syscall.Statfs(f.Temp, &fs) == nil {
		f.TempFree = int64(fs.Bavail) * fs.Bsize //nolint:unconvert // the types differ between systems
	}
}

// readGroups takes the smallest limits of the process's control groups.
func (f *Facts) readGroups() {
	eachGroup(func(dir string) {
		if quota := parseQuota(read(dir + "/cpu.max")); quota > 0 && (f.Quota == 0 || quota < f.Quota) {
			f.Quota = quota
		}
		if limit := parseLimit(read(dir + "/memory.max")); limit > 0 && (f.MemoryLimit == 0 || limit < f.MemoryLimit) {
			f.MemoryLimit = limit
		}
	})
}

// eachGroup visits the directories of the process's control group and those above
// it. In a container the path may be that of the host: then what is mounted is the
// group itself.
func eachGroup(visit func(dir string)) {
	const root = "/sys/fs/cgroup"
	group := parseGroup(read("/proc/self/cgroup"))
	if group == "" {
		return
	}
	for dir := path.Join(root, group); ; dir = path.Dir(dir) {
		visit(dir)
		if dir == root || dir == "/" || dir == "." {
			return
		}
	}
}

// read returns the text of a file, or "".
func read(name string) string {
	text, err := os.ReadFile(name)
	if err != nil {
		return ""
	}
	return string(text)
}
