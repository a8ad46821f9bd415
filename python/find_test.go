package python

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fake writes a shell script that can be executed.
func fake(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+text+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFindTakesTheFirstOf(t *testing.T) {
	root := t.TempDir()
	at := func(parts ...string) string { return filepath.Join(append([]string{root}, parts...)...) }
	inVenv := fake(t, at("venv", "bin", "python"), "")
	inScriptDir := fake(t, at("scripts", ".venv", "bin", "python"), "")
	three := fake(t, at("three", "python3"), "")
	fake(t, at("three", "python"), "")
	plain := fake(t, at("plain", "python"), "")
	special := fake(t, at("plain", "pypy"), "")
	if err := os.MkdirAll(at("plain", "python3"), 0o755); err != nil { // a folder is no interpreter
		t.Fatal(err)
	}
	path := strings.Join([]string{"relative", at("nothing"), at("plain"), at("three")}, string(os.PathListSeparator))

	for name, c := range map[string]struct {
		search Search
		want   string
	}{
		"flag with a path":       {Search{Flag: plain, VirtualEnv: at("venv"), Path: path}, plain},
		"flag with a name":       {Search{Flag: "pypy", VirtualEnv: at("venv"), Path: path}, special},
		"flag with a folder":     {Search{Flag: at("venv"), Path: path}, inVenv},
		"virtual environment":    {Search{VirtualEnv: at("venv"), ScriptDir: at("scripts"), Path: path}, inVenv},
		"beside the script":      {Search{ScriptDir: at("scripts"), Path: path}, inScriptDir},
		"script without .venv":   {Search{ScriptDir: at("plain"), Path: path}, three},
		"python3 before python":  {Search{Path: path}, three},
		"python without python3": {Search{Path: at("plain")}, plain},
	} {
		if got, err := Find(c.search); got != c.want || err != nil {
			t.Errorf("%s: %q, %v, want %q", name, got, err, c.want)
		}
	}
}

func TestFindSaysWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "text")
	if err := os.WriteFile(text, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		search Search
		wants  []string
	}{
		"path":        {Search{Flag: "/not/there/python"}, []string{`"/not/there/python"`, "install Python 3.9", "no such file"}},
		"name":        {Search{Flag: "python3.99", Path: dir}, []string{`"python3.99"`, "not found"}},
		"folder":      {Search{Flag: dir}, []string{"is a folder without bin/python"}},
		"no program":  {Search{Flag: text}, []string{"permission denied"}},
		"environment": {Search{VirtualEnv: dir, Path: dir}, []string{"VIRTUAL_ENV is " + dir, "deactivate"}},
		"nothing":     {Search{Path: dir}, []string{"no python3 or python on PATH", dir, "install Python 3.9"}},
	} {
		path, err := Find(c.search)
		if err == nil {
			t.Errorf("%s: found %s", name, path)
			continue
		}
		contains(t, err.Error(), c.wants...)
	}
}

func TestProbeTellsFacts(t *testing.T) {
	onEach(t, func(t *testing.T, interpreter string) {
		info, err := Probe(t.Context(), interpreter)
		if err != nil {
			t.Fatal(err)
		}
		if info.Implementation != "cpython" || info.Executable != interpreter || info.FreeThreaded || info.Prefix == "" {
			t.Errorf("facts are %+v", info)
		}
	})
}

func TestProbeRefuses(t *testing.T) {
	dir := t.TempDir()
	old := fake(t, filepath.Join(dir, "old"), `echo 'hello from a start-up file'; echo '{"version": "3.8.18", "numbers": [3, 8]}'`)
	broken := fake(t, filepath.Join(dir, "broken"), "echo 'python3.9: command not found' >&2; exit 127")
	other := fake(t, filepath.Join(dir, "other"), "echo hello")
	for name, c := range map[string]struct {
		interpreter string
		wants       []string
	}{
		"missing": {"python3.99", []string{`interpreter "python3.99" cannot be used`, "install Python 3.9"}},
		"old":     {old, []string{"is Python 3.8.18: tandem needs Python 3.9 or newer"}},
		"broken":  {broken, []string{"does not work", "127", "command not found"}},
		"other":   {other, []string{"does not answer as Python does"}},
	} {
		if _, err := Probe(t.Context(), c.interpreter); err == nil {
			t.Errorf("%s: no error", name)
		} else {
			contains(t, err.Error(), c.wants...)
		}
	}
}

func TestProbeEndsWithItsContext(t *testing.T) {
	endless := fake(t, filepath.Join(t.TempDir(), "endless"), "exec tail -f /dev/null")
	ctx, cancel := context.WithCancelCause(t.Context())
	stop := errors.New("enough")
	cancel(stop)
	if _, err := Probe(ctx, endless); !errors.Is(err, stop) {
		t.Errorf("error is %v, want %v", err, stop)
	}
}
