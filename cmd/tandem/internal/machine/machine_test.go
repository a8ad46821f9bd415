package machine

import (
	"os"
	"testing"
)

func TestParseQuota(t *testing.T) {
	for text, want := range map[string]float64{"max 100000\n": 0, "150000 100000\n": 1.5, "": 0, "x y": 0, "100 0": 0, "-1 100": 0} {
		if got := parseQuota(text); got != want {
			t.Errorf("parseQuota(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestParseLimit(t *testing.T) {
	for text, want := range map[string]int64{"max\n": 0, "1073741824\n": 1 << 30, "": 0, "-5": 0} {
		if got := parseLimit(text); got != want {
			t.Errorf("parseLimit(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestParseMeminfo(t *testing.T) {
	const text = "MemTotal:       16318480 kB\nMemFree: x kB\nMemAvailable:   100 kB\n"
	for name, want := range map[string]int64{"MemTotal": 16318480 << 10, "MemAvailable": 100 << 10, "MemFree": 0, "Swap": 0} {
		if got := parseMeminfo(text, name); got != want {
			t.Errorf("parseMeminfo(%q) = %v, want %v", name, got, want)
		}
	}
}

func TestParseList(t *testing.T) {
	for text, want := range map[string]int{"0-3,8\n": 5, "0": 1, "": 0, "3-1": 0, "a": 0, "0-": 0} {
		if got := parseList(text); got != want {
			t.Errorf("parseList(%q) = %v, want %v", text, got, want)
		}
	}
}

func TestParseGroup(t *testing.T) {
	for text, want := range map[string]string{"0::/\n": "/", "1:cpu:/a\n0::/b/c\n": "/b/c", "1:cpu:/a\n": "", "": ""} {
		if got := parseGroup(text); got != want {
			t.Errorf("parseGroup(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestRead(t *testing.T) {
	dir := t.TempDir()
	f := Read(dir)
	if f.Cores < 1 || f.Temp != dir || f.TempError != "" {
		t.Errorf("facts %+v", f)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
	if f := Read(dir + "/none"); f.TempError == "" {
		t.Errorf("no error for a directory that does not exist: %+v", f)
	}
}

func TestParseLoad(t *testing.T) {
	for text, want := range map[string]int{"0.50 0.20 0.10 3/123 4711\n": 3, "": -1, "0 0 0 x/1 2": -1} {
		if got := parseLoad(text); got != want {
			t.Errorf("parseLoad(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestParseStat(t *testing.T) {
	const text = "anon 5\ninactive_file 4096\n"
	for name, want := range map[string]int64{"anon": 5, "inactive_file": 4096, "file": 0} {
		if got := parseStat(text, name); got != want {
			t.Errorf("parseStat(%q) = %d, want %d", name, got, want)
		}
	}
}

// What is known is plausible.
func TestPressure(t *testing.T) {
	if n, known := RunningThreads(); known && n < 0 {
		t.Errorf("%d threads run", n)
	}
	if free, known := FreeMemory(); known && free < 1<<20 {
		t.Errorf("%d bytes free", free)
	}
}
