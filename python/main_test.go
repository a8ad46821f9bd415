package python

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gotandem/tandem/internal/leaktest"
)

// patience bounds the wait for an event that must come. Longer delays the report
// of a failure; shorter fails on a busy machine.
const patience = 60 * time.Second

// roleVariable makes the test binary, started again, something else: see Roles.
const roleVariable = "PYTHON_TEST_ROLE"

// Roles are what it can be then. Tests of the package outside add to it.
var Roles = map[string]func(args []string){}

func TestMain(m *testing.M) {
	if role := os.Getenv(roleVariable); role != "" {
		os.Unsetenv(roleVariable)
		Roles[role](os.Args[1:])
		os.Exit(0)
	}
	os.Exit(leaktest.Main(m))
}

// forkWorkers makes the harness fork its workers from a template, one for each.
var forkWorkers bool

// versions are the versions of CPython that the worker program is tested on,
// where they are installed.
var versions = []string{"3.9", "3.10", "3.11", "3.12", "3.13", "3.14"}

// interpreters are the installed ones: real executables by version.
var interpreters = sync.OnceValue(func() map[string]string {
	found := make(map[string]string)
	for _, version := range versions {
		for _, candidate := range candidates(version) {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			info, err := Probe(ctx, candidate)
			cancel()
			if err == nil && strings.HasPrefix(info.Version, version+".") {
				found[version] = info.Executable
				break
			}
		}
	}
	return found
})

// candidates are where an interpreter of a version may be: on PATH, and among
// those of pyenv, whose names on PATH work only when it was told to.
func candidates(version string) []string {
	var paths []string
	if path, err := exec.LookPath("python" + version); err == nil {
		paths = append(paths, path)
	}
	root := os.Getenv("PYENV_ROOT")
	if home, err := os.UserHomeDir(); root == "" && err == nil {
		root = filepath.Join(home, ".pyenv")
	}
	more, err := filepath.Glob(filepath.Join(root, "versions", version+"*", "bin", "python"+version))
	if err != nil {
		return paths
	}
	return append(paths, more...)
}

// anyInterpreter returns one that is new enough.
func anyInterpreter(t testing.TB) string {
	t.Helper()
	for _, version := range []string{"3.11", "3.12", "3.13", "3.10", "3.9", "3.14"} {
		if path, ok := interpreters()[version]; ok {
			return path
		}
	}
	t.Fatalf("no Python 3.9 to 3.14 is installed: %s", install)
	return ""
}

// onEach runs f as a subtest for every version and lists those that are missing.
func onEach(t *testing.T, f func(t *testing.T, interpreter string)) {
	t.Helper()
	anyInterpreter(t)
	var missing []string
	for i, version := range versions {
		path, ok := interpreters()[version]
		if !ok {
			missing = append(missing, version)
			continue
		}
		if forkWorkers && i > 0 && len(missing) < i && version != newest() {
			continue // what differs between versions was seen by workers that were started
		}
		t.Run(version, func(t *testing.T) { f(t, path) })
	}
	if len(missing) > 0 {
		t.Logf("not installed, so not tested: Python %s", strings.Join(missing, ", "))
	}
}

// newest returns the newest version that is installed.
func newest() string {
	for _, version := range slices.Backward(versions) {
		if _, ok := interpreters()[version]; ok {
			return version
		}
	}
	return ""
}

// scripts writes Python files into a new folder and returns it.
func scripts(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func contains(t *testing.T, text string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(text, want) {
			t.Errorf("got %q\nwant a text with %q", text, want)
		}
	}
}

// AnyInterpreter is for the tests of the package outside.
func AnyInterpreter(t testing.TB) string { return anyInterpreter(t) }

// Interpreters is for the tests of the package outside.
func Interpreters() map[string]string { return interpreters() }

func jsonString(v any) string { return fmt.Sprintf("%q", v) }
