package archtest

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// layers are the first elements of package paths, lowest first.
var layers = [][]string{
	{"internal"},
	{rootName},
	{"worker", "process", "command", "shared", "tandemtest"},
	{"python"},
	{"auto"},
	{"cmd"},
	{"examples"},
}

// meetingPoints are what process and worker may both import: the wire and what
// it stands on, the contract, and the points of failure, which carry nothing.
var meetingPoints = []string{
	rootName, "internal/wire", "internal/shm", "internal/codec", "internal/osproc", "internal/fault",
}

// layerOf returns the layer of a package, -1 when it has none.
func layerOf(name string) int {
	first, _, _ := strings.Cut(name, "/")
	return slices.IndexFunc(layers, func(l []string) bool { return slices.Contains(l, first) })
}

// checkTable checks the rules that the table itself obeys.
func checkTable(rows []row) []problem {
	var problems []problem
	report := func(r row, format string, args ...any) {
		problems = append(problems, problem{document, r.line, fmt.Sprintf(format, args...)})
	}
	for _, r := range rows {
		from := layerOf(r.name)
		if from < 0 {
			report(r, "%s is in no layer: move it, or give it one in internal/archtest/imports_test.go", r.name)
			continue
		}
		if r.any && !within(r.name, "cmd") && !within(r.name, "examples") {
			report(r, "%s may not import any package: list those it needs", r.name)
		}
		for _, target := range r.imports {
			to := layerOf(target)
			inside := from == 0 && to == 0 && target != r.name
			if to < 0 || to >= from && !inside {
				report(r, "%s may not import %s, which is not below it: remove it from the row and move the shared code down", r.name, target)
			}
			if r.name == rootName {
				report(r, "%s may import only the standard library, not %s: remove it from the row", rootName, target)
			}
		}
	}
	return append(problems, checkMeeting(rows)...)
}

// checkMeeting checks that process and worker share nothing but the meeting
// points.
func checkMeeting(rows []row) []problem {
	var problems []problem
	process, _ := find(rows, "process")
	worker, _ := find(rows, "worker")
	for _, name := range process.imports {
		if slices.Contains(worker.imports, name) && !slices.Contains(meetingPoints, name) {
			problems = append(problems, problem{document, worker.line,
				fmt.Sprintf("process and worker may not both import %s: remove it from one row; they meet in %s", name, strings.Join(meetingPoints, ", "))})
		}
	}
	return problems
}

// checkImports compares all imports of the tree with the rows, both ways.
func checkImports(t *tree, rows []row) []problem {
	var problems []problem
	used := map[string]bool{} // row and module
	exists := map[string]bool{}
	t.eachFile(true, func(dir string, s source) {
		name := t.nameOf(dir)
		r, ok := find(rows, name)
		if !ok {
			problems = append(problems, problem{s.path, t.line(s.ast.Package),
				fmt.Sprintf("package %s has no row in %s: add one between %s and %s", name, document, tableBegin, tableEnd)})
			return
		}
		exists[rowKey(r, "")] = true
		for _, spec := range s.ast.Imports {
			imported, _ := strconv.Unquote(spec.Path.Value)
			if m := r.module(imported); m != "" {
				used[rowKey(r, m)] = used[rowKey(r, m)] || !s.test
			}
			if text := t.judge(r, s, imported); text != "" {
				problems = append(problems, problem{s.path, t.line(spec.Pos()), name + " " + text})
			}
		}
	})
	for _, r := range rows {
		for _, m := range r.modules {
			if exists[rowKey(r, "")] && !used[rowKey(r, m)] {
				problems = append(problems, problem{document, r.line,
					fmt.Sprintf("%s may import %s but does not: remove the module from the row", r.name, m)})
			}
		}
	}
	return problems
}

// rowKey identifies a module in a row.
func rowKey(r row, module string) string { return fmt.Sprint(r.line, " ", module) }

// nameOf returns how the table calls the package in dir.
func (t *tree) nameOf(dir string) string {
	if dir == "." {
		return rootName
	}
	return dir
}

// judge returns what is wrong with one import of a file in the package of r, or
// "".
func (t *tree) judge(r row, s source, imported string) string {
	first, _, _ := strings.Cut(imported, "/")
	switch {
	case imported == "C":
		return "may not use cgo: workers are built by cross-compilation; use a system call instead"
	case within(imported, t.module):
		target := t.nameOf(strings.TrimPrefix(strings.TrimPrefix(imported, t.module), "/"))
		if imported == t.module {
			target = rootName
		}
		return judgeOwn(r, s, target)
	case strings.Contains(first, "."):
		if r.module(imported) == "" {
			return fmt.Sprintf("may not import %s: use the standard library, or list the module in its row of %s", imported, document)
		}
	}
	return ""
}

// judgeOwn is judge for a package of this module.
func judgeOwn(r row, s source, target string) string {
	switch {
	case within(target, "bench"):
		return "may not import bench: move what is needed out of it"
	case r.mayImport(target):
		return ""
	case s.test && !within(target, "cmd") && !within(target, "examples"):
		return ""
	}
	return fmt.Sprintf("may not import %s: move the shared code down, or allow it in its row of %s if the layers permit", target, document)
}
