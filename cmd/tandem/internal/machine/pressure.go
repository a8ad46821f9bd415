package machine

import (
	"strconv"
	"strings"
)

// parseLoad returns how many threads of the machine run or want to, by
// /proc/loadavg; -1 when it does not say.
func parseLoad(text string) int {
	fields := strings.Fields(text)
	if len(fields) < 4 {
		return -1
	}
	running, _, _ := strings.Cut(fields[3], "/")
	n, err := strconv.Atoi(running)
	if err != nil {
		return -1
	}
	return n
}

// parseStat returns the number of a name in memory.stat of a control group.
func parseStat(text, name string) int64 {
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(line, name+" "); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
			return n
		}
	}
	return 0
}
