package archtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// Each check is run here on small trees that break one rule.

// table is a table with the given rows.
func table(rows ...string) string {
	return tableBegin + "\n| package | may import | third-party |\n|---|---|---|\n" +
		strings.Join(rows, "\n") + "\n" + tableEnd + "\n"
}

// files makes a file system of a module m. Pairs of path and text.
func files(pairs ...string) fstest.MapFS {
	fsys := fstest.MapFS{"go.mod": {Data: []byte("module example.org/m\n")}}
	for pair := range slices.Chunk(pairs, 2) {
		fsys[pair[0]] = &fstest.MapFile{Data: []byte(pair[1])}
	}
	return fsys
}

// mustLoad loads a tree without problems.
func mustLoad(t *testing.T, fsys fstest.MapFS) *tree {
	t.Helper()
	tree, problems, err := load(fsys)
	if err != nil || len(problems) > 0 {
		t.Fatal(err, problems)
	}
	return tree
}

// expect compares problems with the beginnings of their texts, in any order.
func expect(t *testing.T, problems []problem, want ...string) {
	t.Helper()
	var got []string
	for _, p := range problems {
		got = append(got, p.String())
	}
	slices.Sort(got)
	slices.Sort(want)
	matches := slices.EqualFunc(got, want, func(g, w string) bool { return strings.HasPrefix(g, w) })
	if !matches {
		t.Errorf("problems:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestCheckTable(t *testing.T) {
	tests := map[string]struct{ row, want string }{
		"down":           {"| `process` | `tandem`, `internal/wire` | – |", ""},
		"any for cmd":    {"| `cmd/tandem/...` | any | – |", ""},
		"inside":         {"| `internal/shm` | `internal/fault` | – |", ""},
		"up":             {"| `internal/wire` | `tandem` | – |", "internal/wire may not import tandem"},
		"sideways":       {"| `process` | `command` | – |", "process may not import command"},
		"up from python": {"| `python` | `auto` | – |", "python may not import auto"},
		"bench":          {"| `auto` | `bench` | – |", "auto may not import bench"},
		"cmd":            {"| `auto` | `cmd/tandem` | – |", "auto may not import cmd/tandem"},
		"any elsewhere":  {"| `auto` | any | – |", "auto may not import any"},
		"no layer":       {"| `util` | – | – |", "util is in no layer"},
		"root":           {"| `tandem` | `internal/wire` | – |", "tandem may import only the standard library"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			rows, problems := parseTable(files(document, table(test.row)))
			problems = append(problems, checkTable(rows)...)
			if test.want == "" {
				expect(t, problems)
			} else {
				expect(t, problems, document+":4: "+test.want)
			}
		})
	}
}

func TestCheckTableMeetingPoints(t *testing.T) {
	rows, problems := parseTable(files(document, table(
		"| `process` | `tandem`, `internal/wire`, `internal/leaktest` | – |",
		"| `worker` | `tandem`, `internal/wire`, `internal/leaktest` | – |")))
	expect(t, append(problems, checkTable(rows)...),
		document+":5: process and worker may not both import internal/leaktest")
}

func TestParseTableRefusesBrokenTables(t *testing.T) {
	tests := map[string]struct{ text, want string }{
		"missing":      {"# Architecture", ":1: has no import table"},
		"not ended":    {tableBegin + "\n| `a` | – | – |\n", ":1: has no import table"},
		"cells":        {table("| `auto` | – |", "| `cmd` | – | – |"), ":4: table row has 2 cells"},
		"no backticks": {table("| `auto` | process | – |", "| `cmd` | – | – |"), ":4: table row has the item"},
		"twice":        {table("| `auto` | – | – |", "| `auto` | – | – |"), ":5: table row is a second row for auto"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, problems := parseTable(files(document, test.text))
			expect(t, problems, document+test.want)
		})
	}
}

func TestCheckImports(t *testing.T) {
	rows := []string{
		"| `process` | `tandem` | `golang.org/x/sys` |",
		"| `examples/...` | any | – |",
	}
	const used = "package process\nimport _ \"golang.org/x/sys/unix\"\n"
	tests := map[string]struct {
		path, imported, want string
	}{
		"standard library":       {"process/a.go", "net/http", ""},
		"listed package":         {"process/a.go", "example.org/m", ""},
		"listed module":          {"process/a.go", "golang.org/x/sys/cpu", ""},
		"any":                    {"examples/one/a.go", "example.org/m/process", ""},
		"below one row":          {"examples/one/a.go", "example.org/m/examples/two", ""},
		"test imports a sibling": {"process/a_test.go", "example.org/m/worker", ""},
		"another system's file":  {"process/a_plan9.go", "example.org/m/auto", "process/a_plan9.go:2: process may not import auto"},
		"unlisted package":       {"process/a.go", "example.org/m/internal/wire", "process/a.go:2: process may not import internal/wire"},
		"unlisted module":        {"process/a.go", "golang.org/x/term", "process/a.go:2: process may not import golang.org/x/term"},
		"similar module":         {"process/a.go", "golang.org/x/system", "process/a.go:2: process may not import golang.org/x/system"},
		"module in a test":       {"process/a_test.go", "github.com/stretchr/testify", "process/a_test.go:2: process may not import github.com"},
		"test imports a command": {"process/a_test.go", "example.org/m/cmd/tandem", "process/a_test.go:2: process may not import cmd/tandem"},
		"bench":                  {"examples/one/a.go", "example.org/m/bench", "examples/one/a.go:2: examples/one may not import bench"},
		"any is not cmd":         {"examples/one/a.go", "example.org/m/cmd/tandem", "examples/one/a.go:2: examples/one may not import cmd/tandem"},
		"cgo":                    {"process/a.go", "C", "process/a.go:2: process may not use cgo"},
		"no row":                 {"auto/a.go", "fmt", "auto/a.go:1: package auto has no row"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			fsys := files(document, table(rows...), "process/sys.go", used,
				test.path, fmt.Sprintf("package p\nimport _ %q\n", test.imported))
			parsed, problems := parseTable(fsys)
			problems = append(problems, checkImports(mustLoad(t, fsys), parsed)...)
			if test.want == "" {
				expect(t, problems)
			} else {
				expect(t, problems, test.want)
			}
		})
	}
}

// A module in the table that only tests import, or nobody, is stale.
func TestCheckImportsFindsStaleModules(t *testing.T) {
	fsys := files(document, table("| `process` | – | `golang.org/x/sys` |", "| `auto` | – | `golang.org/x/term` |"),
		"process/a_test.go", "package process\nimport _ \"golang.org/x/sys/unix\"\n")
	rows, problems := parseTable(fsys)
	expect(t, append(problems, checkImports(mustLoad(t, fsys), rows)...),
		document+":4: process may import golang.org/x/sys but does not")
}

func TestCheckPackageComments(t *testing.T) {
	tree := mustLoad(t, files(
		"good/doc.go", "// Package good is documented.\npackage good\n",
		"elsewhere/elsewhere.go", "// Package elsewhere is documented.\npackage elsewhere\n",
		"bad/bad.go", "package bad\n",
		"cmd/good/main.go", "// Good is documented.\npackage main\n",
		"cmd/bad/main.go", "package main\n",
		"bench/go.mod", "module example.org/m/bench\n",
		"bench/main.go", "package main\n",
		"good/testdata/x.go", "package x\n",
	))
	expect(t, checkPackageComments(tree), "bad/doc.go:1: ", "cmd/bad/main.go:1: ", "elsewhere/doc.go:1: ")
}

func TestGoStatementsFindsAll(t *testing.T) {
	tree := mustLoad(t, files("p/p.go", `package p
func f() { go f() }
func (t *T[K]) m() { func() { go f() }() }
var v = func() { go f() }
func good(wg *sync.WaitGroup) { wg.Go(f) }
`, "p/p_test.go", "package p\nfunc g() { go f() }\n"))
	uses := goStatements(tree)
	allowed := map[string]string{"p/p.go:T.m": "reason", "p/p.go:v": "", "p/p.go:gone": "reason"} // v has no reason
	expect(t, checkUses(uses, allowed, "goAllowed", "advice"),
		"p/p.go:2: bare go statement: advice", "p/p.go:4: bare go statement: advice",
		"internal/archtest/allow_test.go:1: goAllowed lists \"p/p.go:gone\"")
}

func TestEnvironmentUsesFindsAll(t *testing.T) {
	const reads = "package p\nimport system \"os\"\nfunc f() { system.Getenv(``); g(system.Environ) }\n"
	tree := mustLoad(t, files("p/p.go", reads, "worker/w.go", reads, "cmd/c/c.go", reads, "p/p_test.go", reads,
		"p/other.go", "package p\nimport \"os\"\nfunc h() { os.Setenv(``, ``) }\n"))
	expect(t, checkUses(environmentUses(tree), nil, "envAllowed", "advice"),
		"p/p.go:3: system.Getenv: advice", "p/p.go:3: system.Environ: advice")
	expect(t, checkEnvAllowed(map[string]string{"process/a.go:f": "r", "auto/a.go:f": "r"}),
		"internal/archtest/allow_test.go:1: envAllowed lists \"auto/a.go:f\"")
}

func TestCheckNoInit(t *testing.T) {
	tree := mustLoad(t, files("a.go", "package m\nfunc init() {}\nfunc (T) init() {}\n", "p/p.go", "package p\nfunc init() {}\n"))
	expect(t, checkNoInit(tree), "a.go:2: init function")
}

func TestCheckLinks(t *testing.T) {
	tests := map[string]string{
		"[x](b.md)":                          "",
		"[x](b.md#one-two)":                  "",
		"[x](b.md#one-two-1)":                "",
		"[x](b.md#here)":                     "",
		"[x](../)":                           "",
		"[x](/docs/b.md \"title\")":          "",
		"![x](<pic one.png>)":                "",
		"[x](pic%20one.png)":                 "",
		"[x](https://example.org/a)":         "",
		"[x](mailto:a@example.org)":          "",
		"`[x](gone.md)`":                     "",
		"```\n[x](gone.md)\n```":             "",
		"[x](#own)\n\n# Own":                 "",
		"[x](gone.md)":                       `docs/a.md:1: dead link "gone.md"`,
		"[x](b.md#gone)":                     `docs/a.md:1: dead link "b.md#gone"`,
		"[x](#gone)":                         `docs/a.md:1: dead link "#gone"`,
		"[x](../../out.md)":                  `docs/a.md:1: dead link "../../out.md"`,
		"\n[x]: gone.md":                     `docs/a.md:2: dead link "gone.md"`,
		"<img width=\"9\" src=\"gone.png\">": `docs/a.md:1: dead link "gone.png"`,
		"```\n```\n[x](gone.md)":             `docs/a.md:3: dead link "gone.md"`,
	}
	for _, text := range slices.Sorted(maps.Keys(tests)) {
		t.Run(text, func(t *testing.T) {
			tree := mustLoad(t, files("docs/a.md", text, "docs/pic one.png", "",
				"docs/b.md", "# One: `Two`\n## One two\n<a id=\"here\"></a>\n"))
			problems, err := checkLinks(tree)
			if err != nil {
				t.Fatal(err)
			}
			if want := tests[text]; want == "" {
				expect(t, problems)
			} else {
				expect(t, problems, want)
			}
		})
	}
}

// A file with a syntax error is a problem of its own, not the end of the tests.
func TestLoadReportsSyntaxErrors(t *testing.T) {
	_, problems, err := load(files("p/p.go", "package p\nfunc {\n"))
	if err != nil {
		t.Fatal(err)
	}
	expect(t, problems, "p/p.go:1: does not parse")
}
