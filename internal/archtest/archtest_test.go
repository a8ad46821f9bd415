package archtest

import (
	"os"
	"testing"
)

// repository loads the tree that this test belongs to.
func repository(t *testing.T) *tree {
	t.Helper()
	tree, problems, err := load(os.DirFS("../.."))
	if err != nil {
		t.Fatal(err)
	}
	fail(t, problems)
	return tree
}

// fail reports each problem as a failure of its own.
func fail(t *testing.T, problems []problem) {
	t.Helper()
	for _, p := range problems {
		t.Error(p)
	}
}

// The table of ARCHITECTURE.md obeys the direction of dependencies, and the code
// obeys the table.
func TestImports(t *testing.T) {
	tree := repository(t)
	rows, problems := parseTable(tree.fsys)
	fail(t, problems)
	fail(t, checkTable(rows))
	fail(t, checkImports(tree, rows))
}

// Every package says what it is for.
func TestPackageComments(t *testing.T) {
	fail(t, checkPackageComments(repository(t)))
}

// No document links to something that does not exist.
func TestLinks(t *testing.T) {
	problems, err := checkLinks(repository(t))
	if err != nil {
		t.Fatal(err)
	}
	fail(t, problems)
}

// Every goroutine has an owner that joins it, or a listed reason.
func TestGoStatements(t *testing.T) {
	fail(t, checkUses(goStatements(repository(t)), goAllowed, "goAllowed",
		"start it with sync.WaitGroup.Go and join it"))
}

// Configuration comes in as parameters, not from the environment.
func TestEnvironment(t *testing.T) {
	fail(t, checkEnvAllowed(envAllowed))
	fail(t, checkUses(environmentUses(repository(t)), envAllowed, "envAllowed",
		"read it in cmd or worker and take a parameter here"))
}

// Importing the root package has no effect.
func TestNoInit(t *testing.T) {
	fail(t, checkNoInit(repository(t)))
}
