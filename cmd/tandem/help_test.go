package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/pflag"
)

// Pages of help begin with examples and fit a terminal of 80 columns, as manual
// pages too.
func TestHelpFits(t *testing.T) {
	root := newRoot()
	pages := map[string]func(width int) string{}
	for _, cmd := range append(root.Commands(), root) {
		if cmd.IsAvailableCommand() || cmd == root {
			pages[cmd.Name()] = func(width int) string { return helpText(cmd, width) }
			if text := helpText(cmd, usualWidth); !strings.Contains(text[:min(len(text), 200)], "\n\nExamples:\n  ") {
				t.Errorf("%s does not begin with examples:\n%.200s", cmd.Name(), text)
			}
		}
	}
	for _, topic := range topics {
		pages[topic.name] = topic.text
	}
	for name, text := range pages {
		for _, width := range []int{usualWidth, usualWidth - manIndent} {
			for line := range strings.Lines(text(width)) {
				if n := utf8.RuneCountInString(line); n > width+1 {
					t.Errorf("%s: a line of %d characters instead of %d: %s", name, n-1, width, line)
				}
			}
		}
	}
}

func TestFlow(t *testing.T) {
	text := "aaaa bbbb\ncccc dddd\n\n  kept as it is written\neeee"
	if got, want := flow(text, 10), "aaaa bbbb\ncccc dddd\n\n  kept as it is written\neeee"; got != want {
		t.Errorf("flow is %q, want %q", got, want)
	}
	if got, want := flow(text, 14), "aaaa bbbb cccc\ndddd\n\n  kept as it is written\neeee"; got != want {
		t.Errorf("flow is %q, want %q", got, want)
	}
}

// Each flag of tandem map stands under a heading.
func TestFlagsOfMapHaveHeadings(t *testing.T) {
	for _, cmd := range newRoot().Commands() {
		if cmd.Name() != "map" {
			continue
		}
		groups := grouped(cmd)
		for _, f := range groups[otherHeading] {
			t.Errorf("--%s stands under no heading: name it in mapGroups", f.Name)
		}
		if len(groups[everywhere]) != 2 {
			t.Errorf("%d flags are everywhere", len(groups[everywhere]))
		}
	}
}

// A hint about a flag that there is would never be shown, and each hint names flags
// that there are.
func TestForeignFlags(t *testing.T) {
	flags := newMap().Flags()
	for _, foreign := range foreignFlags {
		for name := range strings.FieldsSeq(foreign.names) {
			if flags.Lookup(name) != nil || len(name) == 1 && flags.ShorthandLookup(name) != nil {
				t.Errorf("%s is a flag of tandem map", name)
			}
		}
		for word := range strings.FieldsSeq(foreign.hint) {
			if name, long := strings.CutPrefix(strings.TrimRight(word, ","), "--"); long && flags.Lookup(name) == nil {
				t.Errorf("%q names --%s, which is no flag", foreign.hint, name)
			}
		}
	}
}

// Flags stand under their heading as they were defined, and no heading has one that
// there is not.
func TestGroupsOfMap(t *testing.T) {
	cmd := newMap()
	groups, defined := grouped(cmd), []string{}
	cmd.Flags().VisitAll(func(f *pflag.Flag) { defined = append(defined, f.Name) })
	for heading, names := range mapGroups {
		for _, name := range names {
			if !slices.Contains(defined, name) {
				t.Errorf("--%s, which stands under %s, is no flag", name, heading)
			}
		}
		var shown []int
		for _, f := range groups[heading] {
			shown = append(shown, slices.Index(defined, f.Name))
		}
		if !slices.IsSorted(shown) {
			t.Errorf("the flags under %s are not in the order in which they were defined: %v", heading, shown)
		}
	}
}

// What help says of the environment is what is read.
func TestEnvironmentHelpNamesEachSetting(t *testing.T) {
	text := environmentText(usualWidth)
	for _, s := range settings {
		if !strings.Contains(text, "\n  "+s.variable+" ") {
			t.Errorf("%s is missing", s.variable)
		}
	}
	for _, cmd := range newRoot().Commands() {
		if cmd.Name() == "map" && !strings.Contains(helpText(cmd, usualWidth), "[TANDEM_PROCESSES]") {
			t.Error("tandem map --help does not name TANDEM_PROCESSES")
		}
	}
}

func TestApplySettings(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := map[string]struct {
		args, env string
		flag      string
		want      string // value of the flag
		failure   string
	}{
		"from the environment":   {"", "TANDEM_THREADS=3", "threads", "3", ""},
		"the flag wins":          {"--threads=2", "TANDEM_THREADS=3", "threads", "2", ""},
		"the flag wins over bad": {"--threads=2", "TANDEM_THREADS=x", "threads", "2", ""},
		"empty is not set":       {"", "TANDEM_THREADS=", "threads", "1", ""},
		"progress":               {"", "TANDEM_PROGRESS=none", "progress", "none", ""},
		"python":                 {"", "TANDEM_PYTHON=/x", "python", "/x", ""},
		"no number":              {"", "TANDEM_THREADS=many", "", "", `TANDEM_THREADS: "many" is no value of it: want a whole number`},
		"below one":              {"", "TANDEM_THREADS=0", "", "", "TANDEM_THREADS is 0: want 1 or more"},
		"misspelled":             {"", "TANDEM_PROGRESS=none1", "", "", "TANDEM_PROGRESS: \"none1\" is no value of it: did you mean none?"},
		"no folder":              {"", "TANDEM_TMPDIR=/no/such", "", "", `TANDEM_TMPDIR is "/no/such": want a folder for temporary files: no such file`},
		"a file":                 {"", "TANDEM_TMPDIR=" + file, "", "", "not a folder"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			cmd := newMap()
			if err := cmd.ParseFlags(strings.Fields(test.args)); err != nil {
				t.Fatal(err)
			}
			variable, value, _ := strings.Cut(test.env, "=")
			err := applySettings(cmd, only(variable, value))
			if test.failure != "" {
				if err == nil || !strings.Contains(err.Error(), test.failure) || statusOn(err) != statusUsage {
					t.Fatalf("error is %v, want %q", err, test.failure)
				}
				return
			}
			if err != nil || cmd.Flags().Lookup(test.flag).Value.String() != test.want {
				t.Errorf("--%s is %s, %v", test.flag, cmd.Flags().Lookup(test.flag).Value, err)
			}
		})
	}
}

// only is an environment of one variable.
func only(variable, value string) func(string) (string, bool) {
	return func(name string) (string, bool) {
		if name != variable {
			return "", false
		}
		return value, true
	}
}

func TestTempDir(t *testing.T) {
	dir := t.TempDir()
	got, err := tempDir(only(tempVariable, dir))
	if err != nil || got != dir {
		t.Errorf("TANDEM_TMPDIR: %q, %v", got, err)
	}
	got, err = tempDir(only("OTHER", "x"))
	if err != nil || got != os.TempDir() {
		t.Errorf("without it: %q, %v", got, err)
	}
}

func TestFunctionsOf(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.py")
	text := "import a\ndef f(x): pass\n  def inner(): pass\nasync def größe (x):\n    pass\ndef f(x): pass\nclass C:\n    def m(self): pass\ndef _hidden(): pass\n#def no(): pass\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := functionsOf(file), []string{"f", "größe", "_hidden"}; !slices.Equal(got, want) {
		t.Errorf("functions are %q, want %q", got, want)
	}
	for typed, want := range map[string][]string{
		file + ":":          {file + ":f", file + ":größe"},
		file + ":f":         {file + ":f"},
		file + ":_":         {file + ":_hidden"},
		file + ":x":         nil,
		file[:len(file)-3]:  {file + ":"},
		file + "/missing":   nil,
		"/no/such/file.py:": nil,
	} {
		if got, _ := completeTask(nil, nil, typed); !slices.Equal(got, want) {
			t.Errorf("%q is completed as %q, want %q", typed, got, want)
		}
	}
}

// Flags with few values complete them.
func TestFlagValuesComplete(t *testing.T) {
	root := newRoot()
	completeFlags(root)
	for _, cmd := range root.Commands() {
		cmd.Flags().VisitAll(func(f *pflag.Flag) {
			if _, found := cmd.GetFlagCompletionFunc(f.Name); !found && strings.Contains(f.Value.Type(), "|") {
				t.Errorf("tandem %s --%s %s is not completed", cmd.Name(), f.Name, f.Value.Type())
			}
		})
	}
}

func TestCompletionScripts(t *testing.T) {
	for _, shell := range shells {
		var out bytes.Buffer
		if err := writeCompletion(newRoot(), &out, shell); err != nil || out.Len() < 1000 {
			t.Errorf("%s: %d bytes, %v", shell, out.Len(), err)
		}
	}
}

// groff finds nothing to warn about in the manual pages.
func TestManPages(t *testing.T) {
	pages := manPages(newRoot())
	for _, name := range []string{"tandem.1", "tandem-map.1", "tandem-doctor.1", "tandem-placeholders.1", "tandem-parallel.1"} {
		if !strings.HasPrefix(pages[name], ".TH ") {
			t.Errorf("%s is missing", name)
		}
	}
	groff, err := exec.LookPath("groff")
	if err != nil {
		t.Skip("groff is missing, which checks the pages") // systems without manual pages
	}
	for name, text := range pages {
		check := exec.Command(groff, "-man", "-Tutf8", "-ww", "-z", "-k")
		check.Stdin = strings.NewReader(text)
		if out, err := check.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

func TestRoff(t *testing.T) {
	for text, want := range map[string]string{
		`.x`: `\&.x`, `a\b`: `a\eb`, `--flag`: `\-\-flag`, `'a'`: `\(aqa\(aq`, ``: ``,
	} {
		if got := roff(text); got != want {
			t.Errorf("roff(%q) = %q, want %q", text, got, want)
		}
	}
}

// The page about GNU parallel has the table that help shows.
func TestParallelPage(t *testing.T) {
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "gnu-parallel.md"))
	if err != nil {
		t.Fatal(err)
	}
	if _, table, _ := strings.Cut(string(page), "| GNU parallel"); "| GNU parallel"+table != parallelTable() {
		t.Errorf("docs/gnu-parallel.md is to end with\n%s", parallelTable())
	}
}
