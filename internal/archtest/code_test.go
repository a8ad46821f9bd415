package archtest

import (
	"fmt"
	"go/ast"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"
)

// checkPackageComments checks that each package has its comment: in doc.go, or
// for a command in any of its files.
func checkPackageComments(t *tree) []problem {
	var problems []problem
	for dir, sources := range t.packages {
		sources = slices.DeleteFunc(slices.Clone(sources), func(s source) bool { return s.test })
		if len(sources) == 0 {
			continue // tests of a package that has other files elsewhere, or none
		}
		name := sources[0].ast.Name.Name
		documented := slices.ContainsFunc(sources, func(s source) bool {
			return s.ast.Doc != nil && (name == "main" ||
				path.Base(s.path) == "doc.go" && strings.HasPrefix(s.ast.Doc.Text(), "Package "+name+" "))
		})
		switch {
		case documented:
		case name == "main":
			problems = append(problems, problem{sources[0].path, 1,
				"command has no comment: say above the package clause of its main file what it does"})
		default:
			problems = append(problems, problem{path.Join(dir, "doc.go"), 1,
				fmt.Sprintf("package has no comment: write doc.go with a comment that begins with %q", "Package "+name)})
		}
	}
	return problems
}

// A use is one place in the code that needs a reason.
type use struct {
	key  string // as in the allow lists
	line int
	path string
	what string
}

// checkUses compares places with an allow list, both ways.
func checkUses(uses []use, allowed map[string]string, list, advice string) []problem {
	var problems []problem
	seen := map[string]bool{}
	for _, u := range uses {
		seen[u.key] = true
		if allowed[u.key] == "" {
			problems = append(problems, problem{u.path, u.line,
				fmt.Sprintf("%s: %s, or list %q with a reason in %s of internal/archtest/allow_test.go", u.what, advice, u.key, list)})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(allowed)) {
		if !seen[key] {
			problems = append(problems, problem{"internal/archtest/allow_test.go", 1,
				fmt.Sprintf("%s lists %q, which is not there: remove the entry", list, key)})
		}
	}
	return problems
}

// goStatements returns all bare go statements outside tests. What
// [sync.WaitGroup.Go] starts is none.
func goStatements(t *tree) []use {
	var uses []use
	t.eachFile(false, func(_ string, s source) {
		t.inspect(s, func(n ast.Node, key string) {
			if g, ok := n.(*ast.GoStmt); ok {
				uses = append(uses, use{key, t.line(g.Pos()), s.path, "bare go statement"})
			}
		})
	})
	return uses
}

// environmentReads are the functions that read the environment, by package.
var environmentReads = map[string][]string{
	"os":      {"Getenv", "LookupEnv", "Environ", "ExpandEnv"},
	"syscall": {"Getenv", "Environ"},
}

// environmentUses returns all reads of the environment outside tests and outside
// the packages that are programs or serve as one.
func environmentUses(t *tree) []use {
	var uses []use
	t.eachFile(false, func(dir string, s source) {
		if within(dir, "cmd") || within(dir, "worker") || within(dir, "examples") {
			return
		}
		imported := localNames(s.ast)
		t.inspect(s, func(n ast.Node, key string) {
			sel, ok := n.(*ast.SelectorExpr)
			if !ok {
				return
			}
			x, ok := sel.X.(*ast.Ident)
			if ok && slices.Contains(environmentReads[imported[x.Name]], sel.Sel.Name) {
				uses = append(uses, use{key, t.line(sel.Pos()), s.path, x.Name + "." + sel.Sel.Name})
			}
		})
	})
	return uses
}

// checkEnvAllowed checks that only the permitted packages are listed.
func checkEnvAllowed(allowed map[string]string) []problem {
	var problems []problem
	for _, key := range slices.Sorted(maps.Keys(allowed)) {
		if !slices.ContainsFunc(envAllowedIn, func(dir string) bool { return within(key, dir) }) {
			problems = append(problems, problem{"internal/archtest/allow_test.go", 1,
				fmt.Sprintf("envAllowed lists %q: only %s may be listed; take a parameter instead", key, strings.Join(envAllowedIn, ", "))})
		}
	}
	return problems
}

// checkNoInit checks that the root package has no init function.
func checkNoInit(t *tree) []problem {
	var problems []problem
	for _, s := range t.packages["."] {
		for _, decl := range s.ast.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && !s.test && f.Recv == nil && f.Name.Name == "init" {
				problems = append(problems, problem{s.path, t.line(f.Pos()),
					"init function in the root package: make it a value that is computed where it is declared, or a call of the user"})
			}
		}
	}
	return problems
}

// localNames returns the import paths of a file by the names they have in it.
// The default name is the last element, which holds for the standard library.
func localNames(file *ast.File) map[string]string {
	names := map[string]string{}
	for _, spec := range file.Imports {
		imported, _ := strconv.Unquote(spec.Path.Value)
		if spec.Name != nil {
			names[spec.Name.Name] = imported
		} else {
			names[path.Base(imported)] = imported
		}
	}
	return names
}

// inspect calls f for each node of s with the key of the declaration around it.
func (t *tree) inspect(s source, f func(n ast.Node, key string)) {
	for _, decl := range s.ast.Decls {
		key := s.path + ":" + declName(decl)
		ast.Inspect(decl, func(n ast.Node) bool {
			f(n, key)
			return true
		})
	}
}

// declName returns the name of a function, TYPE.METHOD of a method, and the
// first name of a variable declaration.
func declName(decl ast.Decl) string {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			return d.Name.Name
		}
		return receiverName(d.Recv.List[0].Type) + "." + d.Name.Name
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			if v, ok := spec.(*ast.ValueSpec); ok {
				return v.Names[0].Name
			}
		}
	}
	return ""
}

// receiverName returns the name of a receiver's type without pointer and type
// parameters.
func receiverName(expr ast.Expr) string {
	switch x := expr.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.StarExpr:
		return receiverName(x.X)
	case *ast.ParenExpr:
		return receiverName(x.X)
	case *ast.IndexExpr:
		return receiverName(x.X)
	case *ast.IndexListExpr:
		return receiverName(x.X)
	}
	return ""
}
