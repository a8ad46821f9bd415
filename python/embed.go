package python

import (
	"embed"
	"fmt"
	"path"
	"strings"
	"sync"
)

// bootstrap is what the interpreter reads first. It takes the program out of the
// setup frame, so that command lines stay short and no file is left.
//
//go:embed bootstrap.py
var bootstrap string

// workerFiles is the worker program, a Python package.
//
//go:embed tandem_worker/*.py
var workerFiles embed.FS

const workerPackage = "tandem_worker"

// program returns the source of each module of the worker program by its
// dotted name. The map is shared and must not be changed.
var program = sync.OnceValue(func() map[string]string {
	entries, err := workerFiles.ReadDir(workerPackage)
	if err != nil {
		panic(fmt.Sprintf("tandem: python: embedded worker program: %v", err))
	}
	modules := make(map[string]string, len(entries))
	for _, entry := range entries {
		source, err := workerFiles.ReadFile(path.Join(workerPackage, entry.Name()))
		if err != nil {
			panic(fmt.Sprintf("tandem: python: embedded worker program: %v", err))
		}
		modules[moduleName(entry.Name())] = string(source)
	}
	return modules
})

// moduleName returns the dotted name of a file of the package.
func moduleName(file string) string {
	stem := strings.TrimSuffix(file, ".py")
	if stem == "__init__" {
		return workerPackage
	}
	return workerPackage + "." + stem
}
