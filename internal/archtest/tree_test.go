package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// A problem is one finding. The text ends with what to do.
type problem struct {
	file string
	line int
	text string
}

func (p problem) String() string { return fmt.Sprintf("%s:%d: %s", p.file, p.line, p.text) }

// A source is one parsed Go file.
type source struct {
	path string // from the root of the repository
	test bool
	ast  *ast.File
}

// A tree is the module: its Go files and its documents. Paths use slashes.
type tree struct {
	fsys     fs.FS
	module   string
	fset     *token.FileSet
	packages map[string][]source // by directory; the root is "."
	markdown []string
}

var moduleLine = regexp.MustCompile(`(?m)^module\s+(\S+)`)

// load reads the module in fsys. Files that do not parse become problems.
func load(fsys fs.FS) (*tree, []problem, error) {
	mod, err := fs.ReadFile(fsys, "go.mod")
	if err != nil {
		return nil, nil, err
	}
	match := moduleLine.FindSubmatch(mod)
	if match == nil {
		return nil, nil, fmt.Errorf("go.mod has no module line")
	}
	t := &tree{fsys: fsys, module: string(match[1]), fset: token.NewFileSet(), packages: map[string][]source{}}
	var problems []problem
	err = t.walk(".", true, &problems)
	return t, problems, err
}

// walk reads dir and what is below it. Go files count only while inModule:
// below another go.mod they belong to a module of their own.
func (t *tree) walk(dir string, inModule bool, problems *[]problem) error {
	entries, err := fs.ReadDir(t.fsys, dir)
	if err != nil {
		return err
	}
	if _, err := fs.Stat(t.fsys, path.Join(dir, "go.mod")); err == nil && dir != "." {
		inModule = false
	}
	for _, entry := range entries {
		name := path.Join(dir, entry.Name())
		switch {
		case entry.IsDir() && !ignored(entry.Name()):
			err = t.walk(name, inModule, problems)
		case entry.Type().IsRegular() && strings.HasSuffix(name, ".md"):
			t.markdown = append(t.markdown, name)
		case entry.Type().IsRegular() && strings.HasSuffix(name, ".go") && inModule:
			err = t.parse(name, problems)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// ignored reports whether a directory is not ours to judge: what the go command
// ignores, and environments that tools put into a checkout.
func ignored(name string) bool {
	switch name {
	case ".github", ".ci":
		return false
	case "testdata", "vendor", "node_modules", "venv":
		return true
	}
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

// parse adds one Go file to its package.
func (t *tree) parse(name string, problems *[]problem) error {
	text, err := fs.ReadFile(t.fsys, name)
	if err != nil {
		return err
	}
	file, err := parser.ParseFile(t.fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		*problems = append(*problems, problem{name, 1, "does not parse, fix the syntax: " + err.Error()})
		return nil
	}
	dir := path.Dir(name)
	t.packages[dir] = append(t.packages[dir], source{name, strings.HasSuffix(name, "_test.go"), file})
	return nil
}

// line returns the line of a position.
func (t *tree) line(pos token.Pos) int { return t.fset.Position(pos).Line }

// eachFile calls f for all Go files, or for those that are no tests.
func (t *tree) eachFile(tests bool, f func(dir string, s source)) {
	for dir, sources := range t.packages {
		for _, s := range sources {
			if tests || !s.test {
				f(dir, s)
			}
		}
	}
}

// within reports whether dir is root or below it.
func within(dir, root string) bool { return dir == root || strings.HasPrefix(dir, root+"/") }
