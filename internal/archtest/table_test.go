package archtest

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

const (
	document   = "ARCHITECTURE.md"
	tableBegin = "<!-- imports:begin -->"
	tableEnd   = "<!-- imports:end -->"

	// rootName is how the table calls the root package.
	rootName = "tandem"
)

// A row is what one package, or all packages below a directory, may import.
type row struct {
	name    string // directory, rootName for the root
	subtree bool   // written with /...
	imports []string
	any     bool
	modules []string
	line    int
}

// covers reports whether the row is about the package name.
func (r row) covers(name string) bool { return r.name == name || r.subtree && within(name, r.name) }

// mayImport reports whether the row allows the package name.
func (r row) mayImport(name string) bool {
	return slices.Contains(r.imports, name) || r.subtree && r.covers(name) ||
		r.any && !within(name, "cmd") && !within(name, "examples")
}

// module returns the listed module that has the package imported, or "".
func (r row) module(imported string) string {
	for _, m := range r.modules {
		if within(imported, m) {
			return m
		}
	}
	return ""
}

// parseTable reads the rows between the two markers of the document.
func parseTable(fsys fs.FS) ([]row, []problem) {
	text, err := fs.ReadFile(fsys, document)
	if err != nil {
		return nil, []problem{{document, 1, "cannot be read, restore it: " + err.Error()}}
	}
	var rows []row
	var problems []problem
	begun, ended := false, false
	for i, line := range strings.Split(string(text), "\n") {
		switch line = strings.TrimSpace(line); {
		case line == tableBegin:
			begun = true
		case line == tableEnd:
			ended = begun
		case begun && !ended && strings.HasPrefix(line, "| `"):
			r, err := parseRow(line, i+1)
			if err == nil && slices.ContainsFunc(rows, func(other row) bool { return other.name == r.name && other.subtree == r.subtree }) {
				err = fmt.Errorf("is a second row for %s, merge them", r.name)
			}
			if err != nil {
				problems = append(problems, problem{document, i + 1, "table row " + err.Error()})
				continue
			}
			rows = append(rows, r)
		}
	}
	if !ended || len(rows) == 0 {
		problems = append(problems, problem{document, 1, "has no import table, restore it between " + tableBegin + " and " + tableEnd})
	}
	return rows, problems
}

// parseRow reads one line of the table.
func parseRow(line string, number int) (row, error) {
	cells := strings.Split(strings.Trim(line, "|"), "|")
	if len(cells) != 3 {
		return row{}, fmt.Errorf("has %d cells, write three: package, may import, third-party", len(cells))
	}
	r := row{line: number}
	names, err := parseCell(cells[0])
	if err != nil || len(names) != 1 {
		return row{}, fmt.Errorf("does not begin with one package in backticks, correct it")
	}
	r.name, r.subtree = strings.CutSuffix(names[0], "/...")
	if r.any = strings.TrimSpace(cells[1]) == "any"; !r.any {
		if r.imports, err = parseCell(cells[1]); err != nil {
			return row{}, err
		}
	}
	r.modules, err = parseCell(cells[2])
	return r, err
}

// parseCell reads a list of names in backticks, or a dash for none.
func parseCell(cell string) ([]string, error) {
	if cell = strings.TrimSpace(cell); cell == "–" {
		return nil, nil
	}
	var names []string
	for item := range strings.SplitSeq(cell, ",") {
		name := strings.Trim(strings.TrimSpace(item), "`")
		if "`"+name+"`" != strings.TrimSpace(item) || name != path.Clean(name) {
			return nil, fmt.Errorf("has the item %q, write names in backticks, separated by commas, or – for none", item)
		}
		names = append(names, name)
	}
	return names, nil
}

// find returns the row for the package name: the exact one, else the longest
// that covers it.
func find(rows []row, name string) (row, bool) {
	best, found := row{}, false
	for _, r := range rows {
		if !r.covers(name) {
			continue
		}
		if !r.subtree {
			return r, true
		}
		if !found || len(r.name) > len(best.name) {
			best, found = r, true
		}
	}
	return best, found
}
