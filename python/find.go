package python

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// install is what to do when there is no interpreter.
const install = "install Python 3.9 or newer (Debian: apt-get install python3)"

// Search says where to look for an interpreter. Empty fields are not looked at.
type Search struct {
	Flag       string // what the user asked for: a path, the folder of a virtual environment, or a name on Path
	VirtualEnv string // value of VIRTUAL_ENV: the folder of an activated environment
	ScriptDir  string // folder of the script, which may have an environment .venv
	Path       string // value of PATH
}

// Find returns the path of the interpreter to use, the first of: Flag, the
// interpreter of VirtualEnv, of .venv in ScriptDir, and python3, then python, on
// Path. A Flag or a VirtualEnv without an interpreter is an error, not a reason
// to go on: another interpreter would have other packages. Nothing is executed.
func Find(s Search) (string, error) {
	if s.Flag != "" {
		return findFlag(s.Flag, s.Path)
	}
	if s.VirtualEnv != "" {
		path, err := inEnvironment(s.VirtualEnv)
		if err != nil {
			return "", fmt.Errorf("VIRTUAL_ENV is %s, which has no interpreter: deactivate it or name another interpreter: %w", s.VirtualEnv, err)
		}
		return path, nil
	}
	if s.ScriptDir != "" {
		if path, err := inEnvironment(filepath.Join(s.ScriptDir, ".venv")); err == nil {
			return path, nil
		}
	}
	for _, name := range []string{"python3", "python"} {
		if path, err := onPath(name, s.Path); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("no python3 or python on PATH (%s): %s", s.Path, install)
}

func findFlag(flag, path string) (string, error) {
	isPath := strings.ContainsRune(flag, filepath.Separator)
	if info, err := os.Stat(flag); err == nil && info.IsDir() {
		interpreter, err := inEnvironment(flag)
		if err == nil {
			return interpreter, nil
		}
		if isPath { // else it can be the name of a program all the same
			return "", fmt.Errorf("%q is a folder without bin/python: name an interpreter or the folder of a virtual environment", flag)
		}
	}
	if isPath {
		if err := executable(flag); err != nil {
			return "", noInterpreter(flag, err)
		}
		return filepath.Abs(flag)
	}
	found, err := onPath(flag, path)
	if err != nil {
		return "", noInterpreter(flag, err)
	}
	return found, nil
}

// lookUp returns the absolute path of the interpreter of a Config.
func lookUp(interpreter string) (string, error) {
	if interpreter == "" {
		interpreter = DefaultInterpreter
	}
	path, err := exec.LookPath(interpreter)
	if err != nil {
		return "", noInterpreter(interpreter, err)
	}
	return filepath.Abs(path)
}

func noInterpreter(name string, err error) error {
	if cause := errors.Unwrap(err); cause != nil {
		err = cause
	}
	return fmt.Errorf("interpreter %q cannot be used: %s, or name another interpreter: %w", name, install, err)
}

// inEnvironment returns the interpreter of a virtual environment.
func inEnvironment(dir string) (string, error) {
	path := filepath.Join(dir, "bin", "python")
	if err := executable(path); err != nil {
		return "", err
	}
	return filepath.Abs(path)
}

// onPath looks name up in the folders of path, as a shell does.
func onPath(name, path string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		if !filepath.IsAbs(dir) {
			continue // what it means would depend on the current folder
		}
		if file := filepath.Join(dir, name); executable(file) == nil {
			return file, nil
		}
	}
	return "", exec.ErrNotFound
}

// executable reports why path is not a file that can be executed.
func executable(path string) error {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return err
	case info.IsDir():
		return fmt.Errorf("%s is a folder", path)
	case info.Mode().Perm()&0o111 == 0:
		return fmt.Errorf("%s: %w", path, os.ErrPermission)
	}
	return nil
}
