package examples_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// bin is the folder of the command and of the programs in Go, built once.
var bin string

// patience is how long an example may take before it counts as hanging.
const patience = time.Minute

func TestMain(m *testing.M) { os.Exit(buildAndTest(m)) }

func buildAndTest(m *testing.M) int {
	dir, err := os.MkdirTemp("", "tandem-examples-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	bin = dir
	args := append(append([]string{"build"}, buildFlags...), "-o", dir+"/", "../cmd/tandem", "./hybrid", "./process", "./service")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		os.Stderr.Write(out)
		return 1
	}
	return m.Run()
}

// fence is a block of commands in a README.
var fence = regexp.MustCompile("(?ms)^```sh\n(.*?)^```$")

// played is what came of an example.
type played struct {
	dir            string // a copy of its folder, with what it has written
	stdout, stderr string
}

// play types the commands of an example's README, in a copy of its folder.
func play(t *testing.T, name string) played {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(name)); err != nil {
		t.Fatal(err)
	}
	readme, err := os.ReadFile(filepath.Join(name, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var script strings.Builder
	for _, block := range fence.FindAllSubmatch(readme, -1) {
		script.Write(block[1])
	}
	if script.Len() == 0 {
		t.Fatal("the README has no commands")
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "sh", "-eu", "-c", script.String())
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.WaitDelay = dir, &stdout, &stderr, time.Second
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "VIRTUAL_ENV=", "no_proxy=127.0.0.1")
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	return played{dir, stdout.String(), stderr.String()}
}

// lines returns the lines of what was printed, of which there must be n.
func (p played) lines(t *testing.T, n int) []string {
	t.Helper()
	lines := strings.Split(strings.TrimSuffix(p.stdout, "\n"), "\n")
	if len(lines) != n {
		t.Fatalf("%d lines, want %d:\n%s\n%s", len(lines), n, p.stdout, p.stderr)
	}
	return lines
}

// read returns the content of a file that the example has written.
func (p played) read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(p.dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// A README is short, and each example with files of its own has one.
func TestReadmes(t *testing.T) {
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !entry.IsDir() || entry.Name() == "hybrid" || entry.Name() == "process" || entry.Name() == "__pycache__" {
			continue // those two are one program each, which says at its top what it does
		}
		readme, err := os.ReadFile(filepath.Join(entry.Name(), "README.md"))
		if err != nil {
			t.Error(err)
		}
		if n := bytes.Count(readme, []byte("\n")); n > 25 {
			t.Errorf("%s: README.md has %d lines, want 25 or fewer", entry.Name(), n)
		}
	}
}
