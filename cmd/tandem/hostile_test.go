//go:build linux

package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// hostileNames returns n different names of files that something in between could
// change, the same ones each time.
func hostileNames(n int) []string {
	random := rand.New(rand.NewPCG(4, 1_000))
	pieces := []string{
		" ", "  ", "\t", "\n", "'", `"`, "`", "`echo x`", "$(echo x)", "$HOME", "${IFS}", "$", `\`, `\\`, `\n`, "*", "?", "[a-z]", "{a,b}", "~",
		"{}", "{.}", "{#}", "{1}", "{name}", "{{}}", "%", "%s", "%%", "!", "!!", "#", "&", "&&", "|", ";", "<", ">", "(", ")", "=", ",", ":", ":::",
		"-", "--", "-n", "\xff", "\xfe\x80", "\xc3", "\x01", "\x1b[31m", "\x7f", "\r", "é", "日本", "😀", "\u202e", "\u0301", "a", "b.c", ".txt", "0", "null", "EOF",
	}
	first := []string{"", "", "", "-", "--", "-0", "~", " ", "{}", "#", "\n", "$", "'", `"`, "\xff"}
	names, seen := make([]string, 0, n), make(map[string]bool)
	for len(names) < n {
		name := first[random.IntN(len(first))]
		for range 1 + random.IntN(8) {
			name += pieces[random.IntN(len(pieces))]
		}
		if random.IntN(40) == 0 {
			name += strings.Repeat("x", 255-len(name))
		}
		// A dot in front hides a name from patterns; colons alone begin inputs.
		if seen[name] || len(name) > 255 || name[0] == '.' || strings.Trim(name, ":+") == "" {
			continue
		}
		seen[name] = true
		names = append(names, name)
	}
	return names
}

// Each of 1,000 hostile names of files that exist reaches the task unchanged, and
// the task finds the file.
func TestHostileNames(t *testing.T) {
	dir := t.TempDir()
	names := hostileNames(1000)
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatalf("%q: %v", name, err)
		}
	}
	sorted := slices.Sorted(slices.Values(names))
	ended := strings.Join(names, "\x00") + "\x00"
	echo := []string{"--", "sh", "-c", `printf "%s\0" "$1"; [ -e "$1" ]`, "sh", "{}"}
	const (
		bare   = `printf '%s\0' {}; [ -e {} ]`
		quoted = `printf '%s\0' "{}" '{}'; [ -e "./{}" ]`
	)
	exists := []string{"--as", "str", "os.path:exists"}
	tests := []struct {
		name   string
		stdin  string
		args   []string
		listed []string // behind :::
		want   []string
	}{
		{"exec, standard input", ended, append([]string{"-0"}, echo...), nil, names},
		{"exec, arguments", "", echo, names, names},
		{"exec, glob", "", append([]string{"--unordered", "--glob", "*"}, echo...), nil, sorted},
		{"shell, standard input", ended, []string{"-0", "--shell", "--", bare}, nil, names},
		{"shell, in quotes", ended, []string{"-0", "--shell", "--", quoted}, nil, doubled(names)},
		{"python, standard input", ended, append([]string{"-0"}, exists...), nil, nil},
		{"python, arguments", "", exists, names, nil},
		{"python, glob", "", append([]string{"--glob", "*"}, exists...), nil, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			args := append([]string{"map", "-p", "2"}, test.args...)
			if test.listed != nil {
				args = append(append(args, ":::"), test.listed...)
			}
			s := prepare(t, args...)
			s.cmd.Dir = dir
			s.begin(writeFile(t, "names", test.stdin), "")
			o := s.wait()
			if test.want == nil {
				o.expect(t, 0, strings.Repeat("true\n", len(names)), clean)
				return
			}
			got := strings.Split(strings.TrimSuffix(o.stdout, "\x00"), "\x00")
			if slices.Contains(test.args, "--unordered") {
				slices.Sort(got)
			}
			expectNames(t, o, got, test.want)
		})
	}
}

// doubled returns each name twice.
func doubled(names []string) []string {
	var all []string
	for _, name := range names {
		all = append(all, name, name)
	}
	return all
}

// expectNames shows the first names that differ.
func expectNames(t *testing.T, o outcome, got, want []string) {
	t.Helper()
	if o.status != 0 || len(got) != len(want) {
		t.Errorf("status %d, %d names, want %d\n%.2000s", o.status, len(got), len(want), o.stderr)
	}
	shown := 0
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] && shown < 10 {
			t.Errorf("name %d: %q, want %q", i, got[i], want[i])
			shown++
		}
	}
}
